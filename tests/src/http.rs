//! Just enough HTTP for the tests: one request a connection, JSON in and out.
//!
//! HTTP/1.0, so that no server answers in chunks and the end of the answer is the end of the
//! connection (RFC 1945 §7.2.2).

use anyhow::{Context, Result};
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Its status code.
    pub status: u16,
    /// The header lines, as they came.
    pub head: String,
    /// The body.
    pub body: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("not JSON ({}): {}", self.status, self.body))
    }
}

/// One request. `address` is `host:port`; headers are whole lines.
pub fn request(
    address: &str,
    method: &str,
    path: &str,
    headers: &[String],
    body: &str,
) -> Result<Answer> {
    let told = || format!("{method} http://{address}{path}");
    let mut stream = TcpStream::connect(address).with_context(told)?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut text = format!("{method} {path} HTTP/1.0\r\nHost: {address}\r\n");
    for header in headers {
        text.push_str(header);
        text.push_str("\r\n");
    }
    if !body.is_empty() {
        text.push_str(&format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        ));
    }
    text.push_str("\r\n");
    text.push_str(body);
    stream.write_all(text.as_bytes()).with_context(told)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(told)?;
    parse(&String::from_utf8_lossy(&answer)).with_context(told)
}

fn parse(text: &str) -> Result<Answer> {
    let (head, body) = text.split_once("\r\n\r\n").context("no end of headers")?;
    let status = head.split(' ').nth(1).context("no status")?.parse()?;
    Ok(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}

/// GET without a body.
pub fn get(address: &str, path: &str, headers: &[String]) -> Result<Answer> {
    request(address, "GET", path, headers, "")
}

/// POST of JSON.
pub fn post(address: &str, path: &str, headers: &[String], body: &Value) -> Result<Answer> {
    request(address, "POST", path, headers, &body.to_string())
}

//! `lockgate grants`: what is granted at a running gateway, and taking it back.
//!
//! Owns: the arguments, the two calls of the API and how their answers are shown. Refuses: to send a token in the clear
//! to another machine. Exit codes: 0 done, 1 the gateway says no, 2 it cannot be asked.

use crate::audit::describe::time;
use crate::chunk::{HoldId, UnixMillis};
use crate::control::keys::install_crypto_provider;
use crate::limits::{HTTP_REQUEST_MS_MAX, TOKEN_BYTES_MAX};
use anyhow::{Context, ensure};
use clap::{Args, Subcommand};
use reqwest::{Client, Method, Url};
use serde_json::Value;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Show what people have granted at a running gateway, or take it back.
#[derive(Debug, Args)]
pub struct GrantsArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListArgs),
    Revoke(RevokeArgs),
}

/// Where the gateway is, and who asks.
#[derive(Debug, Args)]
struct Asker {
    /// The gateway's page: `http.page.listen` of its configuration, or what stands before it.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8443")]
    url: Url,
    /// File with your token; `-` for standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    token_file: PathBuf,
    /// Print the API's own JSON.
    #[arg(long)]
    json: bool,
}

/// One line for each grant in force that you may revoke, or that is yours: its name, what it covers, its end, what it
/// is about.
///
/// Exit code: 0 listed, 1 the gateway says no, 2 it cannot be asked.
#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    asker: Asker,
}

/// Take a grant back. Those who may approve it may revoke it. What comes next is asked anew.
///
/// Exit code: 0 revoked, and that is durable; 1 the gateway says no; 2 it cannot be asked.
#[derive(Debug, Args)]
struct RevokeArgs {
    /// The grant's name, as `list` shows it.
    #[arg(value_parser = parse_id)]
    id: HoldId,
    /// Why, for the audit.
    #[arg(long, default_value = "")]
    reason: String,
    #[command(flatten)]
    asker: Asker,
}

fn parse_id(text: &str) -> Result<HoldId, String> {
    text.parse().map_err(|_| "not a grant's name".to_owned())
}

/// Runs the verb.
///
/// # Errors
/// The token cannot be read, or the gateway does not answer.
pub fn run(args: GrantsArgs) -> anyhow::Result<ExitCode> {
    let (asker, answer) = match &args.verb {
        Verb::List(ListArgs { asker }) => (asker, asker.ask(Method::GET, "/v1/grants", "")?),
        Verb::Revoke(args) => {
            let path = format!("/v1/grants/{}", args.id);
            (
                &args.asker,
                args.asker.ask(Method::DELETE, &path, &args.reason)?,
            )
        }
    };
    let (status, body) = answer;
    if !status.is_success() {
        let said = body["message"].as_str().unwrap_or("no reason given");
        eprintln!("the gateway answers {}: {}", status.as_u16(), plain(said));
        return Ok(ExitCode::FAILURE);
    }
    if asker.json {
        println!("{body}");
        return Ok(ExitCode::SUCCESS);
    }
    match body["grants"].as_array() {
        Some(grants) => grants.iter().for_each(|grant| println!("{}", line(grant))),
        None => println!("{}", line(&body)),
    }
    Ok(ExitCode::SUCCESS)
}

/// One grant: name, state, what it covers, end, what it is about.
fn line(grant: &Value) -> String {
    let text = |value: &Value| plain(value.as_str().unwrap_or("?"));
    let end = match (
        text(&grant["state"]).as_str(),
        grant["grant"]["until"].as_i64(),
    ) {
        ("revoked", _) => "revoked".to_owned(),
        (_, Some(at)) => format!("until {}", time(UnixMillis(at))),
        (_, None) => "until revoked".to_owned(),
    };
    let (id, about) = (text(&grant["id"]), text(&grant["grant"]["about"]));
    format!("{id}  {}  {end}  {about}", text(&grant["grant"]["covers"]))
}

/// Without what moves a terminal's cursor, whoever answers.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

impl Asker {
    fn ask(
        &self,
        method: Method,
        path: &str,
        reason: &str,
    ) -> anyhow::Result<(reqwest::StatusCode, Value)> {
        let here = self.is_here();
        ensure!(
            here || self.url.scheme() == "https",
            "{}: a token goes in the clear to this machine only; use https",
            self.url
        );
        let token = self.token()?;
        let mut url = self.url.join(path).context("--url")?;
        if !reason.is_empty() {
            url.query_pairs_mut().append_pair("reason", reason);
        }
        install_crypto_provider();
        let mut client = Client::builder()
            .timeout(Duration::from_millis(HTTP_REQUEST_MS_MAX))
            .redirect(reqwest::redirect::Policy::none());
        if here {
            client = client.no_proxy();
        }
        let client = client.build().context("the HTTP client cannot be set up")?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let request = client.request(method, url).bearer_auth(token.trim());
            let answer = request
                .send()
                .await
                .context("the gateway does not answer")?;
            let status = answer.status();
            Ok((status, answer.json().await.unwrap_or_default()))
        })
    }

    fn is_here(&self) -> bool {
        let host = self.url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }

    fn token(&self) -> anyhow::Result<String> {
        let mut token = String::new();
        let most = TOKEN_BYTES_MAX as u64 + 1; // and the line's end
        match self.token_file.to_str() {
            Some("-") => std::io::stdin().take(most).read_to_string(&mut token),
            _ => std::fs::File::open(&self.token_file)
                .and_then(|file| file.take(most).read_to_string(&mut token)),
        }
        .with_context(|| format!("the token in {}", self.token_file.display()))?;
        ensure!(!token.trim().is_empty(), "there is no token");
        Ok(token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_grant_is_one_line_that_moves_no_cursor() {
        let grant = json!({"id": "0000000000001", "state": "granted", "grant":
            {"covers": "access", "until": 0, "about": "first use of a\u{1b}[2J by bob"}});
        let expected =
            "0000000000001  access  until 1970-01-01T00:00:00.000Z  first use of a [2J by bob";
        assert_eq!(line(&grant), expected);
    }
}

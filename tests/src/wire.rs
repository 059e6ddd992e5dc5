//! One Kafka connection, held by hand.
//!
//! Owns: frames, correlation ids, the order of replies. Refuses: retries, metadata, background
//! work; a test says every byte that goes out and when. Stays true: a reply is checked against
//! the correlation id of the request it is read for, so replies out of order are failures.

use crate::tls;
use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{RequestHeader, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use rustls::pki_types::CertificateDer;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

/// How long a reply may take unless a test says otherwise.
const REPLY_LIMIT: Duration = Duration::from_secs(30);
/// Largest reply read.
const REPLY_BYTES_MAX: i32 = 128 << 20;

/// A connection.
#[derive(Debug)]
pub struct Wire {
    /// The socket itself: for its limits.
    stream: TcpStream,
    /// What goes through it, if that is TLS.
    tls: Option<Box<tls::Stream>>,
    client_id: String,
    correlation: i32,
}

/// A request that was sent and not answered yet.
#[derive(Debug)]
#[must_use]
pub struct Owed<R> {
    correlation: i32,
    version: i16,
    request: PhantomData<R>,
}

impl Wire {
    /// Connects to `host:port`.
    pub fn connect(address: &str) -> Result<Wire> {
        Wire::connect_as(address, "lockgate-test")
    }

    /// Connects under a client id of one's own.
    pub fn connect_as(address: &str, client_id: &str) -> Result<Wire> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        Wire::over(stream, client_id)
    }

    /// Connects through TLS; `name` is the server's.
    pub fn connect_tls(
        address: &str,
        client_id: &str,
        authority: &Path,
        name: &str,
    ) -> Result<Wire> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("connecting to {address}"))?;
        Wire::over(stream, client_id)?.secured(authority, name)
    }

    /// Goes on through TLS: the handshake comes with the first request.
    pub fn secured(mut self, authority: &Path, name: &str) -> Result<Wire> {
        let stream = tls::client(self.stream.try_clone()?, authority, name)?;
        self.tls = Some(Box::new(stream));
        Ok(self)
    }

    /// The certificates that the server has shown.
    pub fn shown(&self) -> Option<&[CertificateDer<'static>]> {
        self.tls.as_ref()?.conn.peer_certificates()
    }

    /// Where it comes from, as the other side sees it.
    pub fn local_address(&self) -> Result<std::net::SocketAddr> {
        Ok(self.stream.local_addr()?)
    }

    /// Uses a connection that was made elsewhere.
    pub fn over(stream: TcpStream, client_id: &str) -> Result<Wire> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_LIMIT))?;
        Ok(Wire {
            stream,
            tls: None,
            client_id: client_id.to_owned(),
            correlation: 0,
        })
    }

    /// Sends a request.
    pub fn send<R: Request>(&mut self, request: &R, version: i16) -> Result<Owed<R>> {
        self.correlation += 1;
        let frame = encode(request, version, self.correlation, &self.client_id)?;
        self.write_all(&frame).context("sending")?;
        Ok(Owed {
            correlation: self.correlation,
            version,
            request: PhantomData,
        })
    }

    /// Receives the reply to it, which must be the next one.
    pub fn receive<R: Request>(&mut self, owed: Owed<R>) -> Result<R::Response> {
        let mut frame = self.receive_frame()?;
        let header_version = <R::Response as HeaderVersion>::header_version(owed.version);
        let header = ResponseHeader::decode(&mut frame, header_version)?;
        ensure!(
            header.correlation_id == owed.correlation,
            "reply {} came where reply {} was due",
            header.correlation_id,
            owed.correlation
        );
        let reply = R::Response::decode(&mut frame, owed.version)?;
        ensure!(
            !frame.has_remaining(),
            "{} bytes after the end of reply {}",
            frame.len(),
            owed.correlation
        );
        Ok(reply)
    }

    /// Sends a request and receives its reply.
    pub fn call<R: Request>(&mut self, request: &R, version: i16) -> Result<R::Response> {
        let owed = self.send(request, version)?;
        self.receive(owed)
    }

    /// Sends bytes as they are.
    pub fn send_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.write_all(bytes).context("sending bytes")
    }

    /// Receives one frame without its size.
    pub fn receive_frame(&mut self) -> Result<Bytes> {
        let mut size = [0; 4];
        self.read_exact(&mut size).context("waiting for a reply")?;
        let size = i32::from_be_bytes(size);
        if !(0..=REPLY_BYTES_MAX).contains(&size) {
            bail!("a reply of {size} bytes");
        }
        let mut frame = vec![0; size as usize];
        self.read_exact(&mut frame).context("inside a reply")?;
        Ok(frame.into())
    }

    /// How long the next reply may take.
    pub fn reply_limit(&self, limit: Duration) -> Result<()> {
        Ok(self.stream.set_read_timeout(Some(limit))?)
    }

    /// How long sending may take when the other side does not read.
    pub fn write_limit(&self, limit: Duration) -> Result<()> {
        Ok(self.stream.set_write_timeout(Some(limit))?)
    }

    /// Sends no more, and still receives.
    pub fn half_close(&self) -> Result<()> {
        Ok(self.stream.shutdown(std::net::Shutdown::Write)?)
    }

    /// Whether the other side has closed the connection within `limit`; bytes that still come
    /// are read and dropped.
    pub fn closed_within(&mut self, limit: Duration) -> Result<bool> {
        self.stream.set_read_timeout(Some(limit))?;
        let mut rest = [0; 4096];
        let closed = loop {
            match self.read(&mut rest) {
                Ok(0) => break true,
                Ok(_) => {}
                Err(e) if is_end(&e) => break true,
                Err(_) => break false,
            }
        };
        self.stream.set_read_timeout(Some(REPLY_LIMIT))?;
        Ok(closed)
    }

    /// Whether no byte comes within `quiet`, and the connection stays open.
    pub fn silent_for(&mut self, quiet: Duration) -> Result<bool> {
        self.stream.set_read_timeout(Some(quiet))?;
        let mut first = [0; 1];
        let peeked = self.stream.peek(&mut first);
        self.stream.set_read_timeout(Some(REPLY_LIMIT))?;
        Ok(matches!(peeked, Err(e) if e.kind() == std::io::ErrorKind::WouldBlock))
    }
}

/// Whether the other side has gone, with or without a word.
fn is_end(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionReset, InvalidData, UnexpectedEof};
    // `InvalidData` is what rustls makes of an alert
    matches!(error.kind(), ConnectionReset | InvalidData | UnexpectedEof)
}

impl Read for Wire {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.read(into),
            None => self.stream.read(into),
        }
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.tls {
            Some(tls) => tls.write(bytes),
            None => self.stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.tls {
            Some(tls) => tls.flush(),
            None => self.stream.flush(),
        }
    }
}

/// A whole request frame, its size in front.
pub fn encode<R: Request>(
    request: &R,
    version: i16,
    correlation: i32,
    client_id: &str,
) -> Result<Bytes> {
    let header = RequestHeader::default()
        .with_request_api_key(R::KEY)
        .with_request_api_version(version)
        .with_correlation_id(correlation)
        .with_client_id(Some(StrBytes::from_string(client_id.to_owned())));
    let mut body = BytesMut::new();
    header.encode(&mut body, R::header_version(version))?;
    request.encode(&mut body, version)?;
    let mut frame = BytesMut::with_capacity(4 + body.len());
    frame.put_i32(i32::try_from(body.len())?);
    frame.put(body);
    Ok(frame.freeze())
}

/// A whole request frame of any body under a header of version 2: correlation id 1, no client id,
/// and these tagged fields (`[0]`: none).
pub fn framed(key: i16, version: i16, tags: &[u8], body: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(key.to_be_bytes());
    frame.extend(version.to_be_bytes());
    frame.extend(1_i32.to_be_bytes());
    frame.extend([0xff, 0xff]);
    frame.extend(tags);
    frame.extend(body);
    [&(frame.len() as i32).to_be_bytes()[..], &frame].concat()
}

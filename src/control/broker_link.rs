//! One short conversation with a broker, on the control thread.
//!
//! Owns: connecting, sending a frame and reading its reply, each within a time limit. Refuses:
//! frames past the bound that the asker names and replies to something else. Stays true: memory
//! grows with the bytes that arrive, never with the size a peer claims.

use crate::identity::scram::{Credential, nonce};
use crate::kafka::frame::{BadFrame, SIZE_BYTES, frame_size, response_correlation_id};
use crate::kafka::reader::Malformed;
use crate::kafka::upstream_login::{LoginFault, Step, UpstreamLogin};
use crate::limits::{CONNECT_MS_MAX, DISCOVERY_FRAME_BYTES_MAX, DISCOVERY_REQUEST_MS_MAX};
use crate::tls::{CertificateFault, Dialer};
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How the gateway names itself to brokers.
pub(super) const CLIENT_ID: &str = "lockgate";

/// Why a conversation failed. The connection is dropped; the next look opens a new one.
#[derive(Debug, thiserror::Error)]
pub enum LinkFault {
    /// Connecting, reading or writing failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// Nothing came in time.
    #[error("no answer within {0} ms")]
    Slow(u64),
    /// The broker and the gateway found no TLS: another authority, another name, or no TLS at all.
    #[error("no TLS with the broker: {0}")]
    Handshake(io::Error),
    /// The broker's host can be in no certificate.
    #[error(transparent)]
    Name(#[from] CertificateFault),
    /// The size of a frame is out of bounds: not a Kafka listener, perhaps a TLS one.
    #[error("{0}; is it a plaintext Kafka listener?")]
    Frame(#[from] BadFrame),
    /// The reply cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The reply is to another request.
    #[error("the broker answered another request than the one sent")]
    OutOfTurn,
    /// The login failed.
    #[error(transparent)]
    Login(#[from] LoginFault),
    /// The system has no random numbers to give.
    #[error("no random numbers to be had")]
    Random,
}

/// A TCP stream, or TLS over one.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection to one broker.
pub(super) struct Link {
    stream: Box<dyn Stream>,
    correlation_id: i32,
}

impl Link {
    /// Connects to `host:port`, through TLS if there is a dialer.
    pub(super) async fn open(address: &str, dialer: Option<&Dialer>) -> Result<Link, LinkFault> {
        let stream = within(CONNECT_MS_MAX, TcpStream::connect(address)).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match dialer {
            None => Box::new(stream),
            Some(dialer) => {
                let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
                let connector = TlsConnector::from(dialer.config());
                let shaking = connector.connect(dialer.expects(host)?, stream);
                let shaken = async { shaking.await.map_err(LinkFault::Handshake) };
                Box::new(within(CONNECT_MS_MAX, shaken).await?)
            }
        };
        Ok(Link {
            stream,
            correlation_id: 0,
        })
    }

    /// Logs in with SCRAM.
    pub(super) async fn login(&mut self, credential: Arc<Credential>) -> Result<(), LinkFault> {
        let mut random = [0; 18];
        aws_lc_rs::rand::fill(&mut random).map_err(|_| LinkFault::Random)?;
        let first = self.next_id();
        let mut login = UpstreamLogin::new(credential, &nonce(random), CLIENT_ID, first)?;
        let mut step = login.next(None)?;
        while let Step::Send(frame) = step {
            let reply = self.exchange(&frame, DISCOVERY_FRAME_BYTES_MAX).await?;
            step = login.next(Some(&reply))?;
        }
        self.correlation_id = first.wrapping_add(3); // the login used three
        Ok(())
    }

    /// Sends the request made for this correlation id and reads the reply to it, whole.
    pub(super) async fn ask(
        &mut self,
        request: impl FnOnce(i32) -> Vec<u8>,
    ) -> Result<Vec<u8>, LinkFault> {
        self.ask_up_to(DISCOVERY_FRAME_BYTES_MAX, request).await
    }

    /// The same for a reply of up to `max` bytes.
    pub(super) async fn ask_up_to(
        &mut self,
        max: usize,
        request: impl FnOnce(i32) -> Vec<u8>,
    ) -> Result<Vec<u8>, LinkFault> {
        let id = self.next_id();
        let reply = self.exchange(&request(id), max).await?;
        if response_correlation_id(&reply)? == id {
            Ok(reply)
        } else {
            Err(LinkFault::OutOfTurn)
        }
    }

    fn next_id(&mut self) -> i32 {
        self.correlation_id = self.correlation_id.wrapping_add(1);
        self.correlation_id
    }

    async fn exchange(&mut self, request: &[u8], max: usize) -> Result<Vec<u8>, LinkFault> {
        within(DISCOVERY_REQUEST_MS_MAX, self.stream.write_all(request)).await?;
        within(DISCOVERY_REQUEST_MS_MAX, read_frame(&mut *self.stream, max)).await
    }
}

async fn read_frame(stream: &mut dyn Stream, max: usize) -> Result<Vec<u8>, LinkFault> {
    let mut frame = Vec::new();
    let cut = || {
        io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the broker closed the connection",
        )
    };
    let mut size = [0; SIZE_BYTES];
    stream.read_exact(&mut size).await?;
    frame.extend_from_slice(&size);
    let whole = frame_size(&frame, max)?.unwrap_or(SIZE_BYTES);
    stream
        .take((whole - SIZE_BYTES) as u64)
        .read_to_end(&mut frame)
        .await?;
    if frame.len() == whole {
        Ok(frame)
    } else {
        Err(cut().into())
    }
}

async fn within<T, E: Into<LinkFault>>(
    millis: u64,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, LinkFault> {
    match tokio::time::timeout(Duration::from_millis(millis), work).await {
        Ok(done) => done.map_err(Into::into),
        Err(_) => Err(LinkFault::Slow(millis)),
    }
}

//! Who is at the other end, where a load balancer says so.
//!
//! Owns: reading the PROXY protocol's header before anything else. Refuses: a connection without one.
//! Stays true: not one byte behind the header is taken from the kernel, since what follows may be TLS.

use super::super::buffers::Pool;
use super::super::proxy_header::{self, BadHeader, FIXED_BYTES, Source};
use super::Socket;
use crate::limits::BUFFER_BYTES_SMALLEST;
use std::io;
use std::rc::Rc;

/// Why nobody knows where a connection comes from. It is closed.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// It went without a byte, as the health checks of load balancers do.
    #[error("the peer went without a word")]
    Left,
    /// The connection broke, or ended before the header did.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// It does not begin with a header.
    #[error(transparent)]
    Header(#[from] BadHeader),
}

impl Socket {
    /// Reads the header that every connection here must begin with, with memory of `pool`, and takes
    /// the address in it for the peer's.
    ///
    /// # Errors
    /// [`SourceFault`].
    pub async fn take_source(&self, pool: &Rc<Pool>) -> Result<(), SourceFault> {
        self.stream().readable(false).await?;
        let mut buffer = pool.lend(BUFFER_BYTES_SMALLEST).await;
        loop {
            if let Some((source, _)) = proxy_header::parse(buffer.filled())? {
                if let Source::Client(address) = source {
                    self.source.set(Some(address));
                }
                return Ok(());
            }
            let whole = proxy_header::length(buffer.filled())?.unwrap_or(FIXED_BYTES);
            let missing = whole.saturating_sub(buffer.filled().len());
            let space = buffer.space();
            let most = missing.min(space.len());
            match self.receive_now(&mut space[..most]) {
                Ok(0) if buffer.filled().is_empty() => return Err(SourceFault::Left),
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Ok(bytes) => buffer.fill(bytes),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.stream().readable(false).await?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

//! TLS without a socket: who we are to clients, whom we believe upstream, and the stepper between.
//!
//! ```text
//!  bytes of the wire ─► Session ─► bytes of Kafka         data_plane::secure reads and writes them
//!                          ▲
//!  Certificates ─► Acceptor┘└ Dialer ◄─ authorities       control::broker_link dials with it too
//! ```
//!
//! Owns: certificates and keys, the server name of a handshake, records in and out. Refuses:
//! versions before TLS 1.2 and renegotiation (rustls knows neither), early data (it can be replayed),
//! a server name that the listener is not. Stays true: no socket and no clock here; nothing of a key is
//! told; a private key leaves this room in no form.

mod acceptor;
mod certificates;
mod dialer;
mod session;
mod step;
#[cfg(test)]
pub mod test_authority;

pub use acceptor::Acceptor;
pub use certificates::{CertificateFault, Certificates};
pub use dialer::Dialer;
pub use session::{Session, Shaken, TlsFault};

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use std::sync::Arc;

/// The cryptography, the same for every connection.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

//! rustls' unbuffered state machine, driven as far as the bytes at hand allow.
//!
//! Owns: the reading of every state that rustls can be in, the same for both roles. Refuses: early data,
//! which is not offered. Stays true: rustls keeps its place relative to the front of the bytes it was
//! shown, so the same unfinished bytes must be shown at every step, also when sealing.

use super::acceptor::Asked;
use super::session::TlsFault;
use rustls::client::UnbufferedClientConnection;
use rustls::server::UnbufferedServerConnection;
use rustls::unbuffered::{ConnectionState, EncodeError, EncryptError, UnbufferedStatus};
use std::sync::Arc;

/// rustls, in either role.
pub(super) enum Side {
    Server(UnbufferedServerConnection, Arc<Asked>),
    Client(UnbufferedClientConnection),
}

/// What a step is for, beside taking in what came.
pub(super) enum Job<'a> {
    /// Nothing.
    Read,
    /// Sealing the first into the second.
    Seal(&'a [u8], &'a mut [u8]),
    /// Sealing `close_notify`.
    Close(&'a mut [u8]),
}

/// What a step came to.
pub(super) enum Met {
    /// There may be more to do.
    More,
    /// All that was there is dealt with.
    Nothing,
    /// The peer has ended its direction.
    PeerEnded,
    /// This many bytes were sealed.
    Sealed(usize),
    /// Both directions have ended.
    Closed,
}

impl Side {
    pub(super) fn is_handshaking(&self) -> bool {
        match self {
            Side::Server(connection, _) => connection.is_handshaking(),
            Side::Client(connection) => connection.is_handshaking(),
        }
    }

    pub(super) fn wants_write(&self) -> bool {
        match self {
            Side::Server(connection, _) => connection.wants_write(),
            Side::Client(connection) => connection.wants_write(),
        }
    }
}

/// Where plain bytes go.
pub(super) type Sink<'a> = &'a mut dyn FnMut(&[u8]);

/// Steps until nothing is left to do in `incoming`: how many of its bytes are done with, and how it
/// ended.
pub(super) fn run(
    side: &mut Side,
    incoming: &mut [u8],
    job: Job<'_>,
    outgoing: &mut Vec<u8>,
    sink: Sink<'_>,
) -> (usize, Result<Met, TlsFault>) {
    let (mut used, mut job) = (0, Some(job));
    let mut ended = false;
    loop {
        let (discard, met) = once(side, &mut incoming[used..], &mut job, outgoing, sink);
        used += discard;
        match met {
            Ok(Met::More) => {}
            Ok(Met::PeerEnded) => ended = true,
            Ok(Met::Nothing) if ended => return (used, Ok(Met::PeerEnded)),
            other => return (used, other),
        }
    }
}

/// One step of rustls: how many bytes at the front are done with, and what it met.
pub(super) fn once(
    side: &mut Side,
    incoming: &mut [u8],
    job: &mut Option<Job<'_>>,
    outgoing: &mut Vec<u8>,
    sink: Sink<'_>,
) -> (usize, Result<Met, TlsFault>) {
    match side {
        Side::Server(c, _) => deal(c.process_tls_records(incoming), job, outgoing, sink),
        Side::Client(c) => deal(c.process_tls_records(incoming), job, outgoing, sink),
    }
}

fn deal<D>(
    status: UnbufferedStatus<'_, '_, D>,
    job: &mut Option<Job<'_>>,
    outgoing: &mut Vec<u8>,
    sink: Sink<'_>,
) -> (usize, Result<Met, TlsFault>) {
    let UnbufferedStatus { mut discard, state } = status;
    let met = match state {
        Err(error) => Err(error.into()),
        Ok(ConnectionState::ReadTraffic(mut traffic)) => {
            let mut result = Ok(Met::More);
            while let Some(record) = traffic.next_record() {
                match record {
                    Ok(record) => {
                        discard += record.discard;
                        sink(record.payload);
                    }
                    Err(error) => result = Err(error.into()),
                }
            }
            result
        }
        Ok(ConnectionState::EncodeTlsData(mut message)) => {
            encode(outgoing, |out| message.encode(out)).map(|()| Met::More)
        }
        Ok(ConnectionState::TransmitTlsData(message)) => {
            message.done(); // `outgoing` goes before everything else
            Ok(Met::More)
        }
        Ok(ConnectionState::PeerClosed) => Ok(Met::PeerEnded),
        Ok(ConnectionState::Closed) => Ok(Met::Closed),
        Ok(ConnectionState::BlockedHandshake) => Ok(Met::Nothing),
        Ok(ConnectionState::WriteTraffic(mut traffic)) => match job.take() {
            Some(Job::Seal(plain, out)) => sealed(traffic.encrypt(plain, out)),
            Some(Job::Close(out)) => sealed(traffic.queue_close_notify(out)),
            Some(Job::Read) | None => Ok(Met::Nothing),
        },
        Ok(_) => Err(TlsFault::UsedUp), // early data, which is not offered
    };
    (discard, met)
}

fn sealed(result: Result<usize, EncryptError>) -> Result<Met, TlsFault> {
    result.map(Met::Sealed).map_err(|_| TlsFault::UsedUp)
}

/// Appends a message; rustls says how long it is when there is no room for it.
fn encode(
    outgoing: &mut Vec<u8>,
    mut message: impl FnMut(&mut [u8]) -> Result<usize, EncodeError>,
) -> Result<(), TlsFault> {
    let at = outgoing.len();
    if let Err(EncodeError::InsufficientSize(needs)) = message(&mut []) {
        outgoing.resize(at + needs.required_size, 0);
        message(&mut outgoing[at..]).map_err(|_| TlsFault::UsedUp)?;
    }
    Ok(())
}

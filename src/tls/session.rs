//! One TLS connection as a stepper: bytes in, bytes out, no socket.
//!
//! Owns: the two directions' keys (rustls), a record that has not come whole, plain bytes that found
//! no room, sealed bytes that the kernel has not taken. Refuses: more than `TLS_KEPT_BYTES_MAX` of what
//! is not whole. Stays true: records are sealed in the order in which they are to be sent, so whoever
//! seals hands all of it to the wire, or to `outgoing`, before anybody else seals; plain bytes are given
//! out in order and once.

use super::acceptor::Acceptor;
use super::dialer::Dialer;
use super::step::{Job, Met, Side, once, run};
use crate::limits::TLS_KEPT_BYTES_MAX;
use rustls::client::UnbufferedClientConnection;
use rustls::pki_types::ServerName;
use rustls::server::UnbufferedServerConnection;

/// Why a session cannot go on. Mostly the peer's doing; the alert for it is in `outgoing`.
#[derive(Debug, thiserror::Error)]
pub enum TlsFault {
    /// The peer broke the protocol, or did not accept what it was shown.
    #[error("TLS: {0}")]
    Protocol(#[from] rustls::Error),
    /// The client asked for somebody else.
    #[error("TLS: the client asked for `{0}`, which this listener is not")]
    UnknownName(String),
    /// A handshake message in more pieces than is sensible.
    #[error("TLS: the peer sent more than {TLS_KEPT_BYTES_MAX} bytes of an unfinished message")]
    TooLong,
    /// One side has said that it ends.
    #[error("TLS: the session has ended")]
    Ended,
    /// The keys have sealed as much as they may (TLS 1.2), or rustls asked for something that it is
    /// not configured to ask for.
    #[error("TLS: the session's keys are used up")]
    UsedUp,
}

/// How far a handshake went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shaken {
    /// Bytes at the front that were dealt with.
    pub used: usize,
    /// Whether both sides are done.
    pub done: bool,
}

/// A session, of either side.
pub struct Session {
    side: Side,
    /// The beginning of a record, or of a handshake message, that has not come whole.
    kept: Vec<u8>,
    /// Plain bytes that found no room, from `given` on.
    plain: Vec<u8>,
    given: usize,
    /// Sealed bytes that are to be sent before any others.
    pub outgoing: Vec<u8>,
    ended: bool,
    /// A fault has left rustls and `kept` apart: nothing goes on from there.
    failed: bool,
}

impl Session {
    /// The gateway's side towards a client.
    ///
    /// # Errors
    /// rustls does not accept its configuration.
    pub fn server(acceptor: &Acceptor) -> Result<Session, TlsFault> {
        let (config, asked) = acceptor.open();
        let connection = UnbufferedServerConnection::new(config)?;
        Ok(Session::of(Side::Server(connection, asked)))
    }

    /// The gateway's side towards the broker that `name` names.
    ///
    /// # Errors
    /// rustls does not accept its configuration.
    pub fn client(dialer: &Dialer, name: ServerName<'static>) -> Result<Session, TlsFault> {
        let connection = UnbufferedClientConnection::new(dialer.config(), name)?;
        Ok(Session::of(Side::Client(connection)))
    }

    fn of(side: Side) -> Session {
        Session {
            side,
            kept: Vec::new(),
            plain: Vec::new(),
            given: 0,
            outgoing: Vec::new(),
            ended: false,
            failed: false,
        }
    }

    /// The server name that a client asked for, in lower case.
    pub fn server_name(&self) -> Option<&str> {
        match &self.side {
            Side::Server(_, asked) => asked.name(),
            Side::Client(_) => None,
        }
    }

    /// Takes a handshake as far as `incoming` goes; what is not `used` is to be shown again with more
    /// behind it, or, when it is done, to be kept. The answer is in `outgoing`.
    ///
    /// # Errors
    /// The handshake failed; `outgoing` holds the alert.
    pub fn shake(&mut self, incoming: &mut [u8]) -> Result<Shaken, TlsFault> {
        let (plain, outgoing) = (&mut self.plain, &mut self.outgoing);
        let mut sink = |bytes: &[u8]| plain.extend_from_slice(bytes);
        let (used, result) = run(&mut self.side, incoming, Job::Read, outgoing, &mut sink);
        match result {
            Err(fault) => Err(self.fail(fault, &mut incoming[used..])),
            Ok(Met::Closed | Met::PeerEnded) => Err(TlsFault::Ended),
            Ok(_) => Ok(Shaken {
                used,
                done: !self.side.is_handshaking(),
            }),
        }
    }

    /// Keeps bytes that came behind a finished handshake.
    pub fn keep(&mut self, rest: &[u8]) {
        self.kept = rest.to_vec();
    }

    /// Bytes of memory in use beside the keys.
    pub fn held_bytes(&self) -> usize {
        self.kept.capacity() + self.plain.capacity() + self.outgoing.capacity()
    }

    /// Whether plain bytes wait to be taken.
    pub fn has_plain(&self) -> bool {
        self.given < self.plain.len()
    }

    /// Whether the peer has said that nothing more comes.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Gives out plain bytes that found no room before.
    pub fn take_plain(&mut self, into: &mut [u8]) -> usize {
        let waiting = &self.plain[self.given..];
        let taken = waiting.len().min(into.len());
        into[..taken].copy_from_slice(&waiting[..taken]);
        self.given += taken;
        if !self.has_plain() {
            (self.plain, self.given) = (Vec::new(), 0);
        }
        taken
    }

    /// Puts what was kept of an unfinished record at the front of `space`: what is read next belongs
    /// behind it. How many bytes that are.
    pub fn resume(&self, space: &mut [u8]) -> usize {
        space[..self.kept.len()].copy_from_slice(&self.kept);
        self.kept.len()
    }

    /// Opens every whole record of `incoming`, which begins with what [`Session::resume`] put there.
    /// The plain bytes go to `into`, and those that find no room are kept for
    /// [`Session::take_plain`]. How many bytes went to `into`.
    ///
    /// # Errors
    /// The peer's fault; `outgoing` holds the alert.
    pub fn open(&mut self, incoming: &mut [u8], into: &mut [u8]) -> Result<usize, TlsFault> {
        let (plain, outgoing, mut filled) = (&mut self.plain, &mut self.outgoing, 0);
        let mut sink = |bytes: &[u8]| {
            let fits = bytes.len().min(into.len() - filled);
            into[filled..filled + fits].copy_from_slice(&bytes[..fits]);
            filled += fits;
            plain.extend_from_slice(&bytes[fits..]);
        };
        let (used, result) = run(&mut self.side, incoming, Job::Read, outgoing, &mut sink);
        let rest = &mut incoming[used..];
        match result {
            Err(fault) => return Err(self.fail(fault, rest)),
            Ok(Met::Closed | Met::PeerEnded) => self.ended = true,
            Ok(_) => {}
        }
        self.kept.clear();
        match self.ended {
            true => {} // what follows the end means nothing
            false if rest.len() > TLS_KEPT_BYTES_MAX => {
                self.failed = true;
                return Err(TlsFault::TooLong);
            }
            false => self.kept.extend_from_slice(rest),
        }
        if self.kept.is_empty() {
            self.kept = Vec::new(); // an idle connection keeps no memory
        }
        Ok(filled)
    }

    /// Seals all of `plain` into `out`. How many bytes of `out` that are; they follow `outgoing`, which
    /// may have grown.
    ///
    /// # Errors
    /// The session has ended, or its keys are used up.
    pub fn seal(&mut self, plain: &[u8], out: &mut [u8]) -> Result<usize, TlsFault> {
        self.emit(Job::Seal(plain, out))
    }

    /// Seals the word that nothing more comes from here (`close_notify`).
    ///
    /// # Errors
    /// It was said already, or the handshake is not done.
    pub fn close(&mut self, out: &mut [u8]) -> Result<usize, TlsFault> {
        if self.side.is_handshaking() {
            return Err(TlsFault::Ended);
        }
        self.emit(Job::Close(out))
    }

    fn emit(&mut self, job: Job<'_>) -> Result<usize, TlsFault> {
        if self.failed {
            return Err(TlsFault::Ended);
        }
        let (plain, outgoing) = (&mut self.plain, &mut self.outgoing);
        let mut sink = |bytes: &[u8]| plain.extend_from_slice(bytes);
        let (used, result) = run(&mut self.side, &mut self.kept, job, outgoing, &mut sink);
        self.kept.drain(..used);
        match result? {
            Met::Sealed(bytes) => Ok(bytes),
            _ => Err(TlsFault::Ended),
        }
    }

    /// Puts the alert that belongs to a fault into `outgoing`.
    fn fail(&mut self, fault: TlsFault, rest: &mut [u8]) -> TlsFault {
        self.failed = true;
        if let Side::Server(_, asked) = &self.side
            && asked.refused()
        {
            // rustls would say `access_denied`; RFC 6066 §3 has a word for it: alert, TLS 1.2 as
            // the record's version, two bytes: fatal, unrecognized_name. No keys are agreed on yet
            self.outgoing = vec![21, 3, 3, 0, 2, 2, 112];
            return TlsFault::UnknownName(asked.name().unwrap_or_default().to_owned());
        }
        while self.side.wants_write() {
            let before = self.outgoing.len();
            let _ = once(
                &mut self.side,
                rest,
                &mut None,
                &mut self.outgoing,
                &mut |_| {},
            );
            if self.outgoing.len() == before {
                break;
            }
        }
        fault
    }
}

#[cfg(test)]
mod tests;

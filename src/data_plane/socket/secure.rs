//! TLS in a socket: the handshake, and reading and writing through a session.
//!
//! Owns: when the session sees the wire. A waiting reader holds no bytes of the kernel's, so giving it up
//! loses none: it waits for readiness, then takes what is there into the core's scratch, opens it and
//! hands it out, all in one breath. Refuses: to hold a borrow of the session over an await; a second
//! writer that waits (there is one, by the connection's turn). Stays true: sealed bytes reach the wire
//! in the order of their sealing, since each is handed to the kernel, or put into `outgoing`, before
//! anybody else can seal; what a session holds back of unfinished records counts against the pool of
//! its reader.

use super::super::buffers::{Buffer, Charge, Pool};
use super::super::event::Event;
use super::super::made::Advance;
use super::{Read, Socket};
use crate::limits::{
    BUFFER_BYTES_SMALLEST, TLS_KEPT_BYTES_MAX, TLS_RECORD_BYTES_MAX, TLS_SCRATCH_BYTES,
    TLS_SEAL_BYTES, TLS_TURN_BYTES,
};
use crate::tls::{Acceptor, CertificateFault, Dialer, Session, TlsFault};
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

thread_local! {
    /// Sealed bytes on their way in or out, for as long as one step takes.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; TLS_SCRATCH_BYTES]);
}

/// Why there is no TLS on a connection. It is closed.
#[derive(Debug, thiserror::Error)]
pub enum SecureFault {
    /// It went without a byte, as the health checks of load balancers do.
    #[error("the peer went without a word")]
    Left,
    /// The connection broke, or ended before the handshake did.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The peer's fault, or the certificate's.
    #[error(transparent)]
    Tls(#[from] TlsFault),
    /// The broker's host can be in no certificate.
    #[error(transparent)]
    Name(#[from] CertificateFault),
}

/// A socket's TLS.
pub(super) struct Secure {
    session: RefCell<Session>,
    /// What the session holds of unfinished records.
    charge: RefCell<Charge>,
    idle: Event,
    reading: Cell<bool>,
    /// Readiness was seen and nothing taken since.
    ready: Cell<bool>,
}

/// What one look at the wire brought.
enum Pulled {
    /// Plain bytes.
    Some,
    /// Nothing, or not a whole record.
    Nothing,
    /// The peer's end.
    End,
}

impl Socket {
    /// Does the server's part of a handshake, with memory of `pool`, for which it waits.
    ///
    /// # Errors
    /// [`SecureFault`]; an alert was sent.
    pub async fn accept_tls(
        &self,
        acceptor: &Acceptor,
        pool: &Rc<Pool>,
    ) -> Result<(), SecureFault> {
        self.shake(Session::server(acceptor)?, pool).await
    }

    /// Does the client's part of a handshake with the broker at `host`.
    ///
    /// # Errors
    /// [`SecureFault`]; an alert was sent.
    pub async fn connect_tls(
        &self,
        dialer: &Dialer,
        host: &str,
        pool: &Rc<Pool>,
    ) -> Result<(), SecureFault> {
        let session = Session::client(dialer, dialer.expects(host)?)?;
        self.shake(session, pool).await
    }

    /// The name that the client asked for in its handshake, in lower case.
    pub fn server_name(&self) -> Option<String> {
        let session = self.tls.get()?.session.borrow();
        session.server_name().map(str::to_owned)
    }

    async fn shake(&self, mut session: Session, pool: &Rc<Pool>) -> Result<(), SecureFault> {
        let mut begun: Option<Buffer> = None;
        let mut heard = false;
        loop {
            let incoming = begun.as_mut().map_or(&mut [][..], Buffer::filled_mut);
            let shaken = session.shake(incoming);
            let outgoing = std::mem::take(&mut session.outgoing);
            let shaken = match shaken {
                Ok(shaken) => shaken,
                Err(fault) => {
                    let _ = self.send_now(&outgoing); // the alert; nobody waits for it to arrive
                    return Err(fault.into());
                }
            };
            self.send_all(&outgoing).await?;
            if let Some(buffer) = &mut begun {
                buffer.consume(shaken.used);
                buffer.make_room(0);
            }
            if shaken.done {
                session.keep(begun.as_ref().map_or(&[], Buffer::filled));
                return self.set_secure(session, pool);
            }
            self.stream().readable(false).await?; // a stranger who says nothing holds no buffer
            let buffer = match begun.take() {
                None => pool.lend(BUFFER_BYTES_SMALLEST).await,
                Some(full) if full.is_full() && full.capacity() >= TLS_KEPT_BYTES_MAX => {
                    return Err(TlsFault::TooLong.into());
                }
                Some(full) if full.is_full() => pool.grow(full).await,
                Some(buffer) => buffer,
            };
            begun = match self.receive_more(buffer) {
                Err(error) if !heard && error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Err(SecureFault::Left);
                }
                received => Some(received?),
            };
            heard |= begun.as_ref().is_some_and(|b| !b.filled().is_empty());
        }
    }

    fn receive_more(&self, mut buffer: Buffer) -> io::Result<Buffer> {
        match self.receive_now(buffer.space()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(bytes) => buffer.fill(bytes),
            Err(error) if is_no_news(&error) => {}
            Err(error) => return Err(error),
        }
        Ok(buffer)
    }

    fn set_secure(&self, session: Session, pool: &Rc<Pool>) -> Result<(), SecureFault> {
        let secure = Secure {
            charge: RefCell::new(Charge::to(pool)),
            session: RefCell::new(session),
            idle: Event::default(),
            reading: Cell::new(false),
            ready: Cell::new(false),
        };
        secure.settle(pool);
        let _ = self.tls.set(Box::new(secure)); // once: a socket is made secure by one task
        Ok(())
    }

    async fn send_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.send_now(bytes) {
                Ok(sent) => bytes = &bytes[sent..],
                Err(error) if is_no_news(&error) => self.stream().writable(false).await?,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    // ---- an open session ------------------------------------------------------------------

    /// [`Socket::readable`], through TLS. Half a record is readable as well; nothing comes of it then.
    pub(super) async fn readable_through(&self, secure: &Secure) -> io::Result<()> {
        if !secure.has_news() {
            self.stream().readable(false).await?;
            secure.ready.set(true);
        }
        Ok(())
    }

    /// [`Socket::read`], through TLS.
    pub(super) async fn read_through(
        &self,
        secure: &Secure,
        mut buffer: Buffer,
    ) -> io::Result<Read> {
        loop {
            // every look waits for readiness first: so a busy connection lets others have the core
            if !secure.has_news() && !secure.ready.take() {
                secure.reading.set(true);
                let readable = self.readable_or_idle(secure).await;
                secure.reading.set(false);
                if !readable? {
                    return Ok(Read::Idle(buffer));
                }
            }
            match self.pull(secure, &mut buffer)? {
                Pulled::Some => return Ok(Read::Some(buffer)),
                Pulled::End => return Ok(Read::End),
                Pulled::Nothing => {}
            }
        }
    }

    /// Waits until there is something to take; `false`: the connection is idle.
    async fn readable_or_idle(&self, secure: &Secure) -> io::Result<bool> {
        let mut readable = pin!(self.stream().readable(false));
        let mut idle = pin!(secure.idle.wait());
        poll_fn(|context| {
            if let Poll::Ready(result) = readable.as_mut().poll(context) {
                return Poll::Ready(result.map(|()| true));
            }
            idle.as_mut().poll(context).map(|()| Ok(false))
        })
        .await
    }

    /// Takes what the kernel has and opens it into the buffer.
    fn pull(&self, secure: &Secure, buffer: &mut Buffer) -> io::Result<Pulled> {
        let session = &mut *secure.session.borrow_mut();
        let pulled = if session.has_plain() {
            let taken = session.take_plain(buffer.space());
            buffer.fill(taken);
            Ok(Pulled::Some)
        } else if session.has_ended() {
            Ok(Pulled::End)
        } else {
            SCRATCH.with_borrow_mut(|scratch| self.pull_into(session, scratch, buffer))
        };
        secure.settle_at(session.held_bytes(), buffer.pool());
        pulled
    }

    fn pull_into(
        &self,
        session: &mut Session,
        scratch: &mut [u8],
        buffer: &mut Buffer,
    ) -> io::Result<Pulled> {
        let kept = session.resume(scratch);
        // no more than finds room, but for what completes one record
        let most = buffer.space().len().max(TLS_RECORD_BYTES_MAX);
        let end = scratch.len().min(kept + most);
        let received = match self.receive_now(&mut scratch[kept..end]) {
            // an end without `close_notify`: frames have lengths, so that what is missing shows
            Ok(0) => return Ok(Pulled::End),
            Ok(received) => received,
            Err(error) if is_no_news(&error) => return Ok(Pulled::Nothing),
            Err(error) => return Err(error),
        };
        let opened = session.open(&mut scratch[..kept + received], buffer.space());
        // an alert, or the word on new keys; what finds no room goes before the next write
        let _ = self.flush(session);
        let opened = opened.map_err(broken)?;
        buffer.fill(opened);
        Ok(match opened {
            0 if session.has_ended() => Pulled::End,
            0 => Pulled::Nothing,
            _ => Pulled::Some,
        })
    }

    /// [`Socket::write_all`], through TLS.
    pub(super) async fn write_through<T: Advance>(
        &self,
        secure: &Secure,
        mut bytes: T,
    ) -> io::Result<T> {
        let (mut wait, mut turn) = (false, 0);
        loop {
            if wait || turn >= TLS_TURN_BYTES {
                // also when there is room: a long write lets others have the core
                self.stream().writable(false).await?;
                turn = 0;
            }
            let session = &mut *secure.session.borrow_mut();
            let mut all_sent = self.flush(session)?;
            let rest = bytes.rest();
            if all_sent && !rest.is_empty() {
                let some = &rest[..rest.len().min(TLS_SEAL_BYTES)];
                let sealed = some.len();
                all_sent = self.push(session, some)?;
                bytes.advance(sealed);
                turn += sealed;
            }
            if all_sent && bytes.rest().is_empty() {
                return Ok(bytes);
            }
            wait = !all_sent;
        }
    }

    /// Seals and sends; whether the kernel took all.
    fn push(&self, session: &mut Session, plain: &[u8]) -> io::Result<bool> {
        SCRATCH.with_borrow_mut(|scratch| {
            let sealed = session.seal(plain, scratch).map_err(broken)?;
            self.send_sealed(session, &scratch[..sealed])
        })
    }

    /// Sends bytes that were just sealed, behind those that were before; keeps what the kernel does
    /// not take.
    fn send_sealed(&self, session: &mut Session, sealed: &[u8]) -> io::Result<bool> {
        let mut sent = 0;
        if self.flush(session)? {
            sent = match self.send_now(sealed) {
                Err(error) if is_no_news(&error) => 0,
                result => result?,
            };
        }
        session.outgoing.extend_from_slice(&sealed[sent..]);
        Ok(session.outgoing.is_empty())
    }

    /// Sends what waits; whether all of it went.
    fn flush(&self, session: &mut Session) -> io::Result<bool> {
        while !session.outgoing.is_empty() {
            match self.send_now(&session.outgoing) {
                Ok(sent) => drop(session.outgoing.drain(..sent)),
                Err(error) if is_no_news(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        session.outgoing = Vec::new();
        Ok(true)
    }

    /// Tells the peer that nothing more comes, if it listens.
    pub(super) fn say_end(&self, secure: &Secure) {
        let Ok(mut session) = secure.session.try_borrow_mut() else {
            return; // a panic is on its way up from there
        };
        let mut alert = [0; 128];
        if let Ok(sealed) = session.close(&mut alert) {
            let _ = self.send_sealed(&mut session, &alert[..sealed]);
        }
    }
}

impl Secure {
    /// Makes a read that has nothing to read give its buffer back.
    pub(super) fn cancel_idle_read(&self) {
        if self.reading.get() {
            self.idle.notify_all();
        }
    }

    /// Whether a read has something to say without looking at the wire.
    fn has_news(&self) -> bool {
        let session = self.session.borrow();
        session.has_plain() || session.has_ended()
    }

    fn settle(&self, pool: &Rc<Pool>) {
        self.settle_at(self.session.borrow().held_bytes(), pool);
    }

    /// Charges what the session holds to `pool`.
    fn settle_at(&self, bytes: usize, pool: &Rc<Pool>) {
        let mut charge = self.charge.borrow_mut();
        if !charge.is_to(pool) {
            *charge = Charge::to(pool);
        }
        charge.set(bytes);
    }
}

/// Whether the kernel merely has nothing to give, or no room, now.
fn is_no_news(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

fn broken(fault: TlsFault) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

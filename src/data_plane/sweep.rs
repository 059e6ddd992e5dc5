//! Deadlines of all connections of a core, enforced by one sweep a second.
//!
//! Owns: when a connection was last seen doing something. Refuses: a timer a read or a write
//! (ten thousand idle connections would be ten thousand timers). Stays true: every state of a
//! connection has a deadline, so a peer that says nothing, or takes nothing, is let go.

use super::connection::{Cause, Connection};
use super::socket::Socket;
use super::upstream_session::{self, Due};
use crate::chunk::UnixMillis;
use crate::limits::{
    BUFFER_IDLE_MS, FRAME_MS_MAX, HALF_CLOSED_MS_MAX, IDLE_MS_MAX, LOGIN_MS_MAX,
    STALLED_WRITE_MS_MAX,
};
use std::cell::Cell;
use std::rc::Rc;

/// What the sweep knows of one connection. Milliseconds of the core's clock.
pub struct Deadlines {
    login_until: Cell<Option<i64>>,
    client_read: Cell<i64>,
    broker_read: Cell<i64>,
    client_write_since: Cell<Option<i64>>,
    broker_write_since: Cell<Option<i64>>,
    /// The frame that the client has begun, and when that was seen first.
    frame_since: Cell<Option<(u64, i64)>>,
    expires: Cell<Option<i64>>,
    half_closed_since: Cell<Option<i64>>,
}

impl Deadlines {
    /// Login is due from now.
    pub fn new(now: UnixMillis) -> Deadlines {
        Deadlines {
            login_until: Cell::new(Some(now.0 + LOGIN_MS_MAX as i64)),
            client_read: Cell::new(now.0),
            broker_read: Cell::new(now.0),
            client_write_since: Cell::new(None),
            broker_write_since: Cell::new(None),
            frame_since: Cell::new(None),
            expires: Cell::new(None),
            half_closed_since: Cell::new(None),
        }
    }

    /// Login is done; the session ends at `expires`, if it does.
    pub fn logged_in(&self, expires: Option<UnixMillis>) {
        self.login_until.set(None);
        self.expires.set(expires.map(|e| e.0));
    }

    /// The client has closed its side, and is owed replies.
    pub fn half_closed(&self, now: UnixMillis) {
        self.half_closed_since.set(Some(now.0));
    }

    /// Something came from the client.
    pub fn read_client(&self, now: UnixMillis) {
        self.client_read.set(now.0);
    }

    /// Something came from the broker.
    pub fn read_broker(&self, now: UnixMillis) {
        self.broker_read.set(now.0);
    }

    /// A write to the client begins.
    pub fn writing_client(&self, now: UnixMillis) {
        self.client_write_since.set(Some(now.0));
    }

    /// It is done.
    pub fn wrote_client(&self, now: UnixMillis) {
        self.client_write_since.set(None);
        self.client_read.set(now.0);
    }

    /// Part of a write went out: a slow peer is not a stalled one.
    fn moved(since: &Cell<Option<i64>>, now: UnixMillis) {
        since.set(since.get().map(|_| now.0));
    }

    /// The client has begun this frame and not ended it; `None`: it is between two.
    fn in_frame(&self, frame: Option<u64>, now: UnixMillis) {
        let seen = self.frame_since.get();
        self.frame_since.set(frame.map(|frame| match seen {
            Some((same, since)) if same == frame => (frame, since),
            _ => (frame, now.0),
        }));
    }

    /// A write to the broker begins.
    pub fn writing_broker(&self, now: UnixMillis) {
        self.broker_write_since.set(Some(now.0));
    }

    /// It is done.
    pub fn wrote_broker(&self) {
        self.broker_write_since.set(None);
    }

    /// Which deadline has passed, if one has.
    fn overdue(&self, now: UnixMillis) -> Option<Cause> {
        let past = |since: Option<i64>, ms: u64| since.is_some_and(|s| now.0 - s > ms as i64);
        if self.login_until.get().is_some_and(|until| now.0 > until) {
            return Some(Cause::TimedOut("login took too long"));
        }
        if self.expires.get().is_some_and(|end| now.0 > end) {
            return Some(Cause::TimedOut("the token has expired"));
        }
        if past(self.client_write_since.get(), STALLED_WRITE_MS_MAX) {
            return Some(Cause::TimedOut("the client takes no bytes"));
        }
        if past(self.broker_write_since.get(), STALLED_WRITE_MS_MAX) {
            return Some(Cause::TimedOut("the broker takes no bytes"));
        }
        if past(self.half_closed_since.get(), HALF_CLOSED_MS_MAX) {
            return Some(Cause::TimedOut(
                "the broker does not answer a client that has closed its side",
            ));
        }
        let since = self.frame_since.get().map(|(_, since)| since);
        if past(since, FRAME_MS_MAX) {
            return Some(Cause::TimedOut("the client does not end its frame"));
        }
        let heard = self.client_read.get().max(self.broker_read.get());
        past(Some(heard), IDLE_MS_MAX).then_some(Cause::TimedOut("idle"))
    }
}

/// Looks once at a connection: closes it when overdue or when the client has gone while nobody
/// reads it; renews the gateway's own login; takes the buffers of idle reads back.
pub fn sweep(connection: &Rc<Connection>, now: UnixMillis) {
    if connection.client.take_moved() {
        Deadlines::moved(&connection.deadlines.client_write_since, now);
    }
    if connection.upstream().is_some_and(Socket::take_moved) {
        Deadlines::moved(&connection.deadlines.broker_write_since, now);
    }
    let frame = connection.client.partial_frame();
    connection.deadlines.in_frame(frame, now);
    if let Some(cause) = connection.deadlines.overdue(now) {
        connection.close(cause);
        return;
    }
    match connection.upstream_session.due(now) {
        Due::Nothing => {}
        Due::Renewal => upstream_session::spawn_renewal(connection),
        Due::TooLate => {
            connection.close(Cause::TimedOut(
                "the broker did not renew the gateway's login in time",
            ));
            return;
        }
    }
    if connection.answers().is_merging() && connection.client.peer_closed() {
        connection.close(Cause::ClientClosed);
        return;
    }
    if now.0 - connection.deadlines.client_read.get() > BUFFER_IDLE_MS {
        connection.client.cancel_idle_read();
    }
    if now.0 - connection.deadlines.broker_read.get() > BUFFER_IDLE_MS
        && let Some(upstream) = connection.upstream()
    {
        upstream.cancel_idle_read();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_deadline() {
        let at = |ms: u64| UnixMillis(1_000 + ms as i64);
        let fresh = || Deadlines::new(at(0));
        let deadlines = fresh();
        assert_eq!(deadlines.overdue(at(LOGIN_MS_MAX)), None);
        assert_eq!(
            deadlines.overdue(at(LOGIN_MS_MAX + 1)),
            Some(Cause::TimedOut("login took too long"))
        );
        deadlines.logged_in(None);
        assert_eq!(deadlines.overdue(at(LOGIN_MS_MAX + 1)), None);
        assert_eq!(
            deadlines.overdue(at(IDLE_MS_MAX + 1)),
            Some(Cause::TimedOut("idle"))
        );
        let deadlines = fresh();
        deadlines.logged_in(None);
        deadlines.in_frame(Some(3), at(0));
        deadlines.in_frame(Some(3), at(1_000));
        let late = at(FRAME_MS_MAX + 1);
        assert_eq!(
            deadlines.overdue(late),
            Some(Cause::TimedOut("the client does not end its frame"))
        );
        deadlines.in_frame(Some(4), at(2_000));
        assert_eq!(deadlines.overdue(late), None, "that is another frame");
        let deadlines = fresh();
        deadlines.logged_in(Some(at(5_000)));
        assert_eq!(
            deadlines.overdue(at(5_001)),
            Some(Cause::TimedOut("the token has expired"))
        );
        let deadlines = fresh();
        deadlines.logged_in(None);
        deadlines.half_closed(at(0));
        assert_eq!(deadlines.overdue(at(HALF_CLOSED_MS_MAX)), None);
        assert_eq!(
            deadlines.overdue(at(HALF_CLOSED_MS_MAX + 1)),
            Some(Cause::TimedOut(
                "the broker does not answer a client that has closed its side"
            ))
        );
        let deadlines = fresh();
        deadlines.logged_in(None);
        deadlines.writing_client(at(10));
        assert_eq!(
            deadlines.overdue(at(STALLED_WRITE_MS_MAX + 11)),
            Some(Cause::TimedOut("the client takes no bytes"))
        );
        Deadlines::moved(&deadlines.client_write_since, at(15));
        assert_eq!(deadlines.overdue(at(STALLED_WRITE_MS_MAX + 11)), None);
        Deadlines::moved(&deadlines.broker_write_since, at(15));
        assert_eq!(
            deadlines.broker_write_since.get(),
            None,
            "nothing is written"
        );
        deadlines.wrote_client(at(20));
        assert_eq!(deadlines.overdue(at(STALLED_WRITE_MS_MAX + 11)), None);
    }
}

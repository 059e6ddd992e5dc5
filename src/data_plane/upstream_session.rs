//! The gateway's own session at a broker, on one connection, and its renewal in time (KIP-368).
//!
//! Owns: when the session is to be renewed, the renewal itself, and whether the broker may be sent
//! anything else now. Refuses: to renew what a client logged in to (its client does). Stays true:
//! between the first and the last frame of a login on an open connection the broker gets nothing
//! else, since it would close the connection: the gateway's own renewal holds the turn to write,
//! and while a client's passes nothing of the gateway's own is written.
//!
//! ```text
//! sweep ─ 85 to 95 % of the life ─► renew: turn ─ SaslHandshake ─ SaslAuthenticate ×2 ─► turn back
//!                                           replies find their way by `Owed::Login`
//! ```

use super::answers::Owed;
use super::connection::{Cause, Connection};
use super::made::Made;
use super::upstream::begin_login;
use crate::chunk::UnixMillis;
use crate::kafka::frame;
use crate::kafka::upstream_login::Step;
use crate::limits::{UPSTREAM_RENEWAL_MS_SPARE, UPSTREAM_RENEWAL_PERCENT};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What is known of the session.
#[derive(Default)]
pub struct UpstreamSession {
    /// When to renew it, and when it ends; milliseconds of the core's clock.
    times: Cell<Option<(i64, i64)>>,
    renewing: Cell<bool>,
    reply: RefCell<Option<Vec<u8>>>,
    shut: Cell<bool>,
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing.
    Nothing,
    /// A renewal.
    Renewal,
    /// A renewal is under way, and the session has ended meanwhile.
    TooLate,
}

impl UpstreamSession {
    /// The broker gave the session so many milliseconds; 0 for no end. `seed` spreads renewals.
    pub fn begin(&self, now: UnixMillis, lifetime_ms: i64, seed: u64) {
        self.renewing.set(false);
        self.times.set((lifetime_ms > 0).then(|| {
            let (from, to) = UPSTREAM_RENEWAL_PERCENT;
            let percent = from + (seed % (to - from + 1) as u64) as i64;
            let late = lifetime_ms.saturating_mul(percent) / 100;
            let early = lifetime_ms - UPSTREAM_RENEWAL_MS_SPARE;
            let after = late.min(early).max(lifetime_ms / 2);
            (
                now.0.saturating_add(after),
                now.0.saturating_add(lifetime_ms),
            )
        }));
    }

    /// What is due now.
    pub fn due(&self, now: UnixMillis) -> Due {
        match self.times.get() {
            Some((_, end)) if self.renewing.get() && now.0 > end => Due::TooLate,
            Some((from, _)) if !self.renewing.get() && now.0 >= from => Due::Renewal,
            _ => Due::Nothing,
        }
    }

    /// Takes a reply of the broker's to the renewal.
    pub fn answered(&self, reply: &[u8]) {
        self.reply.replace(Some(reply.to_vec()));
    }

    /// A client's login passes: nothing of the gateway's own may be sent; or it is over.
    pub fn set_shut(&self, shut: bool) {
        self.shut.set(shut);
    }

    /// Whether nothing of the gateway's own may be sent to the broker.
    pub fn is_shut(&self) -> bool {
        self.shut.get()
    }
}

/// Begins a renewal; called once for each by the sweep.
pub fn spawn_renewal(connection: &Rc<Connection>) {
    connection.upstream_session.renewing.set(true);
    let connection = Rc::clone(connection);
    monoio::spawn(async move {
        connection.take_upstream_turn().await;
        let renewed = renew(&connection).await;
        if let Err(cause) = renewed {
            connection.close(cause);
        }
        connection.give_upstream_turn().await;
    });
}

/// Logs in once more between two requests, with the turn to write in hand.
async fn renew(connection: &Connection) -> Result<(), Cause> {
    let session = &connection.upstream_session;
    let refused = |fault: &dyn std::fmt::Display| {
        tracing::error!(%fault, "the broker refused to renew the gateway's own login");
        Cause::BrokerFault("the broker refused to renew the gateway's login")
    };
    let (Some(credential), Some(upstream)) =
        (&connection.cluster.credential, connection.upstream())
    else {
        return Err(Cause::OwnFault);
    };
    let mut login = begin_login(credential)?;
    let mut step = login.next(None).map_err(|fault| refused(&fault))?;
    loop {
        let mut frame = match step {
            Step::Send(frame) => frame,
            Step::Done {
                session_lifetime_ms,
            } => {
                session.begin(connection.core.now(), session_lifetime_ms, connection.id);
                tracing::debug!("the gateway's own login was renewed");
                return Ok(());
            }
        };
        // the login counts its frames by itself; on the wire they are in the connection's count
        let header = frame::request_header(&frame).map_err(|_| Cause::OwnFault)?;
        let id = connection.next_correlation_id();
        frame::set_request_correlation_id(&mut frame, id);
        connection.answers().owe(id, Owed::Login);
        connection.deadlines.writing_broker(connection.core.now());
        let written = upstream.write_all(Made::new(frame)).await;
        connection.deadlines.wrote_broker();
        written.map_err(|_| Cause::BrokerFault("writing to the broker failed"))?;
        let mut reply = reply(connection).await?;
        frame::set_response_correlation_id(&mut reply, header.correlation_id);
        step = login.next(Some(&reply)).map_err(|fault| refused(&fault))?;
    }
}

/// Waits for the broker's reply.
async fn reply(connection: &Connection) -> Result<Vec<u8>, Cause> {
    loop {
        if let Some(reply) = connection.upstream_session.reply.take() {
            return Ok(reply);
        }
        if connection.is_closed() {
            return Err(Cause::BrokerClosed); // the first cause stands
        }
        connection.changed.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_renewed_once_in_time() {
        let hour = 3_600_000;
        for seed in 0..40 {
            let session = UpstreamSession::default();
            assert_eq!(session.due(UnixMillis(i64::MAX)), Due::Nothing);
            session.begin(UnixMillis(1_000), hour, seed);
            let (early, late) = (hour / 100 * 85, hour / 100 * 95);
            assert_eq!(session.due(UnixMillis(1_000 + early - 1)), Due::Nothing);
            assert_eq!(session.due(UnixMillis(1_000 + late)), Due::Renewal);
            session.renewing.set(true);
            assert_eq!(session.due(UnixMillis(1_000 + late)), Due::Nothing);
            assert_eq!(session.due(UnixMillis(1_001 + hour)), Due::TooLate);
            session.begin(UnixMillis(1_000 + late), hour, seed);
            assert_eq!(session.due(UnixMillis(1_001 + hour)), Due::Nothing);
        }
    }

    #[test]
    fn short_sessions_leave_the_sweep_its_time() {
        for (lifetime_ms, at) in [(10_000, 8_000), (5_000, 3_000), (3_000, 1_500)] {
            let session = UpstreamSession::default();
            session.begin(UnixMillis(0), lifetime_ms, 0);
            assert_eq!(session.due(UnixMillis(at - 1)), Due::Nothing);
            assert_eq!(session.due(UnixMillis(at)), Due::Renewal, "{lifetime_ms}");
        }
        let endless = UpstreamSession::default();
        endless.begin(UnixMillis(0), 0, 3);
        assert_eq!(endless.due(UnixMillis(i64::MAX)), Due::Nothing);
    }
}

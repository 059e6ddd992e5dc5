//! Who has not logged in, on one core, and how many of them may be there.
//!
//! Owns: the places of strangers, the places of those of them that a broker connection was opened
//! for, the count of refused logins; closing whoever has to go. Refuses: to turn anybody away at the
//! door (see `strangers`). Stays true: a flood of strangers costs a core a bounded number of
//! sockets, buffers, broker connections and audit entries, and those who log in do.

use super::connection::{Cause, Connection};
use super::core::Core;
use super::record;
use super::refusals::Refusals;
use super::strangers::Places;
use crate::limits::{
    RELAYED_LOGINS_PER_CORE_MAX, RELAYED_LOGINS_PER_SOURCE_MAX, STRANGER_MS_KEPT,
    STRANGERS_CLOSED_PER_TICK, STRANGERS_PER_CORE_MAX, STRANGERS_PER_SOURCE_MAX,
};

/// Who has not logged in.
pub struct Crowd {
    /// Everybody who has not.
    strangers: Places,
    /// Those of them that a broker connection was opened for, or is about to be.
    pub relayed: Places,
    /// Refused logins of late.
    pub refusals: Refusals,
}

impl Default for Crowd {
    fn default() -> Crowd {
        Crowd {
            strangers: Places::new(STRANGERS_PER_CORE_MAX, STRANGERS_PER_SOURCE_MAX),
            relayed: Places::new(RELAYED_LOGINS_PER_CORE_MAX, RELAYED_LOGINS_PER_SOURCE_MAX),
            refusals: Refusals::default(),
        }
    }
}

impl Crowd {
    /// The connection has logged in, or is gone.
    pub fn leave(&self, id: u64) {
        self.strangers.leave(id);
        self.relayed.leave(id);
    }
}

/// Takes a connection that was just accepted among the strangers.
pub fn enter(connection: &Connection) {
    let (core, id) = (&connection.core, connection.id);
    let goes = core
        .crowd
        .strangers
        .enter(id, connection.source(), core.now());
    if let Some(goes) = goes {
        out(core, goes);
    }
}

/// The connection's source is another than it seemed: a proxy has said so.
pub fn source_known(connection: &Connection) {
    let (core, id) = (&connection.core, connection.id);
    let goes = core.crowd.strangers.is_from(id, connection.source());
    if let Some(goes) = goes {
        out(core, goes);
    }
}

/// Closes a connection that has not logged in, to make room for others.
pub fn out(core: &Core, id: u64) {
    core.crowd.leave(id);
    if let Some(connection) = core.connection(id) {
        record::login_refused(core, &connection, "", "crowded_out", None);
        connection.close(Cause::Crowded);
    }
}

/// Closes some who hold memory that others need in order to log in.
pub fn free_memory(core: &Core) {
    for _ in 0..STRANGERS_CLOSED_PER_TICK {
        match core.crowd.strangers.oldest_of_most() {
            Some((id, since)) if core.now().0 - since.0 > STRANGER_MS_KEPT => out(core, id),
            _ => return,
        }
    }
}

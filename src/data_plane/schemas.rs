//! Waiting for schemas that records name and nobody has asked for yet.
//!
//! Owns: how long, and what is looked at meanwhile. Refuses: to ask (`inspect` did), and to wait for a registry
//! that does not answer. Stays true: only the connection whose records name a new schema waits, once for a
//! frame, and never longer than the configuration says; what could not be had then is judged by the rules.

use super::cluster::SchemaSource;
use super::connection::Connection;
use super::learn::Learning;
use crate::limits::REGISTRY_LOOK_MS;
use crate::schema::wire::SchemaId;
use std::rc::Rc;
use std::time::Duration;

/// Has the client's next request wait; [`Connection::schemas`] says when it is over.
pub fn begin(connection: &Rc<Connection>, ids: Vec<SchemaId>) {
    connection.schemas.set(Learning::Asked);
    let connection = Rc::clone(connection);
    monoio::spawn(async move {
        wait(&connection, &ids).await;
        connection.schemas.set(Learning::Done);
        connection.changed.notify_all();
    });
}

/// Waits until all of them are known or absent, or for as long as may be.
pub async fn wait(connection: &Connection, ids: &[SchemaId]) {
    connection.core.stats().schema_waits.add(1);
    let Some(source) = &connection.cluster.schemas else {
        return;
    };
    for _ in 0..source.wait_ms / REGISTRY_LOOK_MS {
        if connection.is_closed() || (source.is_down)() || has_all(source, ids) {
            return;
        }
        monoio::time::sleep(Duration::from_millis(REGISTRY_LOOK_MS)).await;
    }
}

fn has_all(source: &SchemaSource, ids: &[SchemaId]) -> bool {
    let known = source.known.load();
    ids.iter().all(|id| known.find(id).is_some())
}

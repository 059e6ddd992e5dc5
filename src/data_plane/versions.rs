//! What a client hears when it asks what is spoken here.
//!
//! Owns: nothing but the putting together. Refuses: a client that means another cluster or broker
//! than stands behind the address it dialled (KIP-1242). Stays true: the answer is the same before
//! and after login, and never asks the broker.

use super::connection::{Connection, Target};
use crate::kafka::api_versions::{self, Clamped, Dialled};
use crate::kafka::frame::RequestHeader;

/// The whole reply to an ApiVersions request.
pub fn answer(connection: &Connection, header: &RequestHeader, request: &[u8]) -> Vec<u8> {
    let view = connection.cluster.view.load();
    let dialled = Dialled {
        cluster_id: view.cluster_id.as_deref(),
        node_id: match connection.target.get() {
            Target::Broker(id) => Some(id),
            Target::Bootstrap => None,
        },
    };
    let (version, correlation_id) = (header.api_version, header.correlation_id);
    if api_versions::is_misrouted(header, request, &dialled) {
        return api_versions::answer_misrouted(version, correlation_id);
    }
    match connection.offer(&view) {
        Some(offer) => api_versions::answer(version, correlation_id, offer),
        None => api_versions::answer(version, correlation_id, &Clamped::default()),
    }
}

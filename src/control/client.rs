//! How a surface talks to the desk.
//!
//! Owns: the commands and their answers. Refuses: to wait for ever: the desk answers each
//! command, or its channel is gone and the answer is `Unavailable`. Stays true: an answer to a
//! review is given when the decision is durable.

use super::desk::{GrantListing, Listing, View, Viewer, Wanted};
use super::gauges::Gauges;
use crate::approvals::{Policy, Refusal, ReviewRequest};
use crate::chunk::HoldId;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};

/// What a surface wants of the desk.
#[derive(Debug)]
pub(super) enum Command {
    List(Viewer, Wanted, oneshot::Sender<Listing>),
    Show(HoldId, Viewer, oneshot::Sender<Result<View, Refusal>>),
    Review(
        HoldId,
        Box<ReviewRequest>,
        oneshot::Sender<Result<View, Refusal>>,
    ),
    ListGrants(Viewer, oneshot::Sender<GrantListing>),
    ShowGrant(HoldId, Viewer, oneshot::Sender<Result<View, Refusal>>),
    Revoke(
        HoldId,
        Box<ReviewRequest>,
        oneshot::Sender<Result<View, Refusal>>,
    ),
    Policies(BTreeMap<String, Policy>),
}

/// A way to the desk, for surfaces; cheap to copy.
#[derive(Clone)]
pub struct DeskClient {
    pub(super) commands: mpsc::Sender<Command>,
    pub(super) gauges: Arc<Gauges>,
}

impl DeskClient {
    /// Lists the holds that `viewer` may see.
    pub async fn list(&self, viewer: Viewer, wanted: Wanted) -> Result<Listing, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::List(viewer, wanted, reply)).await?;
        answer.await.map_err(|_| Refusal::Unavailable)
    }

    /// Shows one hold.
    pub async fn show(&self, hold: HoldId, viewer: Viewer) -> Result<View, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Show(hold, viewer, reply)).await?;
        answer.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Reviews a hold; the answer comes when it is durable.
    pub async fn review(&self, hold: HoldId, request: ReviewRequest) -> Result<View, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Review(hold, Box::new(request), reply))
            .await?;
        answer.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Lists the grants that `viewer` may see.
    pub async fn list_grants(&self, viewer: Viewer) -> Result<GrantListing, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::ListGrants(viewer, reply)).await?;
        answer.await.map_err(|_| Refusal::Unavailable)
    }

    /// Shows one grant.
    pub async fn show_grant(&self, hold: HoldId, viewer: Viewer) -> Result<View, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::ShowGrant(hold, viewer, reply)).await?;
        answer.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Takes a grant back; the answer comes when that is durable.
    pub async fn revoke(&self, hold: HoldId, request: ReviewRequest) -> Result<View, Refusal> {
        let (reply, answer) = oneshot::channel();
        self.send(Command::Revoke(hold, Box::new(request), reply))
            .await?;
        answer.await.unwrap_or(Err(Refusal::Unavailable))
    }

    /// Gives the desk new approval policies; open holds keep their snapshots.
    pub async fn set_policies(&self, policies: BTreeMap<String, Policy>) -> Result<(), Refusal> {
        self.send(Command::Policies(policies)).await
    }

    /// The desk's numbers.
    pub fn gauges(&self) -> &Gauges {
        &self.gauges
    }

    async fn send(&self, command: Command) -> Result<(), Refusal> {
        self.commands
            .send(command)
            .await
            .map_err(|_| Refusal::Unavailable)
    }
}

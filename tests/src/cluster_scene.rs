//! What tests of three brokers begin with: the cluster, the issuer, and a gateway of its own.

use crate::cluster::{Alone, Cluster, Shared};
use crate::gateway::Gateway;
use crate::holds::Reviewer;
use crate::login;
use crate::oidc::Oidc;
use crate::requests;
use crate::scene::{PRODUCER, REVIEWER};
use crate::settings::{REVIEWERS, Settings};
use crate::target::Target;
use crate::wire::Wire;
use crate::{audit, wait};
use anyhow::{Context, Result, ensure};
use std::ops::Deref;
use std::time::Duration;

/// How soon a gateway must have followed what happened to the brokers.
pub const FOLLOW_LIMIT: Duration = Duration::from_secs(20);

/// The set of a test; `C` says whether it shares the cluster or has it alone.
#[derive(Debug)]
pub struct ClusterScene<C> {
    /// The gateway between. First, since a field dropped later outlives it.
    pub gateway: Gateway,
    /// The brokers.
    pub cluster: C,
    /// A real issuer.
    pub oidc: &'static Oidc,
}

impl ClusterScene<Shared> {
    /// With the usual rules, beside other tests.
    pub fn shared() -> Result<ClusterScene<Shared>> {
        ClusterScene::before(Cluster::shared()?, |settings| settings)
    }
}

impl ClusterScene<Alone> {
    /// With the usual rules, alone with the cluster.
    pub fn alone() -> Result<ClusterScene<Alone>> {
        ClusterScene::before(Cluster::alone()?, |settings| settings)
    }
}

impl<C: Deref<Target = Cluster>> ClusterScene<C> {
    /// With the usual settings, changed.
    pub fn before(
        cluster: C,
        change: impl FnOnce(Settings) -> Settings,
    ) -> Result<ClusterScene<C>> {
        let oidc = Oidc::shared()?;
        let settings = Settings::before_all(&cluster.bootstrap(), &oidc.issuer);
        let gateway = Gateway::start(&change(settings))?;
        Ok(ClusterScene {
            gateway,
            cluster,
            oidc,
        })
    }

    /// The gateway, for the usual service account, which logs in by PLAIN.
    pub fn producer(&self) -> Result<Target> {
        let token = self.oidc.token(PRODUCER, &["producers"])?;
        Ok(Target::plain(&self.gateway.bootstrap(), &token))
    }

    /// A connection of the usual service account where clients bootstrap.
    pub fn wire(&self) -> Result<Wire> {
        login::connect(&self.producer()?)
    }

    /// A connection of the usual service account to the port that stands for a broker.
    pub fn wire_to(&self, broker: i32) -> Result<Wire> {
        let told = requests::metadata(&mut self.wire()?, &[])?;
        let mut brokers = told.brokers.iter();
        let found = brokers.find(|b| b.node_id.0 == broker);
        let found = found.with_context(|| format!("the gateway does not show broker {broker}"))?;
        let address = format!("{}:{}", found.host, found.port);
        login::connect(&self.producer()?.at(&address))
    }

    /// A connection to the leader of a partition, found as clients find it.
    pub fn wire_to_leader(&self, topic: &str, partition: i32) -> Result<Wire> {
        let told = requests::metadata(&mut self.wire()?, &[topic])?;
        let mut parts = told.topics.iter().flat_map(|t| &t.partitions);
        let part = parts.find(|p| p.partition_index == partition);
        let leader = part.with_context(|| format!("no {topic}/{partition}"))?;
        self.wire_to(leader.leader_id.0)
    }

    /// Waits until clients of the gateway are shown exactly these brokers, each of which answers.
    pub fn await_shown(&self, ids: &[i32]) -> Result<()> {
        wait::until_ok(
            &format!("brokers {ids:?} to be shown"),
            FOLLOW_LIMIT,
            || {
                let told = requests::metadata(&mut self.wire()?, &[])?;
                let mut shown: Vec<i32> = told.brokers.iter().map(|b| b.node_id.0).collect();
                shown.sort_unstable();
                ensure!(shown == ids, "brokers {shown:?} are shown");
                for id in ids {
                    requests::metadata(&mut self.wire_to(*id)?, &[])
                        .with_context(|| format!("broker {id}"))?;
                }
                Ok(())
            },
        )
    }

    /// The usual reviewer.
    pub fn reviewer(&self) -> Result<Reviewer<'_>> {
        let token = self.oidc.token(REVIEWER, &[REVIEWERS])?;
        Ok(Reviewer::new(&self.gateway, &token))
    }

    /// The gateway must stop in order, have panicked nowhere, and leave an audit that verifies.
    pub fn end(&self) -> Result<()> {
        let logged = self.gateway.logged();
        ensure!(!logged.contains("panicked"), "the gateway panicked");
        let status = self.gateway.stop()?;
        ensure!(status.success(), "the gateway ended with {status}");
        audit::must_verify(&self.gateway.audit_dir())
    }
}

//! A gateway whose broker lies when it is told to.

use crate::audit;
use crate::broker::Broker;
use crate::gateway::Gateway;
use crate::holds::Reviewer;
use crate::liar::{Liar, Lie};
use crate::login;
use crate::oidc::Oidc;
use crate::requests::metadata;
use crate::scene::{PRODUCER, REVIEWER};
use crate::settings::{REVIEWERS, Settings};
use crate::target::Target;
use crate::wire::Wire;
use anyhow::{Context, Result, ensure};

/// The set of a test.
#[derive(Debug)]
pub struct LyingScene {
    /// Real Kafka, behind the liar.
    pub broker: &'static Broker,
    /// The liar.
    pub liar: Liar,
    /// A real issuer.
    pub oidc: &'static Oidc,
    /// The gateway before it.
    pub gateway: Gateway,
}

impl LyingScene {
    /// With the usual settings, changed. The broker tells the truth.
    pub fn with(change: impl FnOnce(Settings) -> Settings) -> Result<LyingScene> {
        let (broker, oidc) = (Broker::shared()?, Oidc::shared()?);
        let liar = Liar::before(&broker.plain())?;
        let settings = Settings::before(&liar.address, &oidc.issuer);
        let gateway = Gateway::start(&change(settings))?;
        Ok(LyingScene {
            broker,
            liar,
            oidc,
            gateway,
        })
    }

    /// The gateway, for somebody who logs in by PLAIN.
    pub fn target(&self, name: &str, groups: &[&str]) -> Result<Target> {
        let token = self.oidc.token(name, groups)?;
        Ok(Target::plain(&self.gateway.bootstrap(), &token))
    }

    /// A connection of the usual service account, through to the broker.
    pub fn wire(&self) -> Result<Wire> {
        self.wire_as(PRODUCER, &["producers"])
    }

    /// A connection of somebody, through to the broker.
    pub fn wire_as(&self, name: &str, groups: &[&str]) -> Result<Wire> {
        let mut wire = login::connect(&self.target(name, groups)?)?;
        metadata(&mut wire, &[]).context("the truth is not passed on")?;
        Ok(wire)
    }

    /// The usual reviewer.
    pub fn reviewer(&self) -> Result<Reviewer<'_>> {
        let token = self.oidc.token(REVIEWER, &[REVIEWERS])?;
        Ok(Reviewer::new(&self.gateway, &token))
    }

    /// Somebody else must be served, and the gateway stop in order, have panicked nowhere, and
    /// leave an audit that verifies.
    pub fn end(&self) -> Result<()> {
        self.liar.tell(Lie::Truth);
        self.wire().context("nobody is served any more")?;
        let logged = self.gateway.logged();
        ensure!(!logged.contains("panicked"), "the gateway panicked");
        let status = self.gateway.stop()?;
        ensure!(status.success(), "the gateway ended with {status}");
        audit::must_verify(&self.gateway.audit_dir())
    }
}

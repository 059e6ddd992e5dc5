//! What nearly every test begins with: the shared broker and issuer, and a gateway of its own.

use crate::broker::Broker;
use crate::gateway::Gateway;
use crate::holds::Reviewer;
use crate::oidc::Oidc;
use crate::settings::{REVIEWERS, Settings};
use crate::target::Target;
use crate::wire::Wire;
use crate::{audit, login, requests};
use anyhow::{Context, Result, ensure};

/// The service account that produces in most tests.
pub const PRODUCER: &str = "svc-orders";
/// The person who reviews in most tests.
pub const REVIEWER: &str = "rita";

/// A card number that passes Luhn, in words that speak for it.
pub const CARD: &str = r#"{"order": 7, "card": "4111 1111 1111 1111"}"#;
/// Another one.
pub const OTHER_CARD: &str = r#"{"order": 8, "card": "5500 0055 5555 5559"}"#;
/// Nothing that any detector knows.
pub const CLEAN: &str = r#"{"order": 9, "note": "two boxes of apples"}"#;
/// An American social security number, in words that speak for it.
pub const SSN: &str = r#"{"name": "Ann", "ssn": "536-22-8145"}"#;
/// The number in [`SSN`].
pub const SSN_DIGITS: &str = "536-22-8145";
/// What `keep_last: 4` leaves of it.
pub const SSN_KEPT: &str = "8145";

/// The set of a test.
#[derive(Debug)]
pub struct Scene {
    /// Real Kafka.
    pub broker: &'static Broker,
    /// A real issuer.
    pub oidc: &'static Oidc,
    /// The gateway between.
    pub gateway: Gateway,
}

impl Scene {
    /// With the usual rules.
    pub fn start() -> Result<Scene> {
        Scene::with(|settings| settings)
    }

    /// With the usual settings, changed.
    pub fn with(change: impl FnOnce(Settings) -> Settings) -> Result<Scene> {
        let (broker, oidc) = (Broker::shared()?, Oidc::shared()?);
        let gateway = Gateway::start(&change(Settings::new()?))?;
        Ok(Scene {
            broker,
            oidc,
            gateway,
        })
    }

    /// The gateway, for somebody who logs in by PLAIN.
    pub fn target(&self, name: &str, groups: &[&str]) -> Result<Target> {
        Ok(Target::plain(
            &self.gateway.bootstrap(),
            &self.oidc.token(name, groups)?,
        ))
    }

    /// The gateway, for somebody who logs in by OAUTHBEARER.
    pub fn bearer(&self, name: &str, groups: &[&str]) -> Result<Target> {
        Ok(Target::bearer(
            &self.gateway.bootstrap(),
            &self.oidc.token(name, groups)?,
        ))
    }

    /// The gateway, for the usual service account.
    pub fn producer(&self) -> Result<Target> {
        self.target(PRODUCER, &["producers"])
    }

    /// A connection of the usual service account.
    pub fn wire(&self) -> Result<Wire> {
        self.wire_as(&self.producer()?)
    }

    /// A connection of the usual service account where clients bootstrap, in one step.
    pub fn wire_fast(&self) -> Result<Wire> {
        login::connect(&self.producer()?)
    }

    /// A connection of somebody, to the port that stands for the broker, found as clients find it.
    pub fn wire_as(&self, target: &Target) -> Result<Wire> {
        let told = requests::metadata(&mut login::connect(target)?, &[])?;
        let broker = told.brokers.first().context("Metadata names no broker")?;
        login::connect(&target.at(&format!("{}:{}", broker.host, broker.port)))
    }

    /// The usual reviewer.
    pub fn reviewer(&self) -> Result<Reviewer<'_>> {
        self.reviewer_as(REVIEWER, &[REVIEWERS])
    }

    /// Somebody who would review.
    pub fn reviewer_as(&self, name: &str, groups: &[&str]) -> Result<Reviewer<'_>> {
        Ok(Reviewer::new(
            &self.gateway,
            &self.oidc.token(name, groups)?,
        ))
    }

    /// The gateway must stop in order, have panicked nowhere, and leave an audit that verifies.
    pub fn end(&self) -> Result<()> {
        ensure!(
            !self.gateway.logged().contains("panicked"),
            "the gateway panicked"
        );
        if self.gateway.alive() {
            let status = self.gateway.stop()?;
            ensure!(status.success(), "the gateway ended with {status}");
        }
        audit::must_verify(&self.gateway.audit_dir())
    }
}

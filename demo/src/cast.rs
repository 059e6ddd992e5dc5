//! Who plays in the story, and what they send.
//!
//! Owns: names, groups, topics and records. Refuses: real data: the card numbers are the networks'
//! published test numbers, the SSN is made up. Stays true: nobody reviews what they sent.

use crate::client::Client;
use crate::reviewer::Reviewer;
use crate::stage::Stage;
use std::path::PathBuf;

/// Where orders and customers go.
pub const ORDERS: &str = "orders";
/// Where cards are to be reviewed.
pub const PAYMENTS: &str = "payments";
/// The service account that produces.
pub const PRODUCER: &str = "svc-checkout";
/// The service account that consumes.
pub const CONSUMER: &str = "svc-reports";
/// The part of whoever sits at the terminal.
pub const NEWCOMER: &str = "you@example.com";
/// Decides where nobody else does, under its own name, so that the audit says so.
pub const AUTOPILOT: &str = "demo-autopilot";
/// Whom the rule asks.
pub const REVIEWERS: &str = "security";

/// Nothing to find in it.
pub const CLEAN: (&str, &str) = (
    "order-1001",
    r#"{"order":1001,"item":"desk lamp","city":"Lisbon"}"#,
);
/// A social security number, written with hyphens.
pub const WITH_SSN: (&str, &str) = (
    "customer-7",
    r#"{"customer":7,"name":"J. Doe","ssn":"536-22-8147"}"#,
);
/// The number in it.
pub const SSN: &str = "536-22-8147";
/// What a mask that keeps four digits leaves of it.
pub const SSN_MASKED: &str = "XXX-XX-8147";
/// Three card numbers.
pub const FIRST_BATCH: [(&str, &str); 3] = [
    (
        "pay-1",
        r#"{"payment":1,"card":"4111 1111 1111 1111","amount":"12.50"}"#,
    ),
    (
        "pay-2",
        r#"{"payment":2,"card":"5555 5555 5555 4444","amount":"80.00"}"#,
    ),
    (
        "pay-3",
        r#"{"payment":3,"card":"3782 822463 10005","amount":"7.99"}"#,
    ),
];
/// Two more.
pub const SECOND_BATCH: [(&str, &str); 2] = [
    (
        "pay-4",
        r#"{"payment":4,"card":"4012 8888 8888 1881","amount":"9.00"}"#,
    ),
    (
        "pay-5",
        r#"{"payment":5,"card":"5105 1051 0510 5100","amount":"31.40"}"#,
    ),
];

/// The players.
pub struct Cast {
    /// Sends, through the gateway.
    pub producer: Client,
    /// Reads, through the gateway.
    pub consumer: Client,
    /// Looks into the broker's own log, past the gateway.
    pub insider: Client,
    /// The newcomer's rights, for what is typed into the terminal.
    pub newcomer: Reviewer,
    /// Stands in for the newcomer.
    pub autopilot: Reviewer,
    /// The producer, trying to approve.
    pub producer_as_reviewer: Reviewer,
    /// Comes with a token whose signature was altered.
    pub impostor: Client,
    /// The newcomer's token.
    pub newcomer_token: String,
    /// Files with tokens: producer, consumer, reviewer.
    pub token_files: [PathBuf; 3],
}

impl Cast {
    /// Gives everybody a token.
    pub fn enter(stage: &Stage) -> anyhow::Result<Cast> {
        let producer = stage.issuer.token(PRODUCER, &["services"])?;
        let consumer = stage.issuer.token(CONSUMER, &["services"])?;
        let newcomer = stage.issuer.token(NEWCOMER, &[REVIEWERS])?;
        let autopilot = stage.issuer.token(AUTOPILOT, &[REVIEWERS])?;
        let token_files = [
            stage.save_token("producer", &producer)?,
            stage.save_token("consumer", &consumer)?,
            stage.save_token("reviewer", &newcomer)?,
        ];
        let reviewer =
            |token: &str| Reviewer::new(stage.http.clone(), &stage.page, token.to_owned());
        Ok(Cast {
            producer_as_reviewer: reviewer(&producer),
            impostor: Client::new(stage.gateway, PRODUCER, Some(altered(&producer))),
            producer: Client::new(stage.gateway, PRODUCER, Some(producer)),
            consumer: Client::new(stage.gateway, CONSUMER, Some(consumer)),
            insider: Client::new(stage.broker, "insider", None),
            newcomer: reviewer(&newcomer),
            autopilot: reviewer(&autopilot),
            newcomer_token: newcomer,
            token_files,
        })
    }

    /// Nobody holds the gateway up when it stops.
    pub fn leave(&mut self) {
        for client in [&mut self.producer, &mut self.consumer, &mut self.insider] {
            client.close();
        }
    }
}

/// The token with one letter of its signature exchanged: the first, whose bits all count.
fn altered(token: &str) -> String {
    let (head, signature) = token.rsplit_once('.').unwrap_or((token, ""));
    let other = if signature.starts_with('A') { 'B' } else { 'A' };
    format!(
        "{head}.{other}{}",
        signature.chars().skip(1).collect::<String>()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_letter_of_the_signature_differs() {
        assert_eq!(altered("a.b.cde"), "a.b.Ade");
        assert_eq!(altered("a.b.Ade"), "a.b.Bde");
    }
}

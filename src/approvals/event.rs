//! What happened to a hold, as the log keeps it.
//!
//! Owns: the events and their stored form (JSON, with a version beside it). Refuses: a raw value:
//! only content keys and the safe summary are here. Stays true: an event once written keeps its
//! meaning; a changed shape gets a new `FORMAT`.

use super::grant::Granting;
use super::policy::Policy;
use super::wire;
use crate::chunk::{ContentKey, Operation, SendKey, Summary, UnixMillis};
use serde::{Deserialize, Serialize};

/// Version of the stored form.
pub const FORMAT: i64 = 1;

/// Who wants what written where: what an approval is bound to. The same bytes from someone else,
/// or for another topic, are another question.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Subject {
    /// The principal's name.
    pub principal: String,
    /// The issuer that vouched for it; empty for `anonymous`.
    pub issuer: String,
    /// Produce, or Fetch where something is to be granted.
    #[serde(with = "wire::operation")]
    pub operation: Operation,
    /// The cluster's name; empty in events written when there was one cluster only.
    #[serde(default)]
    pub cluster: String,
    /// The topic's name.
    pub topic: String,
}

/// A rule that matched, and the approval policy it asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The rule's name.
    pub rule: String,
    /// The approval policy's name.
    pub ask: String,
}

/// A question put to people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Whose data, and where it goes.
    pub subject: Subject,
    /// Partition of the send that opened it; a retry may come by another one.
    pub partition: i32,
    /// The client's own name for itself.
    pub client_id: String,
    /// Every hold rule that matched; an approval lifts these and no others.
    pub rules: Vec<Rule>,
    /// Snapshots of the approval policies those rules ask, each once; all must be satisfied.
    pub policies: Vec<Policy>,
    /// SHA-256 of the policy that judged the chunk.
    #[serde(with = "wire::hash")]
    pub policy_hash: [u8; 32],
    /// What an approval grants; without it the hold covers the records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Granting>,
    /// The records it covers, as a multiset; empty where something is to be granted.
    #[serde(with = "wire::content_keys")]
    pub content: Vec<ContentKey>,
    /// What a reviewer may see.
    pub summary: Summary,
    /// The end of the time to decide.
    pub deadline: UnixMillis,
    /// Records of equal content that an earlier approval let through to the same topic, or that
    /// may have landed: the reviewer is told that this may be a second copy.
    pub written_before: u32,
}

/// Who reviewed, with only those groups that give a seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewer {
    /// The name in the token.
    pub name: String,
    /// The token's issuer.
    pub issuer: String,
    /// Groups of the token that the hold's policies name.
    pub groups: Vec<String>,
}

impl Reviewer {
    /// One person is one (name, issuer), whatever groups each of their tokens shows.
    pub fn is(&self, name: &str, issuer: &str) -> bool {
        self.name == name && self.issuer == issuer
    }
}

/// One person's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Let it through.
    Approve,
    /// Do not.
    Reject,
}

impl Verdict {
    /// The name used in the API and the audit.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Approve => "approve",
            Verdict::Reject => "reject",
        }
    }
}

/// One review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// Who.
    pub reviewer: Reviewer,
    /// What they say.
    pub verdict: Verdict,
    /// Why, in their words; may be empty.
    pub reason: String,
    /// The version of the hold that they say they saw.
    pub seen: Option<u64>,
}

/// One send of records to one partition; only an equal one is a duplicate of it. The partition
/// is part of it because sequences are counted per partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SendId {
    /// The partition it goes to.
    pub partition: i32,
    /// The front's opaque key.
    #[serde(with = "wire::send_key")]
    pub key: SendKey,
}

/// Approved records are handed to a core to be written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redeemed {
    /// The send that takes them.
    pub send: SendId,
    /// Which core writes it (for people reading the log; a ticket means nothing after a restart).
    pub core: u16,
    /// Which chunk of that core.
    pub chunk: u64,
    /// Whether the broker recognises a repeat of this very send.
    pub idempotent: bool,
    /// The records taken from this hold.
    #[serde(with = "wire::content_keys")]
    pub content: Vec<ContentKey>,
}

/// What became of a send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The broker has it, at this base offset (-1 when it does not say).
    Written {
        /// First offset of the batch.
        offset: i64,
    },
    /// It was not written: authorised again.
    Returned {
        /// Kafka's error code, 0 when it was never sent.
        error: i16,
    },
    /// Nobody knows: it may have landed.
    Unknown,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A question was put.
    Opened(Box<Opened>),
    /// A person answered.
    Reviewed(Reviewed),
    /// Nobody decided in time.
    DeadlinePassed,
    /// Approved records go out.
    Redeemed(Redeemed),
    /// A send ended.
    Ended {
        /// Which.
        send: SendId,
        /// How.
        outcome: Outcome,
    },
    /// A send that may have landed is asked for again by a send that the broker could not
    /// recognise as the same: back to the reviewers.
    Doubted {
        /// Which.
        send: SendId,
    },
    /// A grant ends before its time.
    Revoked {
        /// Who says so.
        by: Reviewer,
        /// Why, in their words; may be empty.
        reason: String,
    },
}

impl Kind {
    /// The stored form.
    pub fn to_json(&self) -> String {
        // Plain structs with string keys: serde_json has no way to fail here.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads the stored form of `format`.
    pub fn from_json(format: i64, text: &str) -> Result<Kind, String> {
        if format != FORMAT {
            return Err(format!(
                "event format {format} is not known to this version, which reads {FORMAT}"
            ));
        }
        serde_json::from_str(text).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::chunk::{Covers, GrantKey};

    fn send() -> SendId {
        SendId {
            partition: 3,
            key: SendKey([7; 32]),
        }
    }

    fn opened() -> Opened {
        Opened {
            subject: Subject {
                principal: "svc-payments".into(),
                issuer: "https://idp".into(),
                operation: Operation::Produce,
                cluster: "main".into(),
                topic: "payments".into(),
            },
            partition: 3,
            client_id: "app".into(),
            rules: vec![Rule {
                rule: "cards".into(),
                ask: "security".into(),
            }],
            policies: vec![Policy {
                name: "security".into(),
                any_of: vec!["security".into()],
                people: 1,
                within_ms: 1000,
                reason_on_approve: false,
                reason_on_reject: true,
                redeem_within_ms: 5000,
            }],
            policy_hash: [9; 32],
            grant: None,
            content: vec![ContentKey([1; 32]), ContentKey([2; 32])],
            summary: Summary {
                records: 2,
                flagged: 2,
                bytes: 10,
                ..Summary::default()
            },
            deadline: UnixMillis(77),
            written_before: 0,
        }
    }

    #[test]
    fn events_read_back_as_they_were_written() {
        let reviewer = Reviewer {
            name: "ann".into(),
            issuer: "i".into(),
            groups: vec!["security".into()],
        };
        let revoked = Kind::Revoked {
            by: reviewer.clone(),
            reason: "left".into(),
        };
        let granting = Opened {
            grant: Some(Granting {
                key: GrantKey([4; 32]),
                covers: Covers::Access,
                about: "first use".into(),
                detail: None,
                for_ms: Some(5),
            }),
            ..opened()
        };
        let review = Reviewed {
            reviewer,
            verdict: Verdict::Reject,
            reason: "no \"cards\"".into(),
            seen: Some(2),
        };
        let redeemed = Redeemed {
            send: send(),
            core: 1,
            chunk: 9,
            idempotent: true,
            content: vec![ContentKey([1; 32])],
        };
        let all = [
            Kind::Opened(Box::new(opened())),
            Kind::Reviewed(review),
            Kind::DeadlinePassed,
            Kind::Redeemed(redeemed),
            Kind::Ended {
                send: send(),
                outcome: Outcome::Written { offset: -1 },
            },
            Kind::Ended {
                send: send(),
                outcome: Outcome::Returned { error: 6 },
            },
            Kind::Ended {
                send: send(),
                outcome: Outcome::Unknown,
            },
            Kind::Doubted { send: send() },
            Kind::Opened(Box::new(granting)),
            revoked,
        ];
        for kind in all {
            assert_eq!(Kind::from_json(FORMAT, &kind.to_json()), Ok(kind));
        }
    }

    #[test]
    fn stored_form_of_a_deadline_and_an_end_is_pinned() {
        assert_eq!(Kind::DeadlinePassed.to_json(), "\"deadline_passed\"");
        let text = Kind::Ended {
            send: send(),
            outcome: Outcome::Returned { error: 6 },
        }
        .to_json();
        let key = "07".repeat(32);
        let expected = format!(
            r#"{{"ended":{{"send":{{"partition":3,"key":"{key}"}},"outcome":{{"returned":{{"error":6}}}}}}}}"#
        );
        assert_eq!(text, expected);
    }

    #[test]
    fn foreign_or_damaged_events_are_refused() {
        let text = Kind::Opened(Box::new(opened())).to_json();
        assert!(Kind::from_json(2, &text).is_err());
        assert!(Kind::from_json(FORMAT, &text[..text.len() - 1]).is_err());
        let short = text.replace(&"09".repeat(32), "0909");
        assert!(Kind::from_json(FORMAT, &short).is_err());
        let torn = text.replace("AgICAg", "");
        assert!(Kind::from_json(FORMAT, &torn).is_err());
    }
}

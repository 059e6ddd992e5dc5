//! What the control thread tells the audit, in the audit's own words.
//!
//! Owns: the chain `control`. Refuses: raw values (a summary is safe by its making). Stays true:
//! `sync` returns only when every entry before it would survive a power cut.

use crate::approvals::{Outcome, State};
use crate::audit::entry::Outcome as OutcomeEntry;
use crate::audit::entry::{
    ContentDigest, Decided, Decision, GrantRevoked, Granted, HoldOpened, Landed, Release, Review,
    Vote,
};
use crate::audit::{Body, Entry, Writer};
use crate::chunk::UnixMillis;
use crate::control::record::{About, AuditSink, Record, What};

/// Writes the entries of holds; ends its chain in good order when dropped.
pub struct Sink {
    writer: Option<Writer>,
    /// The event that was told last, whose doubt needs no second entry.
    last_event: Option<u64>,
}

impl Sink {
    /// Writes to this chain.
    pub fn new(writer: Writer) -> Sink {
        Sink {
            writer: Some(writer),
            last_event: None,
        }
    }

    fn writer(&mut self) -> Result<&mut Writer, String> {
        self.writer
            .as_mut()
            .ok_or_else(|| "the audit's chain was closed".to_owned())
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let closed = self
            .writer
            .take()
            .map(|writer| writer.close(UnixMillis::now(), "the gateway was told to stop"));
        if let Some(Err(fault)) = closed {
            tracing::error!(%fault, "the audit's last entries may be missing");
        }
    }
}

impl AuditSink for Sink {
    fn record(&mut self, record: &Record) -> Result<(), String> {
        let again = self.last_event.replace(record.sequence) == Some(record.sequence);
        if again && matches!(record.what, What::Reopened { .. }) {
            return Ok(()); // the outcome just told says as much
        }
        let body = body(record);
        self.writer()?
            .append(&Entry::new(record.at, body))
            .map(|_| ())
            .map_err(|fault| fault.to_string())
    }

    fn sync(&mut self) -> Result<(), String> {
        self.writer()?.sync().map_err(|fault| fault.to_string())
    }
}

fn body(record: &Record) -> Body {
    let (hold, event) = (record.hold.0, record.sequence);
    let about = &record.about;
    match &record.what {
        What::HoldOpened {
            content,
            summary,
            deadline,
        } => HoldOpened {
            content: ContentDigest::of(content),
            summary: serde_json::to_string(summary).unwrap_or_default(),
            deadline: deadline.0,
            event,
            ..opened(hold, about)
        }
        .into(),
        What::Review { review, late } => Review {
            hold,
            event,
            reviewer: review.reviewer.name.clone(),
            issuer: review.reviewer.issuer.clone(),
            groups: review.reviewer.groups.clone(),
            verdict: match review.verdict {
                crate::approvals::Verdict::Approve => Vote::Approve,
                crate::approvals::Verdict::Reject => Vote::Reject,
            },
            reason: review.reason.clone(),
            version: review.seen.unwrap_or_default(),
            late: *late,
        }
        .into(),
        What::Decision {
            state,
            by,
            reason: _,
        } => Decision {
            hold,
            event,
            decision: match state {
                State::Rejected => Decided::Rejected,
                State::Expired => Decided::Expired,
                _ => Decided::Approved,
            },
            by: by.iter().map(|reviewer| reviewer.name.clone()).collect(),
        }
        .into(),
        What::Granted { grant, until, by } => Granted {
            hold,
            event,
            covers: grant.covers.name().to_owned(),
            rule: about.rules.iter().map(|rule| rule.rule.clone()).collect(),
            key: grant.key.0,
            principal: about.subject.principal.clone(),
            operation: about.subject.operation.into(),
            topic: about.subject.topic.clone(),
            about: grant.about.clone(),
            until: until.map_or(0, |until| until.0),
            by: by.iter().map(|reviewer| reviewer.name.clone()).collect(),
        }
        .into(),
        What::Revoked { grant, by, reason } => GrantRevoked {
            hold,
            event,
            about: grant.about.clone(),
            topic: about.subject.topic.clone(),
            by: by.name.clone(),
            issuer: by.issuer.clone(),
            reason: reason.clone(),
        }
        .into(),
        What::Release { send, .. } => Release {
            hold,
            event,
            send: send.key.0,
            principal: about.subject.principal.clone(),
            topic: about.subject.topic.clone(),
            partition: send.partition,
        }
        .into(),
        What::Outcome { send, outcome } => OutcomeEntry {
            hold,
            event,
            send: send.key.0,
            landed: match outcome {
                Outcome::Written { offset } => Landed::Written { offset: *offset },
                Outcome::Returned { error } => Landed::Returned { error: *error },
                Outcome::Unknown => Landed::Unknown,
            },
        }
        .into(),
        What::Reopened { send } => OutcomeEntry {
            hold,
            event,
            send: send.key.0,
            landed: Landed::Unknown,
        }
        .into(),
    }
}

fn opened(hold: u64, about: &About) -> HoldOpened {
    HoldOpened {
        hold,
        principal: about.subject.principal.clone(),
        client_id: about.client_id.clone(),
        operation: about.subject.operation.into(),
        topic: about.subject.topic.clone(),
        partition: about.partition,
        rules: about.rules.iter().map(|rule| rule.rule.clone()).collect(),
        asks: about.rules.iter().map(|rule| rule.ask.clone()).collect(),
        policy: about.policy_hash,
        ..HoldOpened::default()
    }
}

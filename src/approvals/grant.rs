//! A hold whose approval goes on: what it grants, until when, and its end before that.
//!
//! Owns: the grant inside a hold, and who may revoke it. Refuses: to give back what was revoked: that takes a new
//! question. Stays true: a grant follows from the approval of the very hold that asked for it; its clock
//! starts there; whoever may approve may revoke.

use super::event::{Kind, Reviewer};
use super::hold::Hold;
use super::review::{Judgement, Refusal, ReviewRequest, one_line};
use super::state::{Change, Decision, Void};
use super::wire;
use crate::chunk::{Covers, GrantKey, GrantOffer, UnixMillis};
use crate::limits::{GRANT_ABOUT_BYTES_MAX, GRANT_DETAIL_BYTES_MAX};
use serde::{Deserialize, Serialize};

/// What an approval of a hold grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granting {
    /// What later chunks are recognised by.
    #[serde(with = "wire::grant_key")]
    pub key: GrantKey,
    /// What it covers.
    pub covers: Covers,
    /// One line for people.
    pub about: String,
    /// More, such as a schema's diff.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// How long it lasts from the approval, in milliseconds; `None`: until it is revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_ms: Option<u64>,
}

impl Granting {
    /// What a chunk's rule asks for; texts past their bounds are cut.
    pub fn of(offer: &GrantOffer) -> Granting {
        let subject = &offer.subject;
        let detail = subject.detail.as_deref();
        Granting {
            key: subject.key,
            covers: subject.covers,
            about: one_line(cut(&subject.about, GRANT_ABOUT_BYTES_MAX)),
            detail: detail.map(|text| cut(text, GRANT_DETAIL_BYTES_MAX).to_owned()),
            for_ms: offer.for_ms,
        }
    }

    /// The end of a grant that is approved at `at`; never, without `for`.
    pub(super) fn end(&self, at: UnixMillis) -> UnixMillis {
        let lasts = self
            .for_ms
            .map_or(i64::MAX, |ms| i64::try_from(ms).unwrap_or(i64::MAX));
        UnixMillis(at.0.saturating_add(lasts))
    }
}

/// A moment that never comes: the end of a grant without one.
pub(super) const NEVER: UnixMillis = UnixMillis(i64::MAX);

/// A grant in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InForce {
    /// What it is recognised by.
    pub key: GrantKey,
    /// When it ends by itself, if it does.
    pub until: Option<UnixMillis>,
}

impl Hold {
    /// What this hold grants at `now`, if it was approved, has not ended and was not revoked.
    pub fn in_force(&self, now: UnixMillis) -> Option<InForce> {
        let granting = self.opened.grant.as_ref()?;
        match self.decision {
            Decision::Approved { redeem_until, .. } if now < redeem_until => Some(InForce {
                key: granting.key,
                until: end_of(redeem_until),
            }),
            _ => None,
        }
    }

    /// When what this hold grants, or has granted, ends by itself, if it does.
    pub fn granted_until(&self) -> Option<UnixMillis> {
        match self.decision {
            Decision::Approved { redeem_until, .. } => end_of(redeem_until),
            _ => None,
        }
    }

    /// Judges a revocation; what is to be logged, or that this person has done so before. The verdict of the
    /// request says nothing here.
    pub fn judge_revocation(
        &self,
        request: &ReviewRequest,
        now: UnixMillis,
    ) -> Result<Judgement, Refusal> {
        if self.opened.grant.is_none() {
            return Err(Refusal::NoSuchHold);
        }
        self.may_speak(request)?;
        match &self.decision {
            Decision::Revoked { by, .. } if by.is(&request.name, &request.issuer) => {
                return Ok(Judgement::Repeat);
            }
            _ if self.in_force(now).is_none() => return Err(self.over(None)),
            _ => {}
        }
        if request.if_match.is_some_and(|seen| seen != self.version) {
            return Err(Refusal::Stale(self.version));
        }
        Ok(Judgement::Record(Kind::Revoked {
            by: self.reviewer(request),
            reason: one_line(&request.reason),
        }))
    }

    pub(super) fn revoke(&mut self, at: UnixMillis, by: &Reviewer) -> Result<Change, Void> {
        if self.in_force(at).is_none() {
            return Err(Void::NotAuthorised);
        }
        if !self.admits(&by.groups) || self.is_own(&by.name, &by.issuer) {
            return Err(Void::NoSeat);
        }
        self.decision = Decision::Revoked { at, by: by.clone() };
        Ok(Change::Revoked)
    }
}

fn end_of(redeem_until: UnixMillis) -> Option<UnixMillis> {
    (redeem_until != NEVER).then_some(redeem_until)
}

/// At most so many bytes of a text, whole characters.
fn cut(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    end.and_then(|end| text.get(..end)).unwrap_or_default()
}

#[cfg(test)]
mod tests;

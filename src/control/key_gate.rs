//! Which unknown key ids may cause a refresh of the issuers' keys.
//!
//! Owns: one token bucket for all issuers and the memory of ids that were asked for. Refuses:
//! to be a lever: whoever sends tokens with made-up key ids causes at most a burst and then one
//! refresh every `KEY_REFRESH_EVERY_S`. The bucket is global because a limit per id is evaded by
//! a new id each time. Stays true: no clock of its own; an id is remembered only if it caused a
//! refresh, which bounds the memory.

use crate::limits::{
    KEY_ID_REMEMBERED_S, KEY_REFRESH_BURST, KEY_REFRESH_EVERY_S, KEY_REFRESH_WAIT_MS_MAX,
};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_secs(KEY_REFRESH_EVERY_S);
const REMEMBERED: Duration = Duration::from_secs(KEY_ID_REMEMBERED_S);
const WAIT: Duration = Duration::from_millis(KEY_REFRESH_WAIT_MS_MAX);

/// What to do about an unknown key id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pass {
    /// Refresh that issuer's keys.
    Refresh,
    /// A refresh for this id was started a moment ago: wait for it like the one who caused it,
    /// or one of several clients that rotate together would be refused for good.
    Wait,
    /// It was asked for and is not there, or too much was asked: refuse.
    Refuse,
}

/// The bucket and the memory.
#[derive(Debug)]
pub(super) struct Gate {
    tokens: u32,
    /// Up to when tokens were added.
    filled: Instant,
    /// (issuer, key id, when) of each refresh caused.
    asked: Vec<(usize, String, Instant)>,
}

impl Gate {
    /// A full bucket.
    pub(super) fn new(now: Instant) -> Gate {
        Gate {
            tokens: KEY_REFRESH_BURST,
            filled: now,
            asked: Vec::new(),
        }
    }

    /// Asks for one id; a `Refresh` is thereby spent.
    pub(super) fn ask(&mut self, issuer: usize, kid: &str, now: Instant) -> Pass {
        self.asked
            .retain(|(_, _, at)| now.saturating_duration_since(*at) < REMEMBERED);
        let known = self.asked.iter().find(|(i, k, _)| *i == issuer && k == kid);
        if let Some((_, _, at)) = known {
            let fresh = now.saturating_duration_since(*at) < WAIT;
            return if fresh { Pass::Wait } else { Pass::Refuse };
        }
        self.fill(now);
        if self.tokens == 0 {
            return Pass::Refuse;
        }
        self.tokens -= 1;
        self.asked.push((issuer, kid.to_owned(), now));
        Pass::Refresh
    }

    fn fill(&mut self, now: Instant) {
        while self.tokens < KEY_REFRESH_BURST && now.saturating_duration_since(self.filled) >= EVERY
        {
            self.tokens += 1;
            self.filled += EVERY;
        }
        if self.tokens == KEY_REFRESH_BURST {
            self.filled = now; // a full bucket saves nothing up
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn made_up_ids_cause_a_burst_and_then_a_trickle() {
        let start = Instant::now();
        let mut gate = Gate::new(start);
        let mut refreshes = 0;
        for step in 0..6000u32 {
            let now = start + Duration::from_millis(10) * step; // one minute
            if gate.ask(0, &format!("k{step}"), now) == Pass::Refresh {
                refreshes += 1;
            }
        }
        let trickle = (60 / KEY_REFRESH_EVERY_S) as u32;
        assert!((KEY_REFRESH_BURST..=KEY_REFRESH_BURST + trickle).contains(&refreshes));
        assert!(gate.asked.len() <= refreshes as usize);
    }

    #[test]
    fn those_who_rotate_together_wait_together() {
        let start = Instant::now();
        let mut gate = Gate::new(start);
        assert_eq!(gate.ask(0, "new", start), Pass::Refresh);
        assert_eq!(gate.ask(0, "new", start + WAIT / 2), Pass::Wait);
        assert_eq!(
            gate.ask(1, "new", start + WAIT / 2),
            Pass::Refresh,
            "another issuer's id"
        );
        assert_eq!(gate.ask(0, "new", start + WAIT), Pass::Refuse);
        assert_eq!(gate.ask(0, "new", start + REMEMBERED), Pass::Refresh);
    }

    #[test]
    fn a_full_bucket_saves_nothing_up() {
        let start = Instant::now();
        let mut gate = Gate::new(start);
        let later = start + Duration::from_secs(100_000);
        let passes = (0..20).map(|i| gate.ask(0, &i.to_string(), later));
        let refreshes = passes.filter(|pass| *pass == Pass::Refresh).count();
        assert_eq!(refreshes, KEY_REFRESH_BURST as usize);
        assert_eq!(gate.ask(0, "late", later + EVERY), Pass::Refresh);
        assert_eq!(gate.ask(0, "later", later + EVERY), Pass::Refuse);
    }
}

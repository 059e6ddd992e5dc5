//! Whether a stream is in a spike, and how to say it.
//!
//! Owns: the comparison, and the sentence for a reviewer. Refuses: to count, to hold, to grant. Stays
//! true: under its limit nothing is a spike; a spike lasts until the window holds less than half of the
//! limit, so that one spike is one hold; what people admitted is none until its end, up to what they
//! admitted; while a learnt limit knows nothing it says nothing.

use super::board::Standing;
use super::terms::{Limit, Of, Terms, Way};
use crate::chunk::UnixMillis;
use crate::limits::{KIB, MIB, RATE_CALM_DIVISOR};
use std::fmt::Write;

/// What is known of a stream on one core, now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The window's total: what all cores reported, and what this one has not reported yet.
    pub observed: u64,
    /// What the control side says of it; `None` for a stream that it has not heard of.
    pub standing: Option<Standing>,
}

/// What an approval with `covers: rate` lets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted {
    /// From this moment on it admits nothing.
    pub until: UnixMillis,
    /// The most that a window may hold meanwhile; `None`: anything.
    pub at_most: Option<u64>,
}

/// A spike.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spike {
    /// The window's total.
    pub observed: u64,
    /// What is usual; `None` where the limit is fixed.
    pub expected: Option<u64>,
    /// What may move in a window.
    pub limit: u64,
    /// Since when all cores know of it; `None` in its first moments.
    pub since: Option<UnixMillis>,
}

/// The spike that a stream is in, if it is in one.
pub fn spike(
    terms: &Terms,
    reading: &Reading,
    admitted: Option<&Admitted>,
    now: UnixMillis,
) -> Option<Spike> {
    let standing = reading.standing.unwrap_or(Standing {
        limit: terms.allows(None),
        ..Standing::default()
    });
    let limit = standing.limit?;
    let bar = match standing.since {
        Some(_) => limit / RATE_CALM_DIVISOR,
        None => limit,
    };
    let observed = reading.observed;
    let admits = |it: &Admitted| now < it.until && it.at_most.is_none_or(|most| observed <= most);
    if observed <= bar || admitted.is_some_and(admits) {
        return None;
    }
    let (expected, since) = (standing.expected, standing.since);
    Some(Spike {
        observed,
        expected,
        limit,
        since,
    })
}

impl Spike {
    /// How many times the usual amount it is, in tenths; `None` where nothing is usual.
    pub fn tenths(&self) -> Option<u64> {
        let expected = self.expected.filter(|expected| *expected > 0)?;
        let tenths = u128::from(self.observed) * 10 / u128::from(expected);
        Some(u64::try_from(tenths).unwrap_or(u64::MAX))
    }

    /// One or two sentences for a reviewer. Names of principals and topics are as they were given.
    pub fn sentence(&self, terms: &Terms, way: Way, principal: &str, topic: &str) -> String {
        let who = if terms.per.principal {
            principal
        } else {
            "everyone together"
        };
        let did = match way {
            Way::Written => "wrote",
            Way::Read => "read",
        };
        let from = match (terms.per.topic, way) {
            (false, _) => String::new(),
            (true, Way::Written) => format!(" to {topic}"),
            (true, Way::Read) => format!(" from {topic}"),
        };
        let (moved, over) = (shown(self.observed, terms.of), shown_over(terms.over_ms));
        let mut text = format!("{who} {did} {moved}{from} within {over}");
        let usual = |expected| shown(expected, terms.of);
        let _ = match (self.tenths(), self.expected, terms.limit) {
            (Some(tenths), Some(expected), _) => write!(
                text,
                ", {} times as much as is usual at this hour ({}).",
                shown_tenths(tenths),
                usual(expected)
            ),
            (None, Some(_), _) => write!(text, ", where nothing is usual at this hour."),
            (_, None, _) => write!(text, "."),
        };
        let limit = shown(self.limit, terms.of);
        let _ = match terms.limit {
            Limit::Fixed(_) => write!(text, " The limit is {limit}."),
            Limit::Learned(learned) if self.limit <= learned.floor => {
                write!(text, " Up to {limit} nobody is asked.")
            }
            Limit::Learned(learned) => write!(
                text,
                " The limit is {} times the usual, {limit}.",
                shown_tenths(learned.tenths.into())
            ),
        };
        text
    }
}

/// `12 records`, `512 B`, `9.8 MiB`.
fn shown(amount: u64, of: Of) -> String {
    const UNITS: [(u64, &str); 3] = [
        ((MIB * KIB) as u64, "GiB"),
        (MIB as u64, "MiB"),
        (KIB as u64, "KiB"),
    ];
    if of == Of::Records {
        return format!("{amount} records");
    }
    match UNITS.iter().find(|(unit, _)| amount >= *unit) {
        Some((unit, name)) => format!("{:.1} {name}", amount as f64 / *unit as f64),
        None => format!("{amount} B"),
    }
}

/// `21` or `5.3`: a tenth is only of interest among small numbers.
fn shown_tenths(tenths: u64) -> String {
    match tenths {
        0..100 if !tenths.is_multiple_of(10) => format!("{}.{}", tenths / 10, tenths % 10),
        _ => (tenths / 10).to_string(),
    }
}

/// `10 seconds`, `1 minute`, `1 hour`.
fn shown_over(ms: i64) -> String {
    let units = [(3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let whole = units.iter().find(|(unit, _)| ms % unit == 0);
    let (count, name) = whole.map_or((ms, "millisecond"), |(unit, name)| (ms / unit, *name));
    format!("{count} {name}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::policy::rates::laws::{fixed, learned};

    const NOW: UnixMillis = UnixMillis(1_000);

    fn reading(observed: u64, limit: u64, since: Option<UnixMillis>) -> Reading {
        let expected = Some(limit / 5);
        let standing = Standing {
            total: 0,
            expected,
            limit: Some(limit),
            since,
        };
        Reading {
            observed,
            standing: Some(standing),
        }
    }

    #[test]
    fn a_spike_begins_over_the_limit_and_ends_under_half_of_it() {
        let terms = learned("spikes", 50, 1);
        let judged = |observed, since| spike(&terms, &reading(observed, 100, since), None, NOW);
        assert_eq!(judged(100, None), None);
        assert_eq!(judged(101, None).unwrap().tenths(), Some(50));
        assert!(judged(51, Some(UnixMillis(3))).is_some());
        assert_eq!(judged(50, Some(UnixMillis(3))), None);
    }

    #[test]
    fn what_was_admitted_is_none_until_its_end_and_up_to_its_bound() {
        let terms = learned("spikes", 50, 1);
        let judged = |until, at_most, observed| {
            let admitted = Admitted {
                until: UnixMillis(until),
                at_most,
            };
            spike(&terms, &reading(observed, 100, None), Some(&admitted), NOW).is_some()
        };
        assert!(!judged(1_001, None, u64::MAX) && judged(1_000, None, 101));
        assert!(!judged(1_001, Some(500), 500) && judged(1_001, Some(500), 501));
    }

    #[test]
    fn who_is_unknown_is_judged_by_a_fixed_limit_only() {
        let unknown = Reading {
            observed: 1_000,
            standing: None,
        };
        assert_eq!(spike(&learned("r", 50, 1), &unknown, None, NOW), None);
        assert!(spike(&fixed("r", 999), &unknown, None, NOW).is_some());
        let learning = Reading {
            standing: Some(Standing::default()),
            ..unknown
        };
        assert_eq!(spike(&learned("r", 50, 1), &learning, None, NOW), None);
    }

    #[test]
    fn the_sentence_says_who_what_and_how_much() {
        let (terms, mib) = (learned("spikes", 50, 10 << 20), 1 << 20);
        let judged = |observed, limit| {
            let spike = spike(&terms, &reading(observed, limit, None), None, NOW).unwrap();
            spike.sentence(&terms, Way::Read, "svc-reports", "payments.eu")
        };
        assert_eq!(
            judged(212 * mib, 50 * mib),
            "svc-reports read 212.0 MiB from payments.eu within 1 minute, 21 times as much as is \
             usual at this hour (10.0 MiB). The limit is 5 times the usual, 50.0 MiB."
        );
        assert!(judged(11 * mib, 10 * mib).ends_with(" Up to 10.0 MiB nobody is asked."));
        let terms = fixed("quota", 100);
        let spike = spike(
            &terms,
            &Reading {
                observed: 200,
                standing: None,
            },
            None,
            NOW,
        );
        assert_eq!(
            spike.unwrap().sentence(&terms, Way::Written, "ann", "t"),
            "ann wrote 200 B to t within 1 minute. The limit is 100 B."
        );
    }
}

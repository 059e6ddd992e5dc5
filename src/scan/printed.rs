//! Numbers of a fixed length, bare or in the groups that forms print.
//!
//! Owns: finding them among the groups of a cluster, and what their form and the words around say
//! about them. Refuses: to know a number's rule; that is `fits`. Stays true: groups are whole runs of
//! digits joined by the same separator; a bare number is nothing without a word; time is linear in
//! the cluster.
//!
//! | written | alone | with a word | tied on by a hyphen |
//! | --- | --- | --- | --- |
//! | bare | nothing | likely | nothing |
//! | in groups | `alone` | `with_word` | one step less |

use super::cluster::{Cluster, clean_back, clean_front, hyphenated_on};
use super::scene::{Scene, Sink};
use super::values::Speakers;
use crate::chunk::Likelihood;
use std::ops::Range;

/// How a number is written, and what that is worth.
pub(super) struct Printed {
    /// How many digits it has.
    pub(super) digits: usize,
    /// The groups it is printed in; none if it is always bare.
    pub(super) groups: &'static [usize],
    /// In groups, with no word near.
    pub(super) alone: Likelihood,
    /// In groups, with a word near.
    pub(super) with_word: Likelihood,
    /// Whether digits without separators could be one.
    pub(super) fits: fn(&[u8]) -> bool,
    /// Which of the words near count.
    pub(super) speakers: Speakers,
}

/// Most digits that such a number has.
const DIGITS_MAX: usize = 10;

impl Printed {
    /// Reports every one in the cluster.
    #[inline(always)]
    pub(super) fn find(&self, scene: &Scene<'_>, cluster: &Cluster, sink: &mut Sink<'_>) {
        let text = scene.text;
        cluster.each(text, &[self.digits], |at| {
            self.bare(scene, cluster, at..at + self.digits, sink);
        });
        if !self.groups.is_empty() {
            let len = self.digits + self.groups.len() - 1;
            cluster.each(text, self.groups, |at| {
                self.grouped(scene, cluster, at..at + len, sink);
            });
        }
    }

    /// The checks come cheapest first: most numbers of the length are none of these.
    fn bare(&self, scene: &Scene<'_>, cluster: &Cluster, span: Range<usize>, sink: &mut Sink<'_>) {
        let text = scene.text;
        let counts = stands_alone(text, &span)
            && (self.fits)(&text[span.clone()])
            && !hyphenated_on(text, &span)
            && !dialled(text, cluster)
            && !has_fraction(text, span.end);
        if counts && self.speakers.speak(scene, &span) {
            sink.report(span, Likelihood::Likely);
        }
    }

    fn grouped(
        &self,
        scene: &Scene<'_>,
        cluster: &Cluster,
        span: Range<usize>,
        sink: &mut Sink<'_>,
    ) {
        let text = scene.text;
        let mut ends = span.start;
        let gaps = self.groups.iter().take(self.groups.len().saturating_sub(1));
        let mut separators = gaps.map(|len| {
            ends += len + 1;
            text.get(ends - 1)
        });
        let separator = separators.next();
        let same = separators.all(|other| Some(other) == separator);
        let after_code = dialled(text, cluster) && span.start > cluster.start;
        if !same
            || after_code
            || !stands_alone(text, &span)
            || !(self.fits)(joined(text, &span).digits())
        {
            return;
        }
        let likelihood = if self.speakers.speak(scene, &span) {
            self.with_word
        } else {
            self.alone
        };
        let likelihood = match hyphenated_on(text, &span) {
            false => Some(likelihood),
            true => less(likelihood),
        };
        if let Some(likelihood) = likelihood {
            sink.report(span, likelihood);
        }
    }
}

fn stands_alone(text: &[u8], span: &Range<usize>) -> bool {
    clean_front(text, span.start) && clean_back(text, span.end)
}

/// Whether it is the whole part of an amount. A lone `.0` is none: that is how an integer looks that
/// went through a column of floats.
fn has_fraction(text: &[u8], end: usize) -> bool {
    match text.get(end..) {
        Some([b'.', b'0', rest @ ..]) => rest.first().is_some_and(u8::is_ascii_digit),
        Some([b'.', digit, ..]) => digit.is_ascii_digit(),
        _ => false,
    }
}

/// Whether a plus stands before the cluster: it is a telephone number, country code first.
fn dialled(text: &[u8], cluster: &Cluster) -> bool {
    matches!(text.get(..cluster.start), Some([.., b'+']))
}

/// One step less likely; none is below possible.
pub(super) fn less(likelihood: Likelihood) -> Option<Likelihood> {
    match likelihood {
        Likelihood::Possible => None,
        Likelihood::Likely => Some(Likelihood::Possible),
        Likelihood::Certain => Some(Likelihood::Likely),
    }
}

/// Digits without their separators.
struct Joined {
    bytes: [u8; DIGITS_MAX],
    len: usize,
}

impl Joined {
    fn digits(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn joined(text: &[u8], span: &Range<usize>) -> Joined {
    let mut joined = Joined {
        bytes: [0; DIGITS_MAX],
        len: 0,
    };
    let digits = text
        .get(span.clone())
        .unwrap_or_default()
        .iter()
        .filter(|byte| byte.is_ascii_digit());
    for (place, digit) in joined.bytes.iter_mut().zip(digits) {
        *place = *digit;
        joined.len += 1;
    }
    joined
}

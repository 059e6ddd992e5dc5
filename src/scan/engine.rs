//! Brings a body and its fields together, and has every detector called on what the pass saw.
//!
//! Owns: the way from bytes to findings, and the scratch it needs. Refuses: to know a record format; a
//! field is a range that the caller vouches for. Stays true: only what lies wholly inside a field
//! is found, whatever the bytes around it are; after the first body of a size nothing is allocated
//! but room for findings.

use super::candidates::Kernel;
use super::context::Reader;
use super::custom::Custom;
use super::mask::Row;
use super::pass::{Pass, Scratch};
use super::views::{self, Plan, Replacement, Unreadable};
use super::{DETECTORS, Vocabulary};
use crate::chunk::{DetectorId, DetectorSet, Field, Finding};
use crate::limits;
use std::sync::Arc;

// Findings say where they are in 32 bits.
const _: () = assert!(limits::INFLATED_BYTES_MAX < u32::MAX as usize);

/// The detectors a policy asks for, ready to run. Immutable: any number of cores may share one.
#[derive(Clone)]
pub struct Engine {
    kernel: Kernel,
    vocabulary: Arc<Vocabulary>,
}

impl Engine {
    /// An engine for these detectors, on the fastest kernel this CPU has.
    pub fn new(set: DetectorSet) -> Engine {
        Engine::on(Kernel::best(), set)
    }

    /// An engine on a kernel of the caller's choice, for tests and benches.
    pub fn on(kernel: Kernel, set: DetectorSet) -> Engine {
        Engine::of(kernel, Vocabulary::new(set))
    }

    /// An engine for these detectors, of which some are the user's own: they have the ids that follow
    /// those of [`DETECTORS`](super::DETECTORS), in their order.
    pub fn with(own: Arc<[Custom]>, set: DetectorSet) -> Engine {
        Engine::of(Kernel::best(), Vocabulary::with(DETECTORS, own, set))
    }

    /// The name of a detector, built in or the user's own.
    pub fn name(&self, id: DetectorId) -> &str {
        self.vocabulary.name(id)
    }

    /// What masks have to know of a detector.
    pub(super) fn mask_row(&self, id: DetectorId) -> Option<Row<'_>> {
        let of_table = self.vocabulary.row(id).map(Row::of_table);
        of_table.or_else(|| self.vocabulary.custom(id).map(Row::of_user))
    }

    /// What it looks for.
    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// Reads words of a field on the spot.
    pub(super) fn reader<'a>(&'a self, text: &'a [u8]) -> Reader<'a> {
        let words = &self.vocabulary.words;
        Reader { words, text }
    }

    pub(super) fn of(kernel: Kernel, vocabulary: Vocabulary) -> Engine {
        Engine {
            kernel,
            vocabulary: Arc::new(vocabulary),
        }
    }

    /// Reads the fields of a body, which come in ascending order and do not touch: at least one byte
    /// lies between neighbours. Appends findings, ordered by start within each field. Says of the first field that
    /// cannot be read whole why that is.
    pub fn scan(
        &self,
        body: &[u8],
        fields: impl Iterator<Item = Field>,
        scratch: &mut Scratch,
        out: &mut Vec<Finding>,
    ) -> Option<Unreadable> {
        scratch.begin_body();
        self.pass(body, scratch, true).run(fields, out)
    }

    /// What is to be replaced in a field so that `findings` of it, whose spans count from its start, read
    /// as `plan` wants: it is given the text as it reads and what of the findings lies there, and
    /// returns ascending edits of that text. For findings that are escaped or encoded; others are passed over.
    pub fn rewrite(
        &self,
        text: &[u8],
        findings: &[Finding],
        scratch: &mut Scratch,
        plan: Plan<'_>,
    ) -> Vec<Replacement> {
        let (views, inner) = scratch.views();
        let mut scan = |body: &[u8], field: Field, out: &mut Vec<Finding>| {
            self.pass(body, inner, false)
                .run(std::iter::once(field), out);
        };
        views::rewrite_field(text, findings, views, &mut scan, plan)
    }

    fn pass<'a>(&'a self, body: &'a [u8], scratch: &'a mut Scratch, views: bool) -> Pass<'a> {
        Pass::new(self.kernel, &self.vocabulary, body, scratch, views)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::detector;
    use super::*;
    use crate::chunk::{Likelihood, Part};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    pub(in crate::scan) fn all_detectors() -> DetectorSet {
        super::super::every_detector()
    }

    pub(in crate::scan) fn field(start: usize, end: usize) -> Field {
        Field {
            record: 0,
            part: Part::Value,
            start: start as u32,
            end: end as u32,
        }
    }

    /// Made once: the vocabulary is large.
    static EVERYTHING: LazyLock<Engine> = LazyLock::new(|| Engine::new(all_detectors()));

    /// All findings of all detectors in a body of these fields.
    pub(in crate::scan) fn scan(body: &[u8], fields: &[Field]) -> Vec<Finding> {
        let (mut scratch, mut out) = (Scratch::new(), Vec::new());
        EVERYTHING.scan(body, fields.iter().copied(), &mut scratch, &mut out);
        out
    }

    /// What one detector finds in a text that is one field.
    pub(in crate::scan) fn found(name: &str, text: &str) -> Vec<(String, Likelihood)> {
        let id = detector(name).expect("a detector of that name");
        let all = scan(text.as_bytes(), &[field(0, text.len())])
            .into_iter()
            .filter(|f| f.detector == id);
        all.map(|f| {
            (
                text[f.start as usize..f.end as usize].to_owned(),
                f.likelihood,
            )
        })
        .collect()
    }

    #[test]
    fn digits_of_the_record_structure_do_not_hide_or_extend_a_number() {
        for number in ["4111111111111111", "536-90-4399", "4111 1111 1111 1111"] {
            for around in ["0", "24", "8 ", " ", "-", "1-", "9999 "] {
                let body = format!("{around}{number}{around}");
                let span = field(around.len(), around.len() + number.len());
                let out = scan(body.as_bytes(), &[span]);
                assert_eq!(out.len(), 1, "{body}");
                assert_eq!((out[0].start, out[0].end), (span.start, span.end), "{body}");
            }
        }
        let body = b"2ssn 5369043992";
        assert_eq!(scan(body, &[field(1, 14)]).len(), 1);
    }

    #[test]
    fn a_number_across_two_fields_is_none() {
        let body = b"4111111111111111";
        assert_eq!(scan(body, &[field(0, 8), field(8, 16)]), []);
        assert_eq!(scan(body, &[field(0, 15)]), []);
    }

    #[test]
    fn context_ends_at_the_field() {
        let body = b"ssn 536904399";
        assert_eq!(scan(body, &[field(0, 13)]).len(), 1);
        assert_eq!(scan(body, &[field(0, 4), field(4, 13)]), []);
    }

    #[test]
    fn findings_carry_their_field_and_come_in_order() {
        let body = b"k 536-90-4399|v 4111111111111111 and 536-90-4398|";
        let key = Field {
            record: 3,
            part: Part::Key,
            start: 0,
            end: 13,
        };
        let value = Field {
            record: 3,
            part: Part::Value,
            start: 14,
            end: 48,
        };
        let out = scan(body, &[key, value]);
        let seen: Vec<_> = out
            .iter()
            .map(|f| (f.record, f.part, f.start, f.detector.0))
            .collect();
        assert_eq!(
            seen,
            [
                (3, Part::Key, 2, 0),
                (3, Part::Value, 16, 1),
                (3, Part::Value, 37, 0)
            ]
        );
    }

    #[test]
    fn hostile_fields_are_passed_over() {
        let body = b"536-90-4399";
        assert_eq!(
            scan(
                body,
                &[field(5, 2), field(4, 4), field(0, 999), field(999, 1000)]
            ),
            []
        );
    }

    #[test]
    fn only_the_detectors_asked_for_run() {
        let mut cards = DetectorSet::default();
        cards.insert(detector("payment_card").expect("there"));
        let found = |set: DetectorSet, text: &[u8]| {
            let mut out = Vec::new();
            Engine::new(set).scan(
                text,
                [field(0, text.len())].into_iter(),
                &mut Scratch::new(),
                &mut out,
            );
            out.len()
        };
        assert_eq!(found(cards, b"536-90-4399"), 0);
        assert_eq!(found(DetectorSet::default(), b"4111111111111111"), 0);
        assert_eq!(found(cards, b"4111111111111111"), 1);
    }

    /// Cuts first and searches after: each field is a body of its own.
    fn field_by_field(body: &[u8], fields: &[Field]) -> Vec<Finding> {
        let alone = |f: &Field| {
            let text = &body[f.start as usize..f.end as usize];
            let inside = Field {
                start: 0,
                end: text.len() as u32,
                ..*f
            };
            let found = scan(text, &[inside]).into_iter();
            found
                .map(|x| Finding {
                    start: x.start + f.start,
                    end: x.end + f.start,
                    ..x
                })
                .collect::<Vec<_>>()
        };
        fields.iter().flat_map(alone).collect()
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            Just("536-90-4399".to_owned()),
            Just("536904399".to_owned()),
            Just("ssn".to_owned()),
            Just("4111111111111111".to_owned()),
            Just("4111 1111 1111 1111".to_owned()),
            Just("1700000000000".to_owned()),
            "[0-9 -]{1,6}",
            "[ -~]{0,4}",
        ]
    }

    proptest! {
        #[test]
        fn one_pass_over_the_body_equals_a_pass_per_field(
            pieces in proptest::collection::vec((piece(), any::<bool>()), 0..30)
        ) {
            let (mut body, mut fields, mut open) = (String::new(), Vec::new(), 0);
            for (piece, cut) in pieces {
                body.push_str(&piece);
                if cut {
                    fields.push(field(open, body.len()));
                    body.push_str(piece.get(..1).unwrap_or("7")); // structure, often a digit
                    open = body.len();
                }
            }
            fields.push(field(open, body.len()));
            prop_assert_eq!(scan(body.as_bytes(), &fields), field_by_field(body.as_bytes(), &fields));
        }

        #[test]
        fn any_bytes_are_survived(body in proptest::collection::vec(any::<u8>(), 0..600)) {
            scan(&body, &[field(0, body.len())]);
        }
    }
}

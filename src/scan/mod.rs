//! Finds regulated identifiers by what they are, not by what their field is called.
//!
//! ```text
//! body ─► candidates  one SIMD pass: clusters of digits that could be something
//!      ─► engine      clusters meet the fields they lie in, and are cut at their edges
//!      ─► us_ssn, payment_card, …   exact rules, checksums, context → findings
//!      ─► views       the same again for fields that spell or pack something otherwise
//!      ─► mask        findings overwritten in place, same length
//!      ─► sample      what a reviewer may see of a field
//! ```
//!
//! Owns: the detectors and the table that names them. Refuses: record formats (fields come in as
//! ranges), verdicts, I/O. Stays true: a body is read once however many detectors there are; time
//! is linear and memory bounded for any bytes; "digit" means an ASCII digit: of any other spelling
//! (`\u0031`, full-width, base64 …) a view is made first, in which it is one.

mod blank;
mod candidates;
mod checks;
mod cluster;
mod code;
mod context;
mod custom;
mod customs;
mod detector;
mod detectors;
mod edges;
mod engine;
mod explain;
mod heads;
mod inside;
mod look;
pub mod mask;
mod named;
mod own;
mod padded;
mod parts;
mod pass;
mod printed;
mod reach;
mod sample;
mod scene;
mod scope;
mod scopes;
mod settle;
mod starts;
mod tlds;
mod triggers;
#[cfg(test)]
mod twin;
mod values;
mod views;
mod vocabulary;
mod words;

pub use candidates::Kernel;
pub use custom::{Custom, CustomFault, Kind as CustomKind};
pub use detector::{Alphabet, Detector};
pub use detectors::DETECTORS;
pub use engine::Engine;
pub use explain::Explained;
pub use pass::Scratch;
pub use sample::{around, sample};
pub use views::{Fault, Plan, Replacement, Unreadable};

use crate::chunk::{DetectorId, DetectorSet};
use vocabulary::Vocabulary;

const _: () = assert!(
    DETECTORS.len() <= 64,
    "room for the user's own in a DetectorSet"
);

/// Every built-in detector.
pub fn every_detector() -> DetectorSet {
    (0..DETECTORS.len())
        .map(|index| DetectorId(index as u8))
        .collect()
}

/// The detector with this name.
pub fn detector(name: &str) -> Option<DetectorId> {
    DETECTORS
        .iter()
        .position(|detector| detector.name == name)
        .map(|index| DetectorId(index as u8))
}

impl Detector {
    /// Whether it looks only at what stands beside one of its keywords.
    pub fn needs_keyword(&self) -> bool {
        let by_word =
            |trigger: &detector::Trigger| matches!(trigger, detector::Trigger::Keyword(_));
        self.triggers.iter().all(by_word)
    }

    /// The detector behind an id; none for an id that was not made by [`detector`].
    pub fn of(id: DetectorId) -> Option<&'static Detector> {
        DETECTORS.get(usize::from(id.0))
    }
}

#[cfg(test)]
mod corpora;
#[cfg(test)]
mod corpora_texts;
#[cfg(test)]
mod equivalence;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod placed;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_ids_and_back() {
        for (index, row) in DETECTORS.iter().enumerate() {
            let id = detector(row.name).expect("a row is found by its name");
            assert_eq!(
                usize::from(id.0),
                index,
                "two rows share the name {}",
                row.name
            );
            assert!(Detector::of(id).is_some_and(|found| found.name == row.name));
        }
        assert_eq!(detector("no_such"), None);
        assert!(Detector::of(DetectorId(200)).is_none());
    }
}

//! Hides findings: what stands in their place, and which bytes of a body change for it.
//!
//! ```text
//! findings × masks ─► plan     field by field, overlapping ones together
//!                     ├ place    what holds it: string, name, number, text
//!                     ├ fill     full, keep_first, keep_last: in place of each character
//!                     ├ number   the same for JSON numbers, which stay numbers
//!                     ├ token    keyed HMAC          ┐ keys
//!                     ├ preserve FF1                 ┘
//!                     ├ packed   what is escaped or encoded, as it reads
//!                     ├ again    a second look at the field
//!                     └─► Edits ─► apply_in_place, or splice into a new body
//! ```
//!
//! Owns: the styles, and what each makes of a finding. Refuses: records and batches; which findings are
//! masked (`policy` says). Stays true:
//! - separators stay where characters are overwritten; JSON stays JSON;
//! - no detector that fired fires on the masked text, at a likelihood that was masked.
//!   Format-preserving encryption is the named exception: its results look valid by purpose;
//! - a style that cannot be had for a finding (too short to encrypt, no member to remove, a field
//!   whose format is not known well enough to change its length) becomes a full mask, never none.
//!
//! What masks leave is no value by itself; what comes to light around them is found by a second look at
//! each field that was masked (`again`).

mod again;
mod edits;
mod fill;
mod fired;
mod foreign;
mod group;
mod keys;
#[cfg(test)]
mod laws;
mod nearby;
mod number;
mod packed;
mod place;
mod plan;
mod preserve;
mod replacement;
mod row;
mod style;
#[cfg(test)]
mod tests;
mod token;
mod units;
mod walk;

pub use edits::{Edit, Edits, apply_in_place, splice};
pub use keys::MaskKeys;
pub use plan::{Masker, Order};
pub use replacement::replacement_fault;
pub(super) use row::Row;
pub use style::{JsonNumber, Mask, MaskStyle};
#[cfg(test)]
pub(super) use tests::{masked_as, orders};

use super::Detector;

/// Whether this detector's values can be encrypted format-preservingly at all; one that is shorter
/// than the style allows is masked in full all the same.
pub fn can_preserve_format(detector: &Detector) -> bool {
    preserve::radix_of(detector.alphabet).is_some()
}

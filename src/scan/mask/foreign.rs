//! Findings that are not written as they are: escaped, encoded, packed.
//!
//! Owns: what is done to their bytes until those who decode them say more. Refuses: to shorten or
//! lengthen what is encoded. Stays true: none of the value's bytes is left.
//!
//! - [`Form::Escaped`]: every byte becomes `X`.
//! - [`Form::Encoded`]: every character but `=` and what is not printable becomes `A`: zero bits in base64,
//!   a digit in hex, a letter in UTF-16, so that the text still decodes. What is not text (gzip) is zeroed,
//!   and does not.
//! - [`Form::Packed`]: zeroed. A number of a schema's format is better replaced by whoever reads that.

use super::units::MASKED;
use crate::chunk::Form;

/// Overwrites a finding of this form.
pub(super) fn overwrite(text: &mut [u8], form: Form) {
    match form {
        Form::Plain | Form::Escaped => text.fill(MASKED),
        Form::Packed => text.fill(0),
        Form::Encoded => text.iter_mut().for_each(|byte| {
            *byte = match *byte {
                b'=' | b' ' | b'\t' | b'\r' | b'\n' => *byte,
                0x21..=0x7e => b'A',
                _ => 0,
            }
        }),
    }
}

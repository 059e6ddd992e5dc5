//! JSON objects and arrays that a word names.
//!
//! Owns: where `"ssn": {` … `}` and `"phones": [` … `]` begin and end. Refuses: a JSON parser; brackets
//! and strings are all it knows. Stays true: linear in the bytes looked over; text that is not JSON
//! gets an answer too, a container that never closes reaches to the end.

use std::ops::Range;

/// White space between a name and what it names.
pub(super) const GAP_BYTES_MAX: usize = 16;

/// The inside of the object or array whose name has a word that ends at `word_end`. The name may go
/// on for some letters after the word (`"ssn_of_holder": {`).
pub(super) fn named_container(text: &[u8], word_end: usize) -> Option<Range<usize>> {
    let rest = text.get(word_end..)?;
    let in_name = |byte: &&u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b' ' | b'#')
    };
    let name = rest.iter().take(GAP_BYTES_MAX).take_while(in_name).count();
    let rest = rest.get(name..)?.strip_prefix(b"\"")?;
    let colon = space(rest);
    let rest = rest.get(colon..)?.strip_prefix(b":")?;
    let open = space(rest);
    let start = word_end + name + 1 + colon + 1 + open + 1;
    matches!(text.get(start - 1), Some(b'{' | b'[')).then(|| start..end_of(text, start))
}

fn space(text: &[u8]) -> usize {
    text.iter()
        .take(GAP_BYTES_MAX)
        .take_while(|byte| byte.is_ascii_whitespace())
        .count()
}

/// Where what opened right before `at` closes.
fn end_of(text: &[u8], mut at: usize) -> usize {
    let (mut depth, mut in_string) = (1usize, false);
    while let Some(byte) = text.get(at) {
        match (byte, in_string) {
            (b'\\', true) => at += 1,
            (b'"', _) => in_string = !in_string,
            (b'{' | b'[', false) => depth += 1,
            (b'}' | b']', false) => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
        at += 1;
    }
    text.len()
}

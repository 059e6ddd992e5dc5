//! What a finding is part of: a JSON string, name or number, or text of no structure.
//!
//! Owns: that question, for the findings of one field in ascending order. Refuses: Avro and Protobuf,
//! whose values have lengths in front (`walk`). Stays true: of a field that is JSON the answer is
//! exact; in any other text a number is known as one by the few bytes around it, which is enough to
//! keep its length and not enough to change it.

use super::nearby::{is_plain_text, json_number};
use crate::schema::json::{Kind, Removals, Walker, looks_like_json};
use std::ops::Range;

/// What holds a span. Ranges are the field's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// A JSON string, or the name of a member: its inside.
    String {
        content: Range<usize>,
        is_name: bool,
    },
    /// A JSON number: the whole token, and its integer part, or all but the sign where the span has more
    /// than that.
    Number {
        token: Range<usize>,
        digits: Range<usize>,
        /// Whether the field is JSON, so that quotes may be put around it.
        exact: bool,
    },
    /// Text without structure.
    Text,
    /// More than one token of a JSON text.
    Across,
}

/// One field, looked at from its start to its end.
pub(super) struct Ground<'t> {
    text: &'t [u8],
    /// The walk over the JSON text, and where that starts in the field.
    json: Option<(usize, Walker<'t>)>,
    removals: Removals,
}

/// Confluent's framing in front of a payload: a zero and the schema's number.
const FRAMING_BYTES: usize = 5;

impl<'t> Ground<'t> {
    pub(super) fn new(text: &'t [u8]) -> Ground<'t> {
        let framed = text.first() == Some(&0) && text.len() > FRAMING_BYTES;
        let at = if framed { FRAMING_BYTES } else { 0 };
        let payload = text.get(at..).unwrap_or_default();
        let json = looks_like_json(payload).then(|| (at, Walker::new(payload)));
        Ground {
            text,
            json,
            removals: Removals::default(),
        }
    }

    /// Whether bytes may be put in or left out without a word to whoever frames them.
    pub(super) fn is_elastic(&self) -> bool {
        self.json.is_some() || is_plain_text(self.text)
    }

    /// What holds this span. Spans ascend.
    pub(super) fn hold(&mut self, span: &Range<usize>) -> Held {
        let Some((at, walker)) = &mut self.json else {
            return unstructured(self.text, span);
        };
        let Some(place) = walker.seek(span.start.saturating_sub(*at)) else {
            return Held::Across;
        };
        let shift = |range: Range<usize>| range.start + *at..range.end + *at;
        let (token, content) = (shift(place.token().span()), shift(place.content()));
        match place.kind() {
            Kind::Text | Kind::Name if covers(&content, span) => Held::String {
                content,
                is_name: place.kind() == Kind::Name,
            },
            Kind::Number if covers(&token, span) => match integer_part(self.text, &token) {
                Some(integer) => Held::Number {
                    digits: match covers(&integer, span) {
                        true => integer,
                        false => integer.start..token.end,
                    },
                    token,
                    exact: true,
                },
                None => Held::Text,
            },
            Kind::Word | Kind::Number if !has_structure(self.text, span) => Held::Text,
            _ => Held::Across,
        }
    }

    /// The edit that takes out the field that holds this span: what goes, and what comes. The span is
    /// the one that was asked about last. None where no field of JSON holds it.
    pub(super) fn remove(&mut self, span: &Range<usize>) -> Option<(Range<usize>, &'static [u8])> {
        let (at, walker) = self.json.as_mut()?;
        let place = walker.seek(span.start.checked_sub(*at)?)?;
        let edit = self.removals.remove(&place)?;
        Some((edit.span.start + *at..edit.span.end + *at, edit.with))
    }

    /// The tokens that a span has a part in, each with the part.
    pub(super) fn parts(&mut self, span: &Range<usize>) -> Vec<(Kind, Range<usize>)> {
        let Some((at, walker)) = &mut self.json else {
            return vec![(Kind::Word, span.clone())];
        };
        let (mut parts, mut next) = (Vec::new(), span.start.max(*at));
        while next < span.end {
            let Some(place) = walker.seek(next - *at) else {
                next += 1; // white space
                continue;
            };
            let content = place.content();
            let part = span.start.max(content.start + *at)..span.end.min(content.end + *at);
            let token = place.token().start + *at..place.token().end + *at;
            let kind = match place.kind() {
                Kind::Number if integer_part(self.text, &token).is_none() => Kind::Word,
                kind => kind,
            };
            next = token.end;
            if !part.is_empty() {
                parts.push((kind, part));
            }
        }
        parts
    }
}

/// Whether a span has more than one token of JSON in it: numbers and words side by side are no JSON.
fn has_structure(text: &[u8], span: &Range<usize>) -> bool {
    let bytes = text.get(span.clone()).unwrap_or_default();
    bytes.iter().any(|byte| b"\"{}[],:".contains(byte))
}

/// Whether all of `inner` lies in `outer`.
pub(super) fn covers(outer: &Range<usize>, inner: &Range<usize>) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// What a span is in a text that is no JSON, by the bytes around it.
fn unstructured(text: &[u8], span: &Range<usize>) -> Held {
    match json_number(text, span) {
        Some(token) => Held::Number {
            token,
            digits: span.clone(),
            exact: false,
        },
        None => Held::Text,
    }
}

/// The digits before the point and the exponent, if the token is a number by RFC 8259 §6.
fn integer_part(text: &[u8], token: &Range<usize>) -> Option<Range<usize>> {
    let bytes = text.get(token.clone())?;
    let start = usize::from(bytes.first() == Some(&b'-'));
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
    };
    let integer = start..digits(start);
    let mut at = integer.end;
    let mut sound = !integer.is_empty() && (bytes[start] != b'0' || integer.len() == 1);
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        sound &= end > at + 1;
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let signed = matches!(bytes.get(at + 1), Some(b'+' | b'-'));
        let from = at + 1 + usize::from(signed);
        let end = digits(from);
        sound &= end > from;
        at = end;
    }
    let whole = sound && at == bytes.len();
    whole.then(|| integer.start + token.start..integer.end + token.start)
}

/// Whether a text is one JSON number.
pub(super) fn is_number(text: &str) -> bool {
    integer_part(text.as_bytes(), &(0..text.len())).is_some()
}

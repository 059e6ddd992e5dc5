//! Where a finding is, as people and rules write it: `customer.ssn`, `phones[3]`.
//!
//! Owns: the way from a place in a text to its path. Refuses: values: a name that may be one is shown by its
//! length alone (`schema::path`). Stays true: one walk serves all findings of a field, which ascend.

use super::{Told, Walker};
use crate::schema::field_path::FieldPath;
use crate::schema::json::{self, looks_like_json};
use crate::schema::path::{self, Element, Name};

/// The paths of one field.
pub struct Paths<'t> {
    json: Option<json::Walker<'t>>,
    /// Where the JSON text starts.
    skipped: usize,
    /// Of a field that has a text: the walker, and where in its text the field's begins.
    told: Option<(&'t Walker, u32)>,
}

impl<'t> Paths<'t> {
    /// Those of a field as it lies; there are some where it is JSON.
    pub fn of_bytes(bytes: &'t [u8]) -> Paths<'t> {
        let skipped = json::start(bytes);
        let text = bytes.get(skipped..).filter(|text| looks_like_json(text));
        Paths {
            json: text.map(json::Walker::new),
            skipped,
            told: None,
        }
    }

    /// Those of a field that has a text.
    pub fn of_text(walker: &'t Walker, told: &Told) -> Paths<'t> {
        let text = told.text.start as usize..told.text.end as usize;
        Paths {
            json: Some(json::Walker::new(
                walker.text().get(text).unwrap_or_default(),
            )),
            skipped: 0,
            told: Some((walker, told.text.start)),
        }
    }

    /// The path of what begins here, counted from the field's first byte; places ascend. Empty where there is
    /// none.
    pub fn at(&mut self, at: usize) -> String {
        let place = at.checked_sub(self.skipped);
        let place = place.and_then(|at| self.json.as_mut()?.seek(at));
        let Some(place) = place else {
            return String::new();
        };
        let told = self.told;
        path::shown(place.elements().map(|element| numbered(element, told)))
    }
}

impl Paths<'_> {
    /// The same place as the names that rules compare. Empty where the field is no JSON; unknown where it is
    /// and this begins no part of it.
    pub(super) fn read(&mut self, at: usize, path: &mut FieldPath) {
        let told = self.told;
        let Some(json) = self.json.as_mut() else {
            return path.clear();
        };
        let place = at.checked_sub(self.skipped).and_then(|at| json.seek(at));
        match place {
            None => path.unknown(),
            Some(place) => path.read(place.elements().map(|element| numbered(element, told))),
        }
    }
}

/// A field's number, where a schema's name would stand; the key of a map stays a name.
fn numbered<'e>(element: Element<'e>, told: Option<(&Walker, u32)>) -> Element<'e> {
    let (Element::Name(name), Some((walker, base))) = (&element, told) else {
        return element;
    };
    let Some(span) = Name::span(name) else {
        return element;
    };
    let span = base + span.start as u32..base + span.end as u32;
    let digits = std::str::from_utf8(name.raw()).ok();
    match digits.and_then(|digits| digits.parse().ok()) {
        Some(number) if walker.rendition.pieces_in(&span).is_empty() => Element::Number(number),
        _ => element,
    }
}

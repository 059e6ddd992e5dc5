//! The values of fields that the user's detectors name.
//!
//! ```text
//! name seen by the pass ─► value_of   what follows it, where it stands
//! end of the field      ─► check      one walk over the JSON text: paths, objects, arrays
//! ```
//!
//! Owns: what is the value of a name, and whether a path leads to it. Refuses: `null`, `true` and
//! `false`: there is nothing in them to find. Stays true: the walk is made only where a name was seen that
//! needs it, once for all of them; where a text is too broken to tell, the last name of a path is enough.

use super::custom::last_name;
use super::look::Here;
use super::settle::Found;
use crate::chunk::DetectorId;
use crate::schema::json::{self, Kind, Place, Quotes, Walker};
use crate::schema::path::{Element, Name};
use std::ops::Range;

/// Detectors and the paths of each.
pub(super) type Fields = [(DetectorId, Vec<String>)];

/// The value of the field whose whole name is `name`, or, with what stands before it, one of `paths`: in
/// JSON without its quotes; in `name=value`, `name: value` and `<name>value<` up to what ends it. Of an
/// object or array the bracket that opens it: `check` looks into it.
pub(super) fn value_of(text: &[u8], name: &Range<usize>, paths: &[String]) -> Option<Range<usize>> {
    let start = start_of_flat(text, name, paths);
    let before = text[..start].last();
    let rest = text.get(name.end..)?;
    if let (Some(b'"'), Some(after)) = (before, rest.strip_prefix(b"\"")) {
        let after = after.trim_ascii_start().strip_prefix(b":")?;
        let after = after.trim_ascii_start();
        return json_value(text, text.len() - after.len());
    }
    if before.is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
    {
        return None;
    }
    let after = match rest.first()? {
        b'=' | b'>' => &rest[1..],
        b':' => rest[1..].trim_ascii_start(),
        _ => return None,
    };
    let start = text.len() - after.len();
    if opens(text, start) {
        return Some(start..start + 1);
    }
    let ends = |byte: &u8| {
        byte.is_ascii_whitespace() || matches!(byte, b',' | b';' | b'&' | b'<' | b'"' | b'\'')
    };
    let len = after.iter().position(ends).unwrap_or(after.len());
    (len > 0).then(|| start..start + len)
}

/// Where the name begins, or all of a path that stands there with its dots.
fn start_of_flat(text: &[u8], name: &Range<usize>, paths: &[String]) -> usize {
    let starts = paths.iter().filter_map(|path| {
        let start = name.end.checked_sub(path.len())?;
        let same = text
            .get(start..name.end)?
            .eq_ignore_ascii_case(path.as_bytes());
        same.then_some(start)
    });
    starts.fold(name.start, usize::min)
}

/// A string without its quotes, a number, or the bracket that opens what holds others.
fn json_value(text: &[u8], start: usize) -> Option<Range<usize>> {
    let value = text.get(start..)?;
    if opens(text, start) {
        return Some(start..start + 1);
    }
    if let Some(string) = value.strip_prefix(b"\"") {
        let mut escaped = false;
        let end = string.iter().position(|byte| {
            let ends = *byte == b'"' && !escaped;
            escaped = *byte == b'\\' && !escaped;
            ends
        });
        let len = end.unwrap_or(string.len());
        return (len > 0).then(|| start + 1..start + 1 + len);
    }
    let number =
        |byte: &&u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
    let len = value.iter().take_while(number).count();
    (len > 0).then(|| start..start + len)
}

fn opens(text: &[u8], at: usize) -> bool {
    matches!(text.get(at), Some(b'{' | b'['))
}

/// Settles what `value_of` could not: drops values whose path is another, and puts what is in an object
/// or array in its place. Called at the field's end.
pub(super) fn check(fields: &Fields, here: &Here<'_>, found: &mut Vec<Found>) {
    let base = here.field.start as usize;
    let asks = |found: &Found| {
        let paths = paths_of(fields, found.finding.detector);
        let dotted = paths.iter().any(|path| path.contains('.'));
        !paths.is_empty() && (dotted || opens(here.text, found.finding.start as usize - base))
    };
    if !found.iter().any(asks) {
        return;
    }
    let mut pending: Vec<Found> = found.iter().copied().filter(asks).collect();
    found.retain(|found| !asks(found));
    pending.sort_by_key(|found| found.finding.start);
    let check = Check {
        fields,
        text: here.text,
        base,
        open: Vec::new(),
        covered: Vec::new(),
        found,
    };
    check.run(&pending);
}

fn paths_of(fields: &Fields, detector: DetectorId) -> &[String] {
    let own = fields.iter().find(|(id, _)| *id == detector);
    own.map_or(&[], |(_, paths)| paths)
}

/// One walk.
struct Check<'a> {
    fields: &'a Fields,
    text: &'a [u8],
    /// Where the field begins in the body.
    base: usize,
    /// Objects and arrays whose scalars are all findings, with the depth inside.
    open: Vec<(Found, usize)>,
    /// Up to where objects that could not be walked are findings as a whole, by detector.
    covered: Vec<(DetectorId, usize)>,
    found: &'a mut Vec<Found>,
}

impl Check<'_> {
    fn run(mut self, pending: &[Found]) {
        let skipped = json::start(self.text);
        let mut walker = Walker::new(self.text.get(skipped..).unwrap_or_default());
        let mut next = pending.iter().peekable();
        while next.peek().is_some() || !self.open.is_empty() {
            let Some(place) = walker.next_token() else {
                break;
            };
            let end = skipped + place.token().end;
            while let Some(one) = next.next_if(|one| self.start(one) < end) {
                self.place(one, &place, skipped);
            }
            self.step(&place, skipped);
        }
        next.for_each(|one| self.unplaced(one));
    }

    /// First byte in the field.
    fn start(&self, one: &Found) -> usize {
        one.finding.start as usize - self.base
    }

    /// The token at hand is the first that ends behind this one's start.
    fn place(&mut self, one: &Found, place: &Place<'_>, skipped: usize) {
        let (start, token) = (self.start(one), place.token());
        // A quote that is never closed, or that may be an apostrophe, hides what comes after it.
        let quote = self.text.get(skipped + token.start);
        let stray = token.quotes != Quotes::None
            && (token.quotes == Quotes::Opening || quote == Some(&b'\''));
        if start < skipped + token.start || stray {
            return self.unplaced(one);
        }
        let whole = start == skipped + place.content().start;
        let fits = || {
            let paths = paths_of(self.fields, one.finding.detector).iter();
            let name = place.name();
            let likely = |path: &&String| name.is_none_or(|name| ends_like(&name, path));
            paths.filter(likely).any(|path| leads_to(path, place))
        };
        match place.kind() {
            Kind::Open if whole && fits() => self.open.push((*one, place.depth())),
            kind if kind.is_scalar() && whole && fits() => self.found.push(*one),
            // Outside all objects, or within a string: `"note": "person.bonus=5"`.
            kind if kind.is_scalar() && self.is_flat(one) => {
                let end = match opens(self.text, start) {
                    true => skipped + place.content().end,
                    false => one.finding.end as usize - self.base,
                };
                self.push(one, start..end);
            }
            _ => {}
        }
    }

    /// Reports the token if it lies in something open, and closes what it closes.
    fn step(&mut self, place: &Place<'_>, skipped: usize) {
        if self.open.is_empty() {
            return;
        }
        if place.kind() == Kind::Close {
            self.open.retain(|(_, depth)| *depth <= place.depth());
            return;
        }
        let content = place.content();
        let content = skipped + content.start..skipped + content.end;
        let text = self.text.get(content.clone()).unwrap_or_default();
        let empty = text.is_empty() || matches!(text, b"null" | b"true" | b"false");
        if place.kind().is_scalar() && !empty {
            for at in 0..self.open.len() {
                let (one, _) = self.open[at];
                self.push(&one, content.clone());
            }
        }
    }

    /// The walk cannot tell where this is.
    fn unplaced(&mut self, one: &Found) {
        let start = self.start(one);
        if !opens(self.text, start) {
            return self.found.push(*one);
        }
        let detector = one.finding.detector;
        let known = self.covered.iter().position(|(id, _)| *id == detector);
        if known.is_some_and(|at| self.covered[at].1 > start) {
            return;
        }
        let end = json::container_end(self.text, start);
        match known {
            Some(at) => self.covered[at].1 = end,
            None => self.covered.push((detector, end)),
        }
        self.push(one, start..end);
    }

    /// Whether the value stands behind a whole path with dots, or behind a name without any.
    fn is_flat(&self, one: &Found) -> bool {
        let before = self.text.get(..self.start(one)).unwrap_or_default();
        let before = before.trim_ascii_end();
        let before = before
            .strip_suffix(b"\"")
            .unwrap_or(before)
            .trim_ascii_end();
        let Some((b'=' | b'>' | b':', before)) = before.split_last() else {
            return false;
        };
        let before = before.trim_ascii_end();
        let before = before.strip_suffix(b"\"").unwrap_or(before);
        paths_of(self.fields, one.finding.detector)
            .iter()
            .any(|path| {
                let start = before.len().checked_sub(path.len());
                let tail = start.and_then(|start| before.get(start..));
                tail.is_some_and(|tail| tail.eq_ignore_ascii_case(path.as_bytes()))
            })
    }

    fn push(&mut self, like: &Found, span: Range<usize>) {
        let mut one = *like;
        one.finding.start = (self.base + span.start) as u32;
        one.finding.end = (self.base + span.end) as u32;
        self.found.push(one);
    }
}

/// Whether the way to a token ends with the path. A name may itself have dots; indexes do not count. Where
/// levels are too deep to be named, it does.
fn leads_to(path: &str, place: &Place<'_>) -> bool {
    let is_name = |element: &Element<'_>| matches!(element, Element::Name(_) | Element::Cut);
    let count = place.elements().filter(is_name).count();
    let most = path.split('.').count().min(count);
    let last = |names: usize| place.elements().filter(is_name).skip(count - names);
    (1..=most).any(|names| {
        let cut = last(names).any(|name| matches!(name, Element::Cut));
        cut || joined_is(last(names), path)
    })
}

/// Whether the name's last part is that of the path: most are told apart here.
fn ends_like(name: &Name<'_>, path: &str) -> bool {
    let wanted = last_name(path);
    let count = name.chars().count();
    let tail = name.chars().skip(count.saturating_sub(wanted.len()));
    tail.map(|(_, c)| c.to_ascii_lowercase()).eq(wanted.chars())
}

fn joined_is<'e>(names: impl Iterator<Item = Element<'e>>, path: &str) -> bool {
    let mut wanted = path.chars();
    for (at, element) in names.enumerate() {
        let Element::Name(name) = element else {
            return false;
        };
        let dot = (at > 0).then_some('.');
        let mut chars = dot.into_iter().chain(name.chars().map(|(_, c)| c));
        if !chars.all(|c| wanted.next() == Some(c.to_ascii_lowercase())) {
            return false;
        }
    }
    wanted.next().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::engine::tests::field;
    use super::super::{Custom, DETECTORS, Engine, Scratch};
    use crate::chunk::{DetectorId, DetectorSet};
    use proptest::prelude::*;
    use std::time::{Duration, Instant};

    fn found_in(paths: &[&str], text: &[u8]) -> Vec<String> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let own = Custom::fields("pay".into(), &paths).unwrap();
        let mut set = DetectorSet::default();
        set.insert(DetectorId(DETECTORS.len() as u8));
        let engine = Engine::with([own].into(), set);
        let mut out = Vec::new();
        let whole = [field(0, text.len())].into_iter();
        engine.scan(text, whole, &mut Scratch::new(), &mut out);
        let text = |f: &crate::chunk::Finding| {
            String::from_utf8_lossy(&text[f.start as usize..f.end as usize]).into_owned()
        };
        out.iter().map(text).collect()
    }

    #[test]
    fn a_name_alone_is_found_anywhere() {
        let text = br#"{"a":{"Salary":1},"b":[{"salary":"two"},{"salary":-3.5}],"unsalary":4,"salary":null}"#;
        assert_eq!(found_in(&["salary"], text), ["1", "two", "-3.5"]);
        let line = b"time=3 salary=5000&x=1 SALARY: 7, <salary>9</salary> my-salary=1";
        assert_eq!(found_in(&["salary"], line), ["5000", "7", "9"]);
    }

    #[test]
    fn a_path_must_lead_to_it() {
        let text = br#"{"person":{"bonus":1,"x":{"bonus":2}},"team":{"bonus":3},"persons":[{"person":[{"bonus":4}]}],
            "bonus":5,"my":{"person":{"Bonus":"6"}},"not person":{"bonus":7}}"#;
        assert_eq!(found_in(&["person.bonus"], text), ["1", "4", "6"]);
        assert_eq!(found_in(&["x.bonus", "team.bonus"], text), ["2", "3"]);
        let flat = br#"{"person.bonus":1,"other.bonus":2,"note":"person.bonus=3 team.bonus=4","m":{"a.person":{"bonus":8}}}"#;
        assert_eq!(found_in(&["person.bonus"], flat), ["1", "3"]);
        let lines = b"person.bonus=5000 other.bonus=1 person.bonus: 7";
        assert_eq!(found_in(&["person.bonus"], lines), ["5000", "7"]);
    }

    #[test]
    fn of_what_holds_others_each_scalar_is_one() {
        let text =
            br#"{"pay":{"base":1,"more":["a",{"b":null,"c":"d"}],"ok":true},"other":9,"pay":[]}"#;
        assert_eq!(found_in(&["pay"], text), ["1", "a", "d"]);
        assert_eq!(found_in(&["x.pay"], text), [""; 0]);
        let nested = br#"{"pay":{"pay":{"pay":[7]}}}"#;
        assert_eq!(found_in(&["pay"], nested), ["7"]);
    }

    #[test]
    fn a_schema_id_before_the_text_hides_nothing() {
        let mut text = b"\0\0\0\0\x07".to_vec();
        text.extend_from_slice(br#"{"person":{"bonus":1},"x":{"bonus":2}}"#);
        assert_eq!(found_in(&["person.bonus"], &text), ["1"]);
    }

    #[test]
    fn a_broken_text_is_judged_by_the_last_name() {
        let text = br#"'tis {"x":{"bonus":2}, "bonus": {"a":1}}"#;
        assert_eq!(found_in(&["person.bonus"], text), ["2", r#"{"a":1}"#]);
    }

    #[test]
    fn nesting_costs_no_more_than_its_length() {
        for unit in [r#"{"bonus":"#, r#"[{"bonus":["#, r#"'{"bonus":"#] {
            let text = unit.repeat(20_000);
            let begun = Instant::now();
            found_in(&["person.bonus", "bonus"], text.as_bytes());
            assert!(begun.elapsed() < Duration::from_secs(5), "{unit}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "\"bonus\"", "bonus", ":", "=", "{", "}", "[", "]", ",", "\"", "'", "person.", " 5", "\"x\"", "\\", "null",
            ]), 0..40),
        ) {
            let text = pieces.concat();
            for found in found_in(&["person.bonus", "bonus"], text.as_bytes()) {
                prop_assert!(!found.is_empty());
            }
        }
    }
}

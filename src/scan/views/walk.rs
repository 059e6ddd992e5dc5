//! One pass over a text that takes one layer of spelling and packing off.
//!
//! Owns: the order in which decoders are asked, and the stretches that a long text is read in. Refuses: to
//! decode by itself. Stays true: each decoder looks at a bounded number of bytes before it decides, and
//! what it decodes is passed over, so time is linear; what is not decoded is copied as it is, and only
//! where something is.

use super::character::{Meaning, Spelling, spelled};
use super::deflate::{Inflater, Stream};
use super::map::{Kind, Layer, Unit};
use super::packed::{self, Packing};
use super::scout::Scout;
use super::{Fault, base64, claims, hex, markup, number, wide};
use crate::limits;
use std::ops::Range;

/// Decoded bytes of one stretch: fits a core's cache with what it was read from.
const STRETCH_BYTES: usize = 256 * limits::KIB;

/// What the passes over one field share.
#[derive(Default)]
pub(super) struct Tools {
    pub(super) inflater: Inflater,
    /// The first thing that could not be read.
    pub(super) fault: Option<Fault>,
}

impl Tools {
    /// Notes what cannot be read.
    pub(super) fn note(&mut self, fault: Option<Fault>) {
        self.fault = self.fault.or(fault);
    }
}

/// A pass under way.
struct Pass<'a> {
    text: &'a [u8],
    layer: &'a mut Layer,
    tools: &'a mut Tools,
    /// What lies before is in the layer.
    copied: usize,
    scout: Scout<'a>,
    /// What is looked at; the rest is copied.
    windows: &'a [Range<u32>],
}

/// Decodes one stretch of the text into `layer`, as far as it lies in one of the windows, which ascend.
pub(super) fn stretch(
    text: &[u8],
    windows: &[Range<u32>],
    from: Start,
    layer: &mut Layer,
    tools: &mut Tools,
) -> Stretch {
    layer.begin(from.at);
    if from.at == 0 {
        tools.note(claims::unreadable(text).map(Fault::Foreign));
    }
    let mut pass = Pass {
        text,
        layer,
        tools,
        copied: from.at,
        scout: Scout::new(text),
        windows,
    };
    let mut at = from.at;
    loop {
        let limit = pass.limit(at);
        match pass.next(at, limit) {
            Some(place) => at = pass.place(place),
            None => {
                at = limit;
                break;
            }
        }
    }
    pass.copy(at);
    if at == text.len() {
        return Stretch {
            sure: from.sure..at + 1,
            next: None,
        };
    }
    let next = resume(layer, at, from.at);
    Stretch {
        sure: from.sure..next.sure,
        next: Some(next),
    }
}

/// Where a stretch begins.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Start {
    /// First byte read.
    pub(super) at: usize,
    /// What begins before this is the business of the stretch before.
    sure: usize,
}

/// What a stretch covers.
#[derive(Clone, Debug)]
pub(super) struct Stretch {
    /// What begins here is seen whole, as long as it is half an overlap at most.
    pub(super) sure: Range<usize>,
    /// Where the next one begins; none: this was the last.
    pub(super) next: Option<Start>,
}

/// The next stretch sees the end of this one again, unless that end was packed in one: what is packed is whole
/// by itself.
fn resume(layer: &Layer, at: usize, from: usize) -> Start {
    let back = |bytes: usize| layer.source_of(layer.text.len().saturating_sub(bytes));
    // Units that decode to nothing must not hold a stretch at its place.
    let half = layer
        .units
        .get(layer.units.len() / 2)
        .map_or(0, |unit| unit.start as usize);
    let start = back(limits::VIEW_OVERLAP_BYTES)
        .max(half)
        .clamp(from + 1, at);
    let sure = back(limits::VIEW_OVERLAP_BYTES / 2).clamp(start, at);
    Start { at: start, sure }
}

impl Pass<'_> {
    /// The first place worth a look from `at` on, before `limit`.
    fn next(&mut self, at: usize, limit: usize) -> Option<usize> {
        while let Some((window, rest)) = self.windows.split_first() {
            let (start, end) = (window.start as usize, window.end as usize);
            if start >= limit {
                return None;
            }
            if let Some(place) = self.scout.next(at.max(start), limit.min(end)) {
                return Some(place);
            }
            if end > limit {
                return None;
            }
            self.windows = rest;
        }
        None
    }

    /// Where the stretch ends, when nothing more is decoded from `at` on.
    fn limit(&self, at: usize) -> usize {
        if self.layer.units.len() >= limits::VIEW_UNITS_MAX {
            return at;
        }
        let room = STRETCH_BYTES.saturating_sub(self.layer.text.len());
        (self.copied + room).clamp(at, self.text.len())
    }

    /// Everything up to `to` is as it was.
    fn copy(&mut self, to: usize) {
        if to == self.copied {
            return;
        }
        self.layer
            .text
            .extend_from_slice(self.text.get(self.copied..to).unwrap_or_default());
        self.copied = to;
    }

    /// The layer's text from `before` on is what `start..end` means.
    fn unit(&mut self, before: usize, start: usize, end: usize, kind: Kind) -> usize {
        let (from, to) = (before as u32, self.layer.text.len() as u32);
        self.layer.push(Unit {
            from,
            to,
            start: start as u32,
            end: end as u32,
            kind,
        });
        self.copied = end;
        end
    }

    /// Something may begin here; where to go on.
    fn place(&mut self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let next = match rest.first() {
            Some(0x1f) => self.gzip(at),
            Some(b'<') => self.markup(at, rest),
            Some(0) => self.wide(at).or_else(|| self.spelling(at)),
            Some(byte) if byte.is_ascii_alphanumeric() => self.token(at, *byte),
            _ => self.spelling(at),
        };
        next.unwrap_or_else(|| {
            // In vain; a row of backslashes or NULs is not tried again from within.
            let first = rest.first();
            let again = |byte: &&u8| matches!(byte, b'\\' | 0) && first == Some(byte);
            at + rest.iter().take_while(again).count().max(1)
        })
    }

    /// Letters and digits: a number, a stream, or a run that is worth decoding.
    fn token(&mut self, at: usize, byte: u8) -> Option<usize> {
        let text = self.text;
        let number = match byte {
            b'e' | b'E' => number::start(text, at),
            b'0' => Some(at),
            _ => None,
        };
        if let Some(start) = number.filter(|start| *start >= self.copied)
            && let Some(written) = number::written(text, start)
        {
            self.copy(start);
            let before = self.layer.text.len();
            self.layer.text.extend_from_slice(written.digits());
            return Some(self.unit(before, start, start + written.len, Kind::Number));
        }
        if byte == b'x'
            && let Some(end) = self.zlib(at)
        {
            return Some(end);
        }
        if !packed::is_token_start(text, at) {
            return None;
        }
        let run = packed::begins(text, at)?;
        self.run(run)
    }

    fn run(&mut self, run: packed::Run) -> Option<usize> {
        if run.begin < self.copied {
            return None;
        }
        self.copy(run.begin);
        let before = self.layer.text.len();
        let out = &mut self.layer.text;
        let (end, kind) = match run.packing {
            Packing::Hex => (hex::decode(self.text, run.start, out)?, Kind::Hex),
            Packing::Base64 { magic } => (
                base64::decode(self.text, run.start, magic, out),
                Kind::Base64,
            ),
        };
        if self.layer.text.len() < before + packed::BYTES_MIN {
            self.layer.text.truncate(before);
            return None;
        }
        let claim = claims::unreadable(self.layer.text.get(before..).unwrap_or_default());
        self.tools.note(claim.map(Fault::Foreign));
        let next = self.unit(before, run.begin, end, kind);
        self.layer.mark_fresh();
        Some(next)
    }

    fn markup(&mut self, at: usize, rest: &[u8]) -> Option<usize> {
        let len = markup::unseen(rest)?;
        self.copy(at);
        let before = self.layer.text.len();
        Some(self.unit(before, at, at + len, Kind::Spelled))
    }

    fn wide(&mut self, at: usize) -> Option<usize> {
        let stretch = wide::stretch(self.text, at, self.copied)?;
        self.copy(stretch.start);
        let before = self.layer.text.len();
        let end = stretch.start + stretch.width * stretch.count;
        let characters = self
            .text
            .get(stretch.start..end)?
            .chunks_exact(stretch.width);
        let characters = characters.filter_map(|bytes| bytes.get(stretch.place));
        self.layer.text.extend(characters);
        let next = self.unit(before, stretch.start, end, Kind::Wide(stretch.width as u8));
        self.layer.mark_fresh();
        Some(next)
    }

    /// The character that is spelled here, and those that follow it in the same way: one seldom comes alone.
    fn spelling(&mut self, at: usize) -> Option<usize> {
        let first = self.text.get(at);
        let mut next = self.characters(at, spelled(self.text, at)?);
        while self.text.get(next) == first && self.has_room() {
            let Some(spelling) = spelled(self.text, next) else {
                break;
            };
            next = self.characters(next, spelling);
        }
        Some(next)
    }

    /// Whether the stretch may go on.
    fn has_room(&self) -> bool {
        self.layer.units.len() < limits::VIEW_UNITS_MAX && self.layer.text.len() < STRETCH_BYTES
    }

    fn characters(&mut self, at: usize, spelling: Spelling) -> usize {
        self.copy(at);
        let before = self.layer.text.len();
        let (mut end, mut kind) = (at + spelling.len, Kind::Spelled);
        let fresh = match (spelling.meaning, u8::try_from(spelling.len)) {
            (Meaning::Byte(byte), Ok(width)) => {
                let mut row = [byte; ROW];
                let count = read_row(self.text, at, spelling.len, &mut row);
                let row = row.get(..count).unwrap_or_default();
                self.layer.text.extend_from_slice(row);
                (end, kind) = (at + count * spelling.len, Kind::Row(width));
                // A letter may be part of a run, others of another spelling.
                row.iter().any(|byte| !matches!(byte, b' ' | b'-'))
            }
            (Meaning::Byte(byte), Err(_)) => {
                self.layer.text.push(byte);
                true
            }
            (Meaning::Char(c), _) => {
                let mut utf8 = [0; 4];
                let utf8 = c.encode_utf8(&mut utf8).as_bytes();
                self.layer.text.extend_from_slice(utf8);
                false
            }
            (Meaning::Nothing, _) => self.text.get(at) == Some(&0),
        };
        let next = self.unit(before, at, end, kind);
        if fresh {
            self.layer.mark_fresh();
        }
        next
    }

    fn gzip(&mut self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..).filter(|rest| claims::gzip(rest))?;
        self.copy(at);
        let before = self.layer.text.len();
        let stream = self.tools.inflater.gzip(rest, &mut self.layer.text)?;
        Some(self.stream(at, before, stream, Kind::Gzip))
    }

    /// The zlib stream that begins with this `x`, if one does.
    fn zlib(&mut self, at: usize) -> Option<usize> {
        let rest = self.text.get(at..).filter(|rest| claims::zlib(rest))?;
        self.copy(at);
        let before = self.layer.text.len();
        let stream = self.tools.inflater.zlib(rest, &mut self.layer.text)?;
        Some(self.stream(at, before, stream, Kind::Zlib))
    }

    fn stream(&mut self, at: usize, before: usize, stream: Stream, kind: Kind) -> usize {
        self.tools.note(stream.fault);
        let next = self.unit(before, at, at + stream.len, kind);
        self.layer.mark_fresh();
        next
    }
}

/// Characters read at a time.
const ROW: usize = 64;

/// Reads characters that follow the first of `row`, which is at `at`, and are as wide; returns how many there are
/// with it.
fn read_row(text: &[u8], at: usize, width: usize, row: &mut [u8; ROW]) -> usize {
    let (mut count, first) = (1, text.get(at));
    for place in row.iter_mut().skip(1) {
        // What begins otherwise is mostly no spelling at all.
        if text.get(at + count * width) != first {
            break;
        }
        match spelled(text, at + count * width) {
            Some(Spelling {
                len,
                meaning: Meaning::Byte(byte),
                ..
            }) if len == width => *place = byte,
            _ => break,
        }
        count += 1;
    }
    count
}

/// For the scout's test: whether a decoder other than that of runs has something at `at`.
#[cfg(test)]
pub(super) fn begins_something(text: &[u8], at: usize) -> bool {
    let rest = text.get(at..).unwrap_or_default();
    let number =
        number::written(text, at).is_some() && rest.first() == Some(&b'0') && !rest.contains(&b'e');
    let stream = claims::zlib(rest) || rest.starts_with(&[0x1f, 0x8b, 8]);
    spelled(text, at).is_some() || markup::unseen(rest).is_some() || number || stream
}

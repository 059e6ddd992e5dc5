//! One pass over a text that takes one layer of spelling and packing off.
//!
//! Owns: the order in which decoders are asked, and the stretches that a long text is read in. Refuses: to
//! decode by itself. Stays true: each decoder looks at a bounded number of bytes before it decides, and
//! what it decodes is passed over, so time is linear; what is not decoded is copied as it is, and only
//! where something is.

use super::character::{Meaning, spelled};
use super::deflate::{Inflater, Stream};
use super::map::{Kind, Layer, Unit};
use super::packed::{self, Packing};
use super::{Fault, base64, claims, hex, markup, number};
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

/// What a byte may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    /// Letters and digits.
    Token,
    /// A spelling, markup, or the head of a stream.
    Lead,
}

const CLASSES: [Class; 256] = classes();

const fn classes() -> [Class; 256] {
    let mut table = [Class::Plain; 256];
    let mut byte = 0;
    while byte < 256 {
        let c = byte as u8;
        if c.is_ascii_alphanumeric() {
            table[byte] = Class::Token;
        }
        if matches!(c, b'\\' | b'%' | b'&' | b'<' | b'+' | 0 | 0x1f) || matches!(c, 0xc2..=0xf3) {
            table[byte] = Class::Lead;
        }
        byte += 1;
    }
    table
}

fn class(byte: u8) -> Class {
    CLASSES
        .get(usize::from(byte))
        .copied()
        .unwrap_or(Class::Plain)
}

/// A pass under way.
struct Pass<'a> {
    text: &'a [u8],
    layer: &'a mut Layer,
    tools: &'a mut Tools,
    /// What lies before is in the layer.
    copied: usize,
}

/// Decodes one stretch of the text into `layer`.
pub(super) fn stretch(text: &[u8], from: Start, layer: &mut Layer, tools: &mut Tools) -> Stretch {
    layer.begin(from.at);
    let mut pass = Pass {
        text,
        layer,
        tools,
        copied: from.at,
    };
    let mut at = from.at;
    if from.at == 0 {
        pass.tools
            .note(claims::unreadable(text).map(Fault::Foreign));
    }
    while let Some(byte) = text.get(at) {
        at = match class(*byte) {
            Class::Plain => at + 1,
            Class::Token => pass.token(at),
            Class::Lead => pass.lead(at),
        };
        if pass.is_full(at) {
            break;
        }
    }
    let at = at.min(text.len());
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
    fn is_full(&self, at: usize) -> bool {
        self.layer.units.len() >= limits::VIEW_UNITS_MAX
            || self.layer.text.len() + (at - self.copied) >= STRETCH_BYTES
    }

    /// Everything up to `to` is as it was.
    fn copy(&mut self, to: usize) {
        self.layer
            .text
            .extend_from_slice(self.text.get(self.copied..to).unwrap_or_default());
        self.copied = to;
    }

    /// The layer's text from `before` on is what `start..end` means.
    fn unit(&mut self, before: usize, start: usize, end: usize, kind: Kind) -> usize {
        let (from, to) = (before as u32, self.layer.text.len() as u32);
        self.layer.units.push(Unit {
            from,
            to,
            start: start as u32,
            end: end as u32,
            kind,
        });
        self.copied = end;
        end
    }

    /// Letters and digits: a number, or a run that is worth decoding; where to go on.
    fn token(&mut self, at: usize) -> usize {
        let text = self.text;
        if packed::is_token_start(text, at) {
            if text.get(at).is_some_and(u8::is_ascii_digit)
                && let Some(written) = number::written(text, at)
            {
                self.copy(at);
                let before = self.layer.text.len();
                self.layer.text.extend_from_slice(written.digits());
                return self.unit(before, at, at + written.len, Kind::Number);
            }
            if let Some(end) = packed::begins(text, at).and_then(|run| self.run(run)) {
                return end;
            }
        }
        let rest = text.get(at..).unwrap_or_default();
        let len = rest
            .iter()
            .position(|byte| !byte.is_ascii_alphanumeric())
            .unwrap_or(rest.len());
        self.zlib(at + len - 1).unwrap_or(at + len)
    }

    /// The zlib stream that begins with the last letter of a token, if one does: it begins with an `x`, and then no letter.
    fn zlib(&mut self, at: usize) -> Option<usize> {
        let rest = self
            .text
            .get(at..)
            .filter(|rest| claims::zlib(rest) && at >= self.copied)?;
        let flushed = self.layer.text.len();
        self.layer
            .text
            .extend_from_slice(self.text.get(self.copied..at).unwrap_or_default());
        let before = self.layer.text.len();
        match self.tools.inflater.zlib(rest, &mut self.layer.text) {
            Some(stream) => Some(self.stream(at, before, stream, Kind::Zlib)),
            None => {
                self.layer.text.truncate(flushed);
                None
            }
        }
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
        self.layer.fresh = true;
        Some(self.unit(before, run.begin, end, kind))
    }

    /// A spelling, markup or a stream; where to go on.
    fn lead(&mut self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        match rest.first() {
            Some(0x1f) => return self.gzip(at),
            Some(b'<') => {
                let Some(len) = markup::unseen(rest) else {
                    return at + 1;
                };
                self.copy(at);
                let before = self.layer.text.len();
                return self.unit(before, at, at + len, Kind::Spelled);
            }
            _ => {}
        }
        let Some(spelling) = spelled(self.text, at) else {
            return at + 1;
        };
        self.copy(at);
        let before = self.layer.text.len();
        match spelling.meaning {
            Meaning::Byte(byte) => {
                self.layer.text.push(byte);
                // A letter may be part of a run, a lead of another spelling.
                self.layer.fresh |= class(byte) != Class::Plain || byte == b'\n';
            }
            Meaning::Char(c) => self
                .layer
                .text
                .extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Meaning::Nothing => self.layer.fresh |= self.text.get(at) == Some(&0),
        }
        self.unit(before, at, at + spelling.len, Kind::Spelled)
    }

    fn gzip(&mut self, at: usize) -> usize {
        let rest = self.text.get(at..).unwrap_or_default();
        let flushed = self.layer.text.len();
        self.layer
            .text
            .extend_from_slice(self.text.get(self.copied..at).unwrap_or_default());
        let before = self.layer.text.len();
        match self.tools.inflater.gzip(rest, &mut self.layer.text) {
            Some(stream) => self.stream(at, before, stream, Kind::Gzip),
            None => {
                self.layer.text.truncate(flushed);
                at + 1
            }
        }
    }

    fn stream(&mut self, at: usize, before: usize, stream: Stream, kind: Kind) -> usize {
        self.tools.note(stream.fault);
        self.layer.fresh = true;
        self.unit(before, at, at + stream.len, kind)
    }
}

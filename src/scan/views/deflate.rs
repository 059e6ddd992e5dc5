//! gzip (RFC 1952) and zlib (RFC 1950) inside a value.
//!
//! Owns: inflating within a budget, and writing a stream again. Refuses: to trust a stream: checksums
//! are not looked at, since what can be read of a damaged stream is what somebody could read. Stays
//! true: what is spent counts, input and output, whether the stream was sound or not, so a field
//! costs no more than its budget however many streams it begins.

use super::Fault;
use crate::limits;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const HEADER_BYTES: usize = 10;
/// CRC-32 and size.
const GZIP_TRAILER_BYTES: usize = 8;
/// Adler-32.
const ZLIB_TRAILER_BYTES: usize = 4;
/// Fewer bytes of a damaged zlib stream are chance.
const ZLIB_BYTES_MIN: usize = 64;
/// What it costs to begin a stream, which may come to nothing: half a microsecond and more, in bytes.
const BEGINNING_BYTES: usize = 2 * limits::KIB;
/// Room made first: most that begins like a stream is none.
const FIRST_STEP_BYTES: usize = 512;
/// Room made at a time after that.
const STEP_BYTES: usize = 32 * limits::KIB;

/// A stream that was begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    /// Bytes of it.
    pub(super) len: usize,
    /// Why it could not be read to its end.
    pub(super) fault: Option<Fault>,
}

/// An inflater and what it may still do.
#[derive(Default)]
pub(super) struct Inflater {
    context: Option<Decompress>,
    field: usize,
    body: usize,
    false_starts: usize,
}

impl Inflater {
    /// A new body has its own budget.
    pub(super) fn begin_body(&mut self) {
        self.body = limits::VIEW_INFLATED_BYTES_PER_BODY_MAX;
    }

    /// A new field has its own share of it.
    pub(super) fn begin_field(&mut self) {
        self.field = limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX;
        self.false_starts = 0;
    }

    /// The gzip member that begins here, if one does; its content goes to the end of `out`.
    pub(super) fn gzip(&mut self, text: &[u8], out: &mut Vec<u8>) -> Option<Stream> {
        let header = gzip_header(text)?;
        let (len, fault) = self.inflate(text.get(header.len..)?, out);
        let rest = text.len() - header.len - len;
        let fault = match fault {
            Some(Fault::Damaged) if !header.is_plausible => self.false_start(),
            other => other,
        };
        Some(Stream {
            len: header.len + len + GZIP_TRAILER_BYTES.min(rest),
            fault,
        })
    }

    /// The zlib stream that begins here, if one does. Two bytes claim little: one that breaks off early is none, and
    /// one that breaks off later is read as far as it goes.
    pub(super) fn zlib(&mut self, text: &[u8], out: &mut Vec<u8>) -> Option<Stream> {
        let before = out.len();
        let (len, fault) = self.inflate(text.get(2..).filter(|_| super::claims::zlib(text))?, out);
        if fault == Some(Fault::Damaged) && out.len() < before + ZLIB_BYTES_MIN {
            out.truncate(before);
            return None;
        }
        let rest = text.len() - 2 - len;
        let fault = fault.filter(|fault| *fault != Fault::Damaged);
        Some(Stream {
            len: 2 + len + ZLIB_TRAILER_BYTES.min(rest),
            fault,
        })
    }

    fn false_start(&mut self) -> Option<Fault> {
        self.false_starts += 1;
        (self.false_starts > limits::VIEW_FALSE_STARTS_MAX).then_some(Fault::Damaged)
    }

    fn spend(&mut self, bytes: usize) {
        self.field = self.field.saturating_sub(bytes);
        self.body = self.body.saturating_sub(bytes);
    }

    /// Bytes read, and why no more of them.
    fn inflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> (usize, Option<Fault>) {
        let mut context = self
            .context
            .take()
            .unwrap_or_else(|| Decompress::new(false));
        context.reset(false);
        let (mut at, mut step) = (0, FIRST_STEP_BYTES);
        self.spend(BEGINNING_BYTES);
        let fault = loop {
            let room = step.min(self.field).min(self.body);
            step = (4 * step).min(STEP_BYTES);
            if room == 0 {
                break Some(Fault::TooLarge);
            }
            // What is read in vain is bounded by the same budget, a step at a time.
            let rest = input.get(at..).unwrap_or_default();
            let part = rest.get(..room.min(rest.len())).unwrap_or_default();
            let start = out.len();
            out.resize(start + room, 0);
            let (read, written) = (context.total_in(), context.total_out());
            let target = out.get_mut(start..).unwrap_or_default();
            let status = context.decompress(part, target, FlushDecompress::None);
            let read = (context.total_in() - read) as usize;
            let written = (context.total_out() - written) as usize;
            out.truncate(start + written);
            at += read;
            let spent = read.max(written);
            self.spend(spent);
            match status {
                Ok(Status::StreamEnd) => break None,
                Err(_) => break Some(Fault::Damaged),
                Ok(_) if read == 0 && written == 0 => break Some(Fault::Damaged),
                Ok(_) => {}
            }
        };
        self.context = Some(context);
        (at.min(input.len()), fault)
    }
}

struct Header {
    len: usize,
    /// Whether the bytes that readers ignore are as writers write them, too: random bytes are once in
    /// 190 GB.
    is_plausible: bool,
}

fn gzip_header(text: &[u8]) -> Option<Header> {
    let fixed = text
        .get(..HEADER_BYTES)
        .filter(|head| head.starts_with(&MAGIC))?;
    let [.., flags, _, _, _, _, extra, system] = *fixed else {
        return None;
    };
    if flags & 0xe0 != 0 {
        return None;
    }
    let mut len = HEADER_BYTES;
    if flags & 4 != 0 {
        let size = text.get(len..len + 2)?;
        len += 2 + usize::from(u16::from_le_bytes([*size.first()?, *size.get(1)?]));
    }
    for named in [8, 16] {
        if flags & named != 0 {
            len += text.get(len..)?.iter().position(|byte| *byte == 0)? + 1;
        }
    }
    len += if flags & 2 != 0 { 2 } else { 0 };
    let is_plausible = matches!(extra, 0 | 2 | 4) && matches!(system, 0..=13 | 255);
    (len <= text.len()).then_some(Header { len, is_plausible })
}

/// `bytes` as a gzip member.
pub(super) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 255]); // no flags, no time, no hint, system unknown
    deflate(bytes, false, &mut out);
    let mut sum = flate2::Crc::new();
    sum.update(bytes);
    out.extend_from_slice(&sum.sum().to_le_bytes());
    out.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    out
}

/// `bytes` as a zlib stream.
pub(super) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    deflate(bytes, true, &mut out);
    out
}

fn deflate(bytes: &[u8], zlib: bool, out: &mut Vec<u8>) {
    let mut context = Compress::new(Compression::default(), zlib);
    loop {
        out.reserve(bytes.len() / 2 + 256);
        let rest = bytes.get(context.total_in() as usize..).unwrap_or_default();
        let status = context.compress_vec(rest, out, FlushCompress::Finish);
        if !matches!(status, Ok(Status::Ok | Status::BufError)) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn inflater() -> Inflater {
        let mut inflater = Inflater::default();
        inflater.begin_body();
        inflater.begin_field();
        inflater
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(bytes in proptest::collection::vec(any::<u8>(), 1..3000), after in "[ -~]{0,9}") {
            let whole = [gzip(&bytes), after.as_bytes().to_vec()].concat();
            let mut out = Vec::new();
            let stream = inflater().gzip(&whole, &mut out);
            prop_assert_eq!(stream, Some(Stream { len: whole.len() - after.len(), fault: None }));
            prop_assert_eq!(&out, &bytes);
            out.clear();
            let whole = [zlib(&bytes), after.as_bytes().to_vec()].concat();
            let stream = inflater().zlib(&whole, &mut out);
            prop_assert_eq!(stream, Some(Stream { len: whole.len() - after.len(), fault: None }));
            prop_assert_eq!(&out, &bytes);
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut out = Vec::new();
            let text = [&MAGIC[..], &[0, 0, 0, 0, 0, 0, 3], &bytes].concat();
            let stream = inflater().gzip(&text, &mut out).expect("a header");
            prop_assert!(stream.len <= text.len());
        }
    }

    #[test]
    fn a_header_with_everything() {
        let mut member = vec![0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3];
        member.extend_from_slice(b"\x03\0abcname\0comment\0hh");
        let plain = gzip(b"ssn 536-90-4399");
        member.extend_from_slice(&plain[HEADER_BYTES..]);
        let mut out = Vec::new();
        let stream = inflater().gzip(&member, &mut out);
        assert_eq!(
            stream,
            Some(Stream {
                len: member.len(),
                fault: None
            })
        );
        assert_eq!(out, b"ssn 536-90-4399");
        for cut in 0..member.len() - plain.len() {
            assert_eq!(inflater().gzip(&member[..cut], &mut out), None, "{cut}");
        }
    }

    #[test]
    fn what_is_too_large_and_what_is_cut_is_told() {
        let bomb = gzip(&vec![b'0'; 2 * limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX]);
        let mut out = Vec::new();
        let stream = inflater().gzip(&bomb, &mut out).expect("gzip");
        assert_eq!(stream.fault, Some(Fault::TooLarge));
        assert_eq!(
            out.len() + BEGINNING_BYTES,
            limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX
        );
        let cut = &bomb[..bomb.len() / 4];
        out.clear();
        let stream = inflater().gzip(cut, &mut out).expect("gzip");
        assert_eq!(stream.fault, Some(Fault::Damaged));
        assert!(!out.is_empty());
    }

    #[test]
    fn streams_without_content_spend_the_budget_too() {
        // Stored blocks of no bytes, for ever.
        let mut text = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
        let empty = [0, 0, 0, 0xff, 0xff];
        text.extend(
            empty
                .iter()
                .cycle()
                .take(2 * limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX),
        );
        let mut out = Vec::new();
        let stream = inflater().gzip(&text, &mut out).expect("gzip");
        assert_eq!(stream.fault, Some(Fault::TooLarge));
        assert!(out.is_empty());
    }
}

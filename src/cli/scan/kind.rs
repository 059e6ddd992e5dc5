//! What an input is, told by its first bytes.
//!
//! Owns: the marks of formats. Refuses: names and endings, which say what somebody meant. Stays true:
//! text is what nothing else is, and needs no valid character; what hides its content is refused, not
//! passed as clean.

use crate::kafka::batch::{self, BatchFault, HEADER_BYTES};
use clap::ValueEnum;

/// How an input is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lines.
    Text,
    /// Lines that are JSON.
    Ndjson,
    /// Record batches, as a broker stores them.
    Segment,
}

impl Kind {
    /// Its name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Ndjson => "ndjson",
            Kind::Segment => "segment",
        }
    }
}

/// What inputs are to be read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Told by the first bytes of each.
    #[default]
    Auto,
    /// Lines of anything.
    Text,
    /// Lines of JSON.
    Ndjson,
    /// A Kafka log segment (`*.log`).
    Segment,
}

/// Bytes that tell: the header of a record batch is the longest mark.
pub const HEAD_BYTES: usize = HEADER_BYTES;

/// Something whose bytes are not its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is {what}, whose content does not show in its bytes; unpack it first ({how}), or say `--format text`"
)]
pub struct Packed {
    what: &'static str,
    how: &'static str,
}

const ZIPPED: &str = "for example `unzip -p FILE | lockgate scan -`";

/// Signatures at the front: RFC 1952, RFC 8878, the .xz and bzip2 formats, PKZIP's APPNOTE, Avro
/// object container files, Parquet.
const PACKED: &[(&[u8], &str, &str)] = &[
    (b"\x1f\x8b\x08", "gzip", "`gzip -dc FILE | lockgate scan -`"),
    (
        b"\x28\xb5\x2f\xfd",
        "zstd",
        "`zstd -dc FILE | lockgate scan -`",
    ),
    (b"\xfd7zXZ\0", "xz", "`xz -dc FILE | lockgate scan -`"),
    (b"BZh91AY&SY", "bzip2", "`bzip2 -dc FILE | lockgate scan -`"),
    (b"PK\x03\x04", "a ZIP archive", ZIPPED),
    (b"Obj\x01", "an Avro file", "with its own tools, as JSON"),
    (b"PAR1", "a Parquet file", "with its own tools, as JSON"),
];

/// Whether more bytes could tell more: those so far may begin a record batch.
pub fn wants_more(head: &[u8]) -> bool {
    let offset = head.first().is_none_or(|byte| *byte == 0);
    let magic = head.get(16).is_none_or(|byte| *byte == 2);
    head.len() < HEAD_BYTES && (head.len() < 10 || (offset && magic))
}

/// What an input with this head is, where `format` leaves it open.
pub fn tell(format: Format, head: &[u8]) -> Result<Kind, Packed> {
    match format {
        Format::Text => return Ok(Kind::Text),
        Format::Ndjson => return Ok(Kind::Ndjson),
        Format::Segment => return Ok(Kind::Segment),
        Format::Auto => {}
    }
    if begins_batch(head) {
        return Ok(Kind::Segment);
    }
    let packed = PACKED.iter().find(|(mark, ..)| head.starts_with(mark));
    if let Some((_, what, how)) = packed {
        return Err(Packed { what, how });
    }
    let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    match text.trim_ascii_start() {
        [b'{' | b'[', ..] => Ok(Kind::Ndjson),
        _ => Ok(Kind::Text),
    }
}

/// Whether this is the header of a record batch of format 2: no field has a value that a broker would
/// not store. The checksum is left to the reading of it: where it fails, that has to be told.
fn begins_batch(head: &[u8]) -> bool {
    // A header alone is at most the beginning of a batch: its records go on.
    let sound = match batch::batches(head).next() {
        Some(Ok(_)) => true,
        Some(Err(BatchFault::Partial { .. })) => head.len() == HEAD_BYTES,
        _ => false,
    };
    let i32_at = |at: usize| {
        let bytes = head.get(at..at + 4).and_then(|b| b.try_into().ok());
        bytes.map(i32::from_be_bytes)
    };
    let positive = |at| i32_at(at).is_some_and(|value| value >= 0);
    // Base offset, attributes (bits 7 to 15 are unused), last offset delta, records count.
    sound
        && positive(0)
        && head.get(21) == Some(&0)
        && head.get(22).is_some_and(|bits| bits & 0x80 == 0)
        && positive(23)
        && positive(57)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn auto(head: &[u8]) -> Result<Kind, Packed> {
        tell(Format::Auto, &head[..head.len().min(HEAD_BYTES)])
    }

    /// An empty batch, as compaction leaves it.
    fn header() -> Vec<u8> {
        let mut head = vec![0; HEAD_BYTES];
        head[11] = 49;
        head[16] = 2;
        head
    }

    #[test]
    fn a_batch_is_known_by_its_header() {
        let mut head = header();
        assert_eq!(auto(&head), Ok(Kind::Segment));
        head[10] = 200; // records follow
        assert_eq!(auto(&head), Ok(Kind::Segment));
        for (at, byte) in [
            (0, 0x80),
            (16, 1),
            (16, 3),
            (8, 0xff),
            (11, 48),
            (21, 1),
            (23, 0x80),
            (57, 0xff),
        ] {
            let mut other = header();
            other[at] = byte;
            assert_eq!(auto(&other), Ok(Kind::Text), "byte {at}");
        }
        assert_eq!(auto(&header()[..60]), Ok(Kind::Text));
        assert_eq!(auto(&[0; 61]), Ok(Kind::Text));
    }

    #[test]
    fn text_is_what_nothing_else_is() {
        for text in [
            &b""[..],
            b"\0",
            b"\xff\xfe\0\x01",
            b"a {",
            b"\x1f\x8b",
            b"BZh of Berlin",
        ] {
            assert_eq!(auto(text), Ok(Kind::Text), "{text:?}");
        }
        for json in [&b"{\"a\":1}\n"[..], b"  [1]", b"\xef\xbb\xbf{}"] {
            assert_eq!(auto(json), Ok(Kind::Ndjson), "{json:?}");
        }
    }

    #[test]
    fn what_hides_its_content_is_refused_unless_asked_for() {
        let gzip = b"\x1f\x8b\x08\0\0\0\0\0";
        let told = auto(gzip).unwrap_err().to_string();
        assert!(told.contains("gzip -dc"), "{told}");
        assert_eq!(tell(Format::Text, gzip), Ok(Kind::Text));
        assert_eq!(tell(Format::Segment, b"{}"), Ok(Kind::Segment));
    }

    #[test]
    fn no_more_is_asked_for_than_can_tell() {
        assert!(wants_more(b"") && wants_more(b"{\"a\":1}") && wants_more(&header()[..60]));
        assert!(!wants_more(b"{\"a\": 1, 2"));
        assert!(!wants_more(&header()));
        assert!(!wants_more(&[0; 20]));
    }
}

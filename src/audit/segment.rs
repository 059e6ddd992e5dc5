//! The stored form: file names, the header of a segment, the frame around an entry.
//!
//! ```text
//! file     {chain}-{epoch, 16 hex}-{first seq, 20 digits}.seg
//! header   magic 16 | format u32 | endian u8 | pointer width u8 | alignment u8 | 0 u8
//!          | epoch u64 | first seq u64 | opened at i64 | chain 32 | previous hash 32
//!          | 0 x 12 | crc u32                                                    = 128 bytes
//! frame    len u32 | crc u32 | seq u64 | at i64 | kind u16 | version u16 | 0 u32
//!          | previous hash 32 | payload, len bytes | len u32                     = 68 + len
//! ```
//!
//! Integers are little-endian. `crc` is CRC-32C: of the header, over the 124 bytes before it; of
//! a frame, over all that follows it, the second `len` included. A previous hash is the SHA-256 of
//! the whole frame before (or of the header, for a segment's first frame); a header names the
//! last frame (or, in a segment without one, the header) of its chain's segment before, zeros in
//! the first. Owns: this layout, pure. Refuses: a length past `limits::AUDIT_ENTRY_BYTES_MAX`.

use super::entry::{Form, Hash};
use crate::chunk::UnixMillis;
use crate::limits::{AUDIT_CHAIN_NAME_BYTES_MAX, AUDIT_ENTRY_BYTES_MAX};
use aws_lc_rs::digest;
use std::fmt;

/// First bytes of a segment; the line end shows a file that went through a text transfer.
pub const MAGIC: &[u8; 16] = b"LOCKGATE AUDIT\r\n";
/// The layout above.
pub const FORMAT: u32 = 1;
/// How rkyv lays payloads out: little-endian, 32-bit relative pointers, aligned.
pub const LAYOUT: [u8; 4] = [1, 32, 1, 0];
/// Bytes of a header.
pub const HEADER_BYTES: usize = 128;
/// Bytes of a frame before its payload.
pub const FRAME_HEAD_BYTES: usize = 64;
/// Bytes of a frame around its payload.
pub const FRAME_BYTES: usize = FRAME_HEAD_BYTES + 4;

/// SHA-256 of stored bytes.
pub fn sha256(bytes: &[u8]) -> Hash {
    let mut hash = Hash::default();
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// What a segment's file name says. Sorts by chain, then age.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SegmentName {
    /// Name of the chain: `core-00`, `control`.
    pub chain: String,
    /// Start of the run that wrote it, milliseconds since the Unix epoch, but always later than
    /// the epoch before, whatever the clock did.
    pub epoch: u64,
    /// Sequence number of its first entry.
    pub first_seq: u64,
}

impl fmt::Display for SegmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}-{:016x}-{:020}.seg",
            self.chain, self.epoch, self.first_seq
        )
    }
}

impl SegmentName {
    /// Reads a file name; `None` unless it is exactly what `Display` writes.
    pub fn parse(text: &str) -> Option<SegmentName> {
        let mut parts = text.strip_suffix(".seg")?.rsplitn(3, '-');
        let first_seq = parts.next()?.parse().ok()?;
        let epoch = u64::from_str_radix(parts.next()?, 16).ok()?;
        let chain = parts.next()?.to_string();
        let name = SegmentName {
            chain,
            epoch,
            first_seq,
        };
        (is_chain_name(&name.chain) && name.to_string() == text).then_some(name)
    }
}

/// 1 to 32 of a-z, 0-9 and '-', not first or last a '-'.
pub fn is_chain_name(text: &str) -> bool {
    let fits = (1..=AUDIT_CHAIN_NAME_BYTES_MAX).contains(&text.len());
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    fits && text.bytes().all(plain) && !text.starts_with('-') && !text.ends_with('-')
}

/// First 128 bytes of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The same three facts as in the file's name, so that a renamed file shows.
    pub name: SegmentName,
    /// When the file was created, by the gateway's clock.
    pub opened_at: UnixMillis,
    /// End of the chain's segment before; zeros in the first.
    pub previous: Hash,
}

/// Why a header cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// The file ends before the header does.
    #[error("the file ends within its header")]
    Short,
    /// Not one of our files.
    #[error("the file does not begin with the magic of an audit segment")]
    Magic,
    /// Bytes changed.
    #[error("the header's checksum is {stored:#010x}, its bytes give {computed:#010x}")]
    Checksum {
        /// What the header says.
        stored: u32,
        /// What its bytes give.
        computed: u32,
    },
    /// Written by another version.
    #[error("format version {0} is not known here; a newer lockgate may read it")]
    Format(u32),
    /// Written with other rkyv features.
    #[error("payload layout {0:?} is not known here")]
    Layout([u8; 4]),
    /// No chain has that name.
    #[error("the header's chain name is not one")]
    ChainName,
}

impl Header {
    /// As it is stored.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut out = [0; HEADER_BYTES];
        out[0..16].copy_from_slice(MAGIC);
        out[16..20].copy_from_slice(&FORMAT.to_le_bytes());
        out[20..24].copy_from_slice(&LAYOUT);
        out[24..32].copy_from_slice(&self.name.epoch.to_le_bytes());
        out[32..40].copy_from_slice(&self.name.first_seq.to_le_bytes());
        out[40..48].copy_from_slice(&self.opened_at.0.to_le_bytes());
        let chain =
            &self.name.chain.as_bytes()[..self.name.chain.len().min(AUDIT_CHAIN_NAME_BYTES_MAX)];
        out[48..48 + chain.len()].copy_from_slice(chain);
        out[80..112].copy_from_slice(&self.previous);
        let crc = crc_fast::crc32_iscsi(&out[..124]);
        out[124..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// Reads what `encode` wrote.
    pub fn decode(bytes: &[u8]) -> Result<Header, HeaderFault> {
        let bytes: &[u8; HEADER_BYTES] = bytes.first_chunk().ok_or(HeaderFault::Short)?;
        if &bytes[..16] != MAGIC {
            return Err(HeaderFault::Magic);
        }
        let (stored, computed) = (u32_at(bytes, 124), crc_fast::crc32_iscsi(&bytes[..124]));
        if stored != computed {
            return Err(HeaderFault::Checksum { stored, computed });
        }
        if u32_at(bytes, 16) != FORMAT {
            return Err(HeaderFault::Format(u32_at(bytes, 16)));
        }
        let layout = array_at(bytes, 20);
        if layout != LAYOUT {
            return Err(HeaderFault::Layout(layout));
        }
        let chain = std::str::from_utf8(&bytes[48..80])
            .unwrap_or_default()
            .trim_end_matches('\0');
        if !is_chain_name(chain) {
            return Err(HeaderFault::ChainName);
        }
        let name = SegmentName {
            chain: chain.to_string(),
            epoch: u64_at(bytes, 24),
            first_seq: u64_at(bytes, 32),
        };
        let opened_at = UnixMillis(u64_at(bytes, 40) as i64);
        Ok(Header {
            name,
            opened_at,
            previous: array_at(bytes, 80),
        })
    }
}

/// First 64 bytes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Bytes of the payload.
    pub len: u32,
    /// CRC-32C over the frame from `seq` on.
    pub crc: u32,
    /// Sequence number within the chain.
    pub seq: u64,
    /// When, by the gateway's clock.
    pub at: UnixMillis,
    /// Kind and version of the payload.
    pub form: Form,
    /// Must be 0.
    pub reserved: u32,
    /// SHA-256 of the frame before, or of the header.
    pub previous: Hash,
}

impl FrameHead {
    /// Reads the fields; says nothing of their truth.
    pub fn decode(bytes: &[u8; FRAME_HEAD_BYTES]) -> FrameHead {
        FrameHead {
            len: u32_at(bytes, 0),
            crc: u32_at(bytes, 4),
            seq: u64_at(bytes, 8),
            at: UnixMillis(u64_at(bytes, 16) as i64),
            form: Form {
                kind: u16::from_le_bytes(array_at(bytes, 24)),
                version: u16::from_le_bytes(array_at(bytes, 26)),
            },
            reserved: u32_at(bytes, 28),
            previous: array_at(bytes, 32),
        }
    }

    /// Whether the claimed length may be believed far enough to look for the frame's end.
    pub fn fits(&self) -> bool {
        self.len as usize <= AUDIT_ENTRY_BYTES_MAX
    }
}

/// Appends a frame to `out` and returns its hash.
pub fn push_frame(
    out: &mut Vec<u8>,
    seq: u64,
    at: UnixMillis,
    form: Form,
    previous: &Hash,
    payload: &[u8],
) -> Hash {
    let start = out.len();
    let len = (payload.len() as u32).to_le_bytes();
    let mut head = [0; FRAME_HEAD_BYTES];
    head[0..4].copy_from_slice(&len);
    head[8..16].copy_from_slice(&seq.to_le_bytes());
    head[16..24].copy_from_slice(&at.0.to_le_bytes());
    head[24..26].copy_from_slice(&form.kind.to_le_bytes());
    head[26..28].copy_from_slice(&form.version.to_le_bytes());
    head[32..64].copy_from_slice(previous);
    out.extend_from_slice(&head);
    out.extend_from_slice(payload);
    out.extend_from_slice(&len);
    let crc = crc_fast::crc32_iscsi(&out[start + 8..]);
    out[start + 4..start + 8].copy_from_slice(&crc.to_le_bytes());
    sha256(&out[start..])
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    if let Some(found) = bytes.get(at..at + N) {
        out.copy_from_slice(found);
    }
    out
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn header() -> Header {
        let name = SegmentName {
            chain: "core-00".into(),
            epoch: 0x19a,
            first_seq: 42,
        };
        Header {
            name,
            opened_at: UnixMillis(-1),
            previous: [7; 32],
        }
    }

    #[test]
    fn names_sort_by_age_and_read_back() {
        let name = header().name;
        assert_eq!(
            name.to_string(),
            "core-00-000000000000019a-00000000000000000042.seg"
        );
        assert_eq!(SegmentName::parse(&name.to_string()), Some(name));
        for bad in [
            "",
            ".seg",
            "a-1-1.seg",
            "-000000000000019a-00000000000000000042.seg",
            "A-000000000000019a-00000000000000000042.seg",
            "a-000000000000019A-00000000000000000042.seg",
            "a-000000000000019a-00000000000000000042.seg.bak",
            "a-000000000000019a-99999999999999999999.seg",
        ] {
            assert_eq!(SegmentName::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn headers_read_back_and_every_flip_shows() {
        let bytes = header().encode();
        assert_eq!(Header::decode(&bytes), Ok(header()));
        assert_eq!(Header::decode(&bytes[..127]), Err(HeaderFault::Short));
        for bit in 0..HEADER_BYTES * 8 {
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(&flipped).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn frames_are_laid_out_as_drawn() {
        let mut out = vec![0xff; 3];
        let form = Form {
            kind: 12,
            version: 1,
        };
        let hash = push_frame(&mut out, 5, UnixMillis(6), form, &[9; 32], b"payload");
        let frame = &out[3..];
        assert_eq!(frame.len(), FRAME_BYTES + 7);
        assert_eq!(hash, sha256(frame));
        assert_eq!(&frame[64..71], b"payload");
        assert_eq!(&frame[71..], &7u32.to_le_bytes());
        let head = FrameHead::decode(frame.first_chunk().unwrap());
        assert_eq!(
            (head.len, head.seq, head.at, head.form),
            (7, 5, UnixMillis(6), form)
        );
        assert_eq!((head.reserved, head.previous), (0, [9; 32]));
        assert_eq!(head.crc, crc_fast::crc32_iscsi(&frame[8..]));
    }
}

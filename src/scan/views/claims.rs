//! Streams that say what they are in their first bytes.
//!
//! Owns: those magic numbers. Refuses: formats that are no compression: an image is no value that somebody packed.
//! Stays true: what claims to be compressed and is not read is told, so that a rule can act.

/// Characters of base64 that must follow such a head: a gzip stream has 18 bytes at least, a zlib stream 8.
pub(super) const CHARACTERS_MIN: usize = 11;

/// What nothing here decodes: its first bytes, and its name.
const FOREIGN: &[(&[u8], &str)] = &[
    (&[0x28, 0xb5, 0x2f, 0xfd], "zstd"),        // RFC 8878 §3.1.1
    (&[0x04, 0x22, 0x4d, 0x18], "LZ4"),         // LZ4 frame format 1.6
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "xz"), // .xz file format 1.1
    (b"\xff\x06\x00\x00sNaPpY", "Snappy"),      // Snappy framing format
    (b"\x82SNAPPY\x00", "Snappy"),              // snappy-java
    (b"PK\x03\x04", "ZIP"),                     // APPNOTE.TXT 4.3.7
];
/// Behind `BZh` and a digit: the number of a block, or of the end.
const BZIP2: [&[u8]; 2] = [
    &[0x31, 0x41, 0x59, 0x26, 0x53, 0x59],
    &[0x17, 0x72, 0x45, 0x38, 0x50, 0x90],
];

/// Whether a byte may be the first of such a stream, or of one that can be read.
#[inline]
pub(super) fn is_first(byte: u8) -> bool {
    matches!(
        byte,
        0x1f | 0x78 | 0x42 | 0x28 | 0x04 | 0xfd | 0xff | 0x82 | 0x50
    )
}

/// Whether three bytes may begin such a stream, or one that can be read.
#[inline]
pub(super) fn begins(head: &[u8]) -> bool {
    head.first().is_some_and(|byte| is_first(*byte)) && is_head(head)
}

fn is_head(head: &[u8]) -> bool {
    let three = |magic: &[u8]| magic.get(..3) == head.get(..3);
    three(&[0x1f, 0x8b, 8])
        || zlib(head)
        || three(b"BZh")
        || FOREIGN.iter().any(|(magic, _)| three(magic))
}

/// What the text claims to be, where that cannot be read.
pub(super) fn unreadable(text: &[u8]) -> Option<&'static str> {
    let known = FOREIGN.iter().find(|(magic, _)| text.starts_with(magic));
    let bzip2 = || {
        let rest = text.strip_prefix(b"BZh")?.split_first()?.1;
        BZIP2
            .iter()
            .any(|magic| rest.starts_with(magic))
            .then_some("bzip2")
    };
    known.map(|(_, name)| *name).or_else(bzip2)
}

/// Whether a gzip member may begin (RFC 1952 §2.3.1): deflate is its only method.
pub(super) fn gzip(text: &[u8]) -> bool {
    text.starts_with(&[0x1f, 0x8b, 8])
}

/// Whether a zlib stream may begin (RFC 1950 §2.2): deflate, a window of 32 KiB, no dictionary; the check
/// bits leave four second bytes, one a level.
pub(super) fn zlib(text: &[u8]) -> bool {
    matches!(text, [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_head_begins() {
        for (magic, _) in FOREIGN {
            assert!(
                begins(&magic[..3]) && unreadable(magic).is_some(),
                "{magic:x?}"
            );
        }
        assert!(
            begins(b"BZh")
                && unreadable(b"BZh91AY&SY").is_some()
                && unreadable(b"BZh9 text").is_none()
        );
        assert!(begins(&[0x1f, 0x8b, 8]) && begins(&[0x78, 0x9c, 0]));
        assert!(!begins(b"abc") && !begins(b"BZa") && !begins(b"PKx") && !begins(b"xyz"));
    }
}

//! gzip (RFC 1952): members one after the other, as `java.util.zip.GZIPInputStream` reads them.
//!
//! Refuses: the optional header fields (extra, name, comment, header CRC). No Kafka client writes
//! them, and no decoder shows their bytes to anyone who could inspect them.

use super::{DeflateFault, InflateFault, make_room};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

// ID1 ID2, CM = deflate; then FLG, MTIME (4), XFL, OS.
const MAGIC: [u8; 3] = [0x1f, 0x8b, 8];
const HEADER_BYTES: usize = 10;
// CRC-32 and size modulo 2^32 of the member, both little-endian.
const TRAILER_BYTES: usize = 8;
// "Probably text": a hint without a field of its own.
const FLAG_TEXT: u8 = 1;

#[derive(Default)]
pub(super) struct Inflate(Option<Decompress>);

impl Inflate {
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), InflateFault> {
        let mut rest = self.member(input, out, max)?;
        while !rest.is_empty() {
            if !rest.starts_with(&MAGIC) {
                return Err(InflateFault::Trailing { bytes: rest.len() });
            }
            rest = self.member(rest, out, max)?;
        }
        Ok(())
    }

    /// Reads one member and returns what follows it.
    fn member<'a>(
        &mut self,
        input: &'a [u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<&'a [u8], InflateFault> {
        let (header, deflated) = input
            .split_first_chunk::<HEADER_BYTES>()
            .ok_or(InflateFault::Truncated)?;
        if !header.starts_with(&MAGIC) {
            return Err(InflateFault::Malformed("not a gzip stream"));
        }
        if header[3] & !FLAG_TEXT != 0 {
            return Err(InflateFault::Malformed(
                "a gzip header with optional fields",
            ));
        }
        let start = out.len();
        let rest = self.deflated(deflated, out, max)?;
        let (trailer, rest) = rest
            .split_first_chunk::<TRAILER_BYTES>()
            .ok_or(InflateFault::Truncated)?;
        let member = &out[start..];
        let sum = crc_fast::crc32_iso_hdlc(member).to_le_bytes();
        if trailer[..4] != sum || trailer[4..] != (member.len() as u32).to_le_bytes() {
            return Err(InflateFault::Malformed(
                "a gzip checksum that does not match",
            ));
        }
        Ok(rest)
    }

    fn deflated<'a>(
        &mut self,
        input: &'a [u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<&'a [u8], InflateFault> {
        let context = self.0.get_or_insert_with(|| Decompress::new(false));
        context.reset(false);
        let mut rest = input;
        loop {
            make_room(out, rest.len(), max)?;
            let (read, written) = (context.total_in(), out.len());
            let status = context
                .decompress_vec(rest, out, FlushDecompress::None)
                .map_err(|_| InflateFault::Malformed("a broken deflate stream"))?;
            let read = (context.total_in() - read) as usize;
            rest = rest.get(read..).unwrap_or_default();
            if status == Status::StreamEnd {
                return Ok(rest);
            }
            let stuck = read == 0 && out.len() == written;
            if stuck || (rest.is_empty() && out.len() < out.capacity()) {
                return Err(InflateFault::Truncated);
            }
        }
    }
}

#[derive(Default)]
pub(super) struct Deflate(Option<Compress>);

impl Deflate {
    pub(super) fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), DeflateFault> {
        let context = self
            .0
            .get_or_insert_with(|| Compress::new(Compression::default(), false));
        context.reset();
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 255]); // no flags, no time, no hint, system unknown
        let mut rest = input;
        loop {
            out.reserve(rest.len() / 2 + 256);
            let read = context.total_in();
            let status = context
                .compress_vec(rest, out, FlushCompress::Finish)
                .map_err(|_| DeflateFault("gzip"))?;
            rest = rest
                .get((context.total_in() - read) as usize..)
                .unwrap_or_default();
            if status == Status::StreamEnd {
                break;
            }
        }
        out.extend_from_slice(&crc_fast::crc32_iso_hdlc(input).to_le_bytes());
        out.extend_from_slice(&(input.len() as u32).to_le_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use flate2::GzBuilder;
    use flate2::write::GzEncoder;
    use std::io::{Read, Write};

    fn inflate(input: &[u8]) -> Result<Vec<u8>, InflateFault> {
        let mut out = vec![];
        Inflate::default()
            .inflate(input, &mut out, 1 << 20)
            .map(|()| out)
    }

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(vec![], Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn every_member_is_read() {
        let two = [gzip(b"first "), gzip(b"second")].concat();
        assert_eq!(inflate(&two), Ok(b"first second".to_vec()));
        let tail = [gzip(b"first "), b"123-45-6789".to_vec()].concat();
        assert_eq!(inflate(&tail), Err(InflateFault::Trailing { bytes: 11 }));
    }

    #[test]
    fn optional_header_fields_are_refused() {
        for builder in [
            GzBuilder::new().comment("123-45-6789"),
            GzBuilder::new().filename("123-45-6789"),
            GzBuilder::new().extra(b"123-45-6789".to_vec()),
        ] {
            let mut encoder = builder.write(vec![], Compression::fast());
            encoder.write_all(b"clean").unwrap();
            assert!(matches!(
                inflate(&encoder.finish().unwrap()),
                Err(InflateFault::Malformed(_))
            ));
        }
    }

    #[test]
    fn the_checksum_counts() {
        let mut body = gzip(b"some text");
        let at = body.len() - 6;
        body[at] ^= 1;
        assert!(matches!(inflate(&body), Err(InflateFault::Malformed(_))));
    }

    #[test]
    fn others_read_what_is_written() {
        let body = b"the quick brown fox ".repeat(5000);
        let mut ours = vec![];
        Deflate::default().deflate(&body, &mut ours).unwrap();
        let mut theirs = vec![];
        flate2::read::GzDecoder::new(&ours[..])
            .read_to_end(&mut theirs)
            .unwrap();
        assert_eq!(theirs, body);
    }
}

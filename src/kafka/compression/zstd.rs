//! Zstandard (RFC 8878): frames one after the other, as zstd-jni reads them.
//!
//! Refuses: skippable frames (their bytes reach no reader), dictionaries, and a window over
//! `limits::ZSTD_WINDOW_LOG_MAX`, which is memory that a few bytes could otherwise claim.

use super::{DeflateFault, InflateFault, make_room};
use crate::limits::ZSTD_WINDOW_LOG_MAX;
use ::zstd::zstd_safe::{
    CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective, compress_bound,
    get_error_name,
};

const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

#[derive(Default)]
pub(super) struct Inflate(Option<DCtx<'static>>);

impl Inflate {
    pub(super) fn inflate(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
        max: usize,
    ) -> Result<(), InflateFault> {
        let context = context(&mut self.0)?;
        let mut read = 0;
        loop {
            let rest = input.get(read..).unwrap_or_default();
            if !rest.starts_with(&MAGIC) {
                return Err(not_a_frame(rest, read));
            }
            read += frame(context, rest, out, max)?;
            if read == input.len() {
                return Ok(());
            }
        }
    }
}

fn not_a_frame(rest: &[u8], read: usize) -> InflateFault {
    if rest.len() < MAGIC.len() && read == 0 {
        InflateFault::Truncated
    } else if read == 0 {
        InflateFault::Malformed("not a Zstandard frame")
    } else {
        InflateFault::Trailing { bytes: rest.len() }
    }
}

fn context<'a>(slot: &'a mut Option<DCtx<'static>>) -> Result<&'a mut DCtx<'static>, InflateFault> {
    if slot.is_none() {
        let mut new =
            DCtx::try_create().ok_or(InflateFault::Malformed("no memory for Zstandard"))?;
        new.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW_LOG_MAX))
            .map_err(name)?;
        *slot = Some(new);
    }
    let context = slot
        .as_mut()
        .ok_or(InflateFault::Malformed("no memory for Zstandard"))?;
    // The last batch may have ended in a fault, half-way through its frame.
    context.reset(ResetDirective::SessionOnly).map_err(name)?;
    Ok(context)
}

/// Reads one frame and returns how many bytes it took.
fn frame(
    context: &mut DCtx<'static>,
    input: &[u8],
    out: &mut Vec<u8>,
    max: usize,
) -> Result<usize, InflateFault> {
    let mut source = InBuffer::around(input);
    loop {
        make_room(out, input.len() - source.pos(), max)?;
        let start = out.len();
        let mut target = OutBuffer::around_pos(out, start);
        let hint = context
            .decompress_stream(&mut target, &mut source)
            .map_err(name)?;
        if hint == 0 {
            return Ok(source.pos());
        }
        if source.pos() == input.len() && out.len() < out.capacity() {
            return Err(InflateFault::Truncated);
        }
    }
}

fn name(code: usize) -> InflateFault {
    InflateFault::Malformed(get_error_name(code))
}

#[derive(Default)]
pub(super) struct Deflate(Option<CCtx<'static>>);

impl Deflate {
    pub(super) fn deflate(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), DeflateFault> {
        if self.0.is_none() {
            let mut new = CCtx::try_create().ok_or(DeflateFault("no memory for Zstandard"))?;
            let level = CParameter::CompressionLevel(::zstd::DEFAULT_COMPRESSION_LEVEL);
            new.set_parameter(level)
                .map_err(|code| DeflateFault(get_error_name(code)))?;
            self.0 = Some(new);
        }
        let context = self
            .0
            .as_mut()
            .ok_or(DeflateFault("no memory for Zstandard"))?;
        let start = out.len();
        out.reserve(compress_bound(input.len()));
        let mut target = std::io::Cursor::new(&mut *out);
        target.set_position(start as u64);
        context
            .compress2(&mut target, input)
            .map_err(|code| DeflateFault(get_error_name(code)))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn inflate(input: &[u8]) -> Result<Vec<u8>, InflateFault> {
        let mut out = vec![];
        Inflate::default()
            .inflate(input, &mut out, 1 << 26)
            .map(|()| out)
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        let mut out = b"before".to_vec();
        Deflate::default().deflate(body, &mut out).unwrap();
        out.split_off(6)
    }

    #[test]
    fn every_frame_is_read_and_skippable_ones_are_refused() {
        let two = [frame(b"first "), frame(b"second")].concat();
        assert_eq!(inflate(&two), Ok(b"first second".to_vec()));
        let skippable = [&[0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0][..], b"1234"].concat();
        let after = [frame(b"first"), skippable.clone()].concat();
        assert_eq!(inflate(&after), Err(InflateFault::Trailing { bytes: 12 }));
        let before = [skippable, frame(b"first")].concat();
        assert!(matches!(inflate(&before), Err(InflateFault::Malformed(_))));
    }

    #[test]
    fn a_window_past_the_limit_is_refused() {
        let streamed = |window: u32| {
            let mut context = CCtx::create();
            context
                .set_parameter(CParameter::WindowLog(window))
                .unwrap();
            let body = vec![1u8; 1000];
            let mut out = Vec::with_capacity(4096);
            // Through the streaming call, because a frame of known size needs no window of its own.
            let mut target = OutBuffer::around(&mut out);
            context
                .compress_stream(&mut target, &mut InBuffer::around(&body))
                .unwrap();
            assert_eq!(context.end_stream(&mut target).unwrap(), 0);
            out
        };
        assert_eq!(inflate(&streamed(ZSTD_WINDOW_LOG_MAX)).unwrap().len(), 1000);
        let fault = inflate(&streamed(ZSTD_WINDOW_LOG_MAX + 1));
        assert!(
            matches!(fault, Err(InflateFault::Malformed(_))),
            "{fault:?}"
        );
    }
}

//! Whole frames out of a blocking stream, read into one buffer that is used again.
//!
//! Owns: the buffer. Refuses: frames past the gateway's own bound. Stays true: bytes are copied once
//! by the kernel and at most once more, when the buffer's end is reached in the middle of a frame.

use anyhow::Context;
use lockgate::kafka::frame::frame_size;
use lockgate::limits::FRAME_BYTES_MAX;
use std::io::Read;

/// What one read asks for at least.
const READ_BYTES: usize = 256 * 1024;

/// The frames of a stream.
pub struct Frames<S> {
    stream: S,
    buffer: Vec<u8>,
    filled: std::ops::Range<usize>,
}

impl<S: Read> Frames<S> {
    /// Nothing is allocated before the first read.
    pub fn new(stream: S) -> Frames<S> {
        Frames {
            stream,
            buffer: Vec::new(),
            filled: 0..0,
        }
    }

    /// The next frame, its size field included.
    ///
    /// # Errors
    /// The stream ended, broke or timed out, or claims an impossible frame.
    pub fn next(&mut self) -> anyhow::Result<&[u8]> {
        loop {
            let waiting = &self.buffer[self.filled.clone()];
            let size = frame_size(waiting, FRAME_BYTES_MAX)?;
            if let Some(size) = size.filter(|size| *size <= waiting.len()) {
                let start = self.filled.start;
                self.filled.start += size;
                return Ok(&self.buffer[start..start + size]);
            }
            self.make_room(size.unwrap_or(0));
            let room = &mut self.buffer[self.filled.end..];
            let read = self.stream.read(room).context("no reply")?;
            anyhow::ensure!(read > 0, "the connection was closed by the other side");
            self.filled.end += read;
        }
    }

    fn make_room(&mut self, frame: usize) {
        let wanted = frame.max(READ_BYTES);
        if self.filled.is_empty() {
            self.filled = 0..0;
        } else if self.filled.start + wanted > self.buffer.len() {
            self.buffer.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted, 0);
        }
        if self.filled.end == self.buffer.len() {
            self.buffer.resize(self.buffer.len() + READ_BYTES, 0);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Gives a few bytes at a time.
    struct Trickle<'a>(&'a [u8], usize);

    impl Read for Trickle<'_> {
        fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
            let size = self.1.min(out.len()).min(self.0.len());
            out[..size].copy_from_slice(&self.0[..size]);
            self.0 = &self.0[size..];
            Ok(size)
        }
    }

    fn frame(fill: u8, bytes: usize) -> Vec<u8> {
        let mut frame = (bytes as u32).to_be_bytes().to_vec();
        frame.resize(4 + bytes, fill);
        frame
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let sizes = [4, 300_000, 5, 262_140, 262_144, 1_000_000, 4, 9];
        let sent: Vec<Vec<u8>> = (1..).zip(sizes).map(|(fill, n)| frame(fill, n)).collect();
        let wire = sent.concat();
        for step in [7, 1000, 262_144, usize::MAX] {
            let mut frames = Frames::new(Trickle(&wire, step));
            for expected in &sent {
                assert!(frames.next().unwrap() == expected, "step {step}");
            }
            assert!(frames.next().is_err());
        }
    }

    #[test]
    fn an_impossible_size_is_refused() {
        let wire = [0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0];
        assert!(Frames::new(&wire[..]).next().is_err());
    }
}

//! Text, read in blocks of whole lines.
//!
//! Owns: the one buffer of an input that is text, and where it is cut. Refuses: to keep more than the
//! buffer of a line, however long it is. Stays true: every byte is in some block, and is released by
//! exactly one; every place of a line is owned by exactly one block; what a pipe has sent is looked
//! at before more is asked for, once a whole line is there.
//!
//! A line longer than the buffer comes in parts. Neighbours share twice the overlap:
//!
//! ```text
//! line   ────────────────────────────────────────────
//! part 1 ├───────owned─────────┼──────┤
//! part 2               ├───────┼───owned──────┼──────┤
//!                      2 × overlap
//! ```

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// Some lines, or a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its bytes, from the front of the buffer.
    pub len: usize,
    /// Number of its first line, from 0.
    pub line: u64,
    /// Bytes of that line that stand before the block.
    pub within: u64,
    /// What begins here is this block's to tell; the rest another's.
    pub owned: Range<usize>,
    /// Bytes at its front that no later block holds.
    pub release: usize,
}

/// The blocks of a text.
pub struct Blocks<R> {
    from: R,
    buffer: Box<[u8]>,
    overlap: usize,
    filled: usize,
    /// Bytes in front that the last block released.
    released: usize,
    /// Bytes in front that hold no line end.
    seen: usize,
    line: u64,
    within: u64,
    /// Whether the buffer begins within a line.
    inside: bool,
    ended: bool,
}

impl<R: Read> Blocks<R> {
    /// With a buffer of `size` bytes, more than four times the overlap.
    pub fn new(from: R, size: usize, overlap: usize) -> Blocks<R> {
        debug_assert!(size > 4 * overlap);
        Blocks {
            from,
            buffer: vec![0; size].into_boxed_slice(),
            overlap,
            filled: 0,
            released: 0,
            seen: 0,
            line: 0,
            within: 0,
            inside: false,
            ended: false,
        }
    }

    /// The next block. The one before is gone.
    pub fn next(&mut self) -> io::Result<Option<Block>> {
        self.buffer.copy_within(self.released..self.filled, 0);
        self.filled -= self.released;
        self.seen = self.seen.saturating_sub(self.released);
        self.released = 0;
        loop {
            if let Some(block) = self.cut() {
                self.released = block.release;
                return Ok(Some(block));
            }
            if self.ended {
                return Ok(None);
            }
            self.read()?;
        }
    }

    /// The bytes of the block that came last.
    pub fn bytes(&self, block: &Block) -> &[u8] {
        self.buffer.get(..block.len).unwrap_or_default()
    }

    /// Lines that are over: those of all blocks so far.
    pub fn lines_before(&self) -> u64 {
        self.line
    }

    fn read(&mut self) -> io::Result<()> {
        let room = self.buffer.get_mut(self.filled..).unwrap_or_default();
        match self.from.read(room) {
            Ok(0) => self.ended = true,
            Ok(n) => self.filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
        Ok(())
    }

    fn cut(&mut self) -> Option<Block> {
        let new = self.buffer.get(self.seen..self.filled).unwrap_or_default();
        // Lines come all at once; of a line in parts only its own rest.
        let newline = match self.inside {
            true => memchr::memchr(b'\n', new),
            false => memchr::memrchr(b'\n', new),
        };
        if let Some(newline) = newline {
            let len = self.seen + newline + 1;
            // What stands behind the rest of a long line has not been looked at.
            self.seen = if self.inside { len } else { self.filled };
            return Some(self.lines(len));
        }
        self.seen = self.filled;
        if self.ended && self.filled > 0 {
            return Some(self.lines(self.filled));
        }
        (self.filled == self.buffer.len()).then(|| self.part())
    }

    /// Whole lines; the first may be the rest of one.
    fn lines(&mut self, len: usize) -> Block {
        let (line, within) = (self.line, self.within);
        let first = if self.inside { self.overlap } else { 0 };
        let text = self.buffer.get(..len).unwrap_or_default();
        self.line += super::lines::Lines::count(text);
        (self.within, self.inside) = (0, false);
        Block {
            len,
            line,
            within,
            owned: first..len,
            release: len,
        }
    }

    /// A buffer full of one line that goes on.
    fn part(&mut self) -> Block {
        let len = self.filled;
        let first = if self.inside { self.overlap } else { 0 };
        let release = len - 2 * self.overlap;
        let within = self.within;
        (self.within, self.inside) = (within + release as u64, true);
        Block {
            len,
            line: self.line,
            within,
            owned: first..len - self.overlap,
            release,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::lines::Lines;
    use super::*;
    use proptest::prelude::*;

    /// Hands out its bytes in pieces of these sizes, over and over.
    struct Dribble<'a> {
        rest: &'a [u8],
        sizes: &'a [usize],
        turn: usize,
    }

    impl Read for Dribble<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            assert!(!room.is_empty(), "a read into no room looks like the end");
            let size = self.sizes[self.turn % self.sizes.len()];
            self.turn += 1;
            let (now, rest) = self
                .rest
                .split_at(size.min(room.len()).min(self.rest.len()));
            room[..now.len()].copy_from_slice(now);
            self.rest = rest;
            Ok(now.len())
        }
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof!["[ab]{0,12}", "[ab]{40,200}"];
        let end = prop_oneof![Just("\n"), Just("\r\n"), Just("")];
        proptest::collection::vec((piece, end), 0..12).prop_map(|all| {
            all.into_iter()
                .flat_map(|(a, b)| (a + b).into_bytes())
                .collect()
        })
    }

    proptest! {
        #[test]
        fn every_place_is_owned_once_and_known_by_line_and_offset(
            text in text(), sizes in proptest::collection::vec(1usize..60, 1..5),
        ) {
            let mut owners: Vec<(u64, u64, u8)> = Vec::new();
            let mut written = Vec::new();
            let from = Dribble { rest: &text, sizes: &sizes, turn: 0 };
            let mut blocks = Blocks::new(from, 42, 10);
            while let Some(block) = blocks.next().unwrap() {
                let bytes = blocks.bytes(&block);
                written.extend_from_slice(&bytes[..block.release]);
                for field in Lines::new(bytes) {
                    let before = if field.record == 0 { block.within } else { 0 };
                    for at in (field.start..field.end).filter(|at| block.owned.contains(&(*at as usize))) {
                        let line = block.line + u64::from(field.record);
                        owners.push((line, before + u64::from(at - field.start), bytes[at as usize]));
                    }
                }
            }
            let cut = |f: crate::chunk::Field| (f.start..f.end).map(move |at| (u64::from(f.record), u64::from(at - f.start), at));
            let all: Vec<_> = Lines::new(&text).flat_map(cut).map(|(l, o, at)| (l, o, text[at as usize])).collect();
            prop_assert_eq!(&owners, &all);
            prop_assert_eq!(written, text);
        }
    }

    #[test]
    fn a_line_is_seen_before_the_pipe_says_more() {
        struct Pipe(Vec<&'static [u8]>);
        impl Read for Pipe {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                let now = self.0.pop().expect("it would wait");
                room[..now.len()].copy_from_slice(now);
                Ok(now.len())
            }
        }
        let mut blocks = Blocks::new(Pipe(vec![b"c\nd", b"a\nb"]), 100, 10);
        let first = blocks.next().unwrap().unwrap();
        assert_eq!((first.line, blocks.bytes(&first)), (0, &b"a\n"[..]));
        let second = blocks.next().unwrap().unwrap();
        assert_eq!((second.line, blocks.bytes(&second)), (1, &b"bc\n"[..]));
    }

    #[test]
    fn a_failed_read_is_told() {
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("gone"))
            }
        }
        assert!(Blocks::new(Broken, 100, 10).next().is_err());
    }
}

//! The input again, with findings masked.
//!
//! Owns: the copy of what is being masked, and where it goes. Refuses: log segments, whose records a
//! gateway masks on their way. Stays true: bytes outside findings are the input's; what stands under
//! the output's name is whole, or what stood there before.

use super::lines::Lines;
use crate::chunk::Finding;
use crate::limits::MASK_KEEP_MAX;
use crate::scan::mask::{self, Edits, MaskStyle, Masker, Order};
use crate::scan::{Engine, Scratch};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Reads `full`, `keep_last:N` or `keep_first:N`.
pub fn parse_style(text: &str) -> Result<MaskStyle, String> {
    let wrong =
        || format!("not a mask: full, keep_last:N or keep_first:N, N from 1 to {MASK_KEEP_MAX}");
    if text == "full" {
        return Ok(MaskStyle::Full);
    }
    let (style, kept) = text.split_once([':', '=']).ok_or_else(wrong)?;
    let kept = kept.trim().parse().map_err(|_| wrong())?;
    match (style, kept) {
        ("keep_last", 1..=MASK_KEEP_MAX) => Ok(MaskStyle::KeepLast(kept)),
        ("keep_first", 1..=MASK_KEEP_MAX) => Ok(MaskStyle::KeepFirst(kept)),
        _ => Err(wrong()),
    }
}

/// Masks one input.
pub struct Rewriter {
    target: Target,
    style: MaskStyle,
    engine: Engine,
    scratch: Scratch,
    edits: Edits,
    /// What the front of the next block became.
    masked: Vec<u8>,
}

impl Rewriter {
    /// Writes to the file, or to standard output.
    pub fn new(output: Option<&Path>, style: MaskStyle, engine: Engine) -> io::Result<Rewriter> {
        Ok(Rewriter {
            target: Target::open(output)?,
            style,
            engine,
            scratch: Scratch::new(),
            edits: Edits::new(),
            masked: Vec::new(),
        })
    }

    /// Masks the findings of a block that begin before `owned_end`, and writes as much of it as no later block
    /// holds.
    pub fn block(
        &mut self,
        bytes: &[u8],
        found: &[Finding],
        owned_end: usize,
        release: usize,
    ) -> io::Result<()> {
        // Findings of the part before may reach into this one: its front is kept as it was masked.
        let new = bytes.get(self.masked.len()..).unwrap_or_default();
        self.masked.extend_from_slice(new);
        if !found.is_empty() {
            self.mask(found, owned_end);
        }
        let written = self.masked.get(..release).unwrap_or_default();
        self.target.write_all(written)?;
        self.masked.drain(..release.min(self.masked.len()));
        Ok(())
    }

    /// The styles that can be asked for keep every length, so places stay what they were. A masker looks again at
    /// what it made of the block, and so finds what only the block's end makes look so: that is left to the block
    /// that sees what follows.
    fn mask(&mut self, found: &[Finding], owned_end: usize) {
        let order = |finding: &Finding| Order {
            finding: *finding,
            mask: self.style.clone().into(),
        };
        let mut orders: Vec<_> = found.iter().map(order).collect();
        let masker = Masker {
            engine: &self.engine,
            keys: None,
            upto: owned_end,
        };
        self.edits.clear();
        let lines = Lines::new(&self.masked);
        masker.plan(
            &self.masked,
            lines,
            &mut orders,
            &mut self.scratch,
            &mut self.edits,
        );
        mask::apply_in_place(&mut self.masked, self.edits.iter());
    }

    /// Everything was written.
    pub fn finish(self) -> io::Result<()> {
        self.target.finish()
    }
}

/// Where masked text goes.
enum Target {
    /// Standard output, or something that is no file, such as a pipe.
    Stream(Box<dyn Write + Send>),
    /// A file beside the one that it replaces in the end.
    Beside(Partial),
}

impl Target {
    fn open(output: Option<&Path>) -> io::Result<Target> {
        let Some(path) = output else {
            return Ok(Target::Stream(Box::new(io::stdout())));
        };
        // A link stays one: what it points to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        match fs::metadata(&path) {
            Ok(found) if !found.is_file() => {
                let stream = OpenOptions::new().write(true).open(path)?;
                Ok(Target::Stream(Box::new(stream)))
            }
            found => {
                let partial = Partial::beside(path)?;
                if let Ok(found) = found {
                    partial.file.set_permissions(found.permissions())?;
                }
                Ok(Target::Beside(partial))
            }
        }
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Target::Stream(to) => to.write_all(bytes),
            Target::Beside(to) => to.file.write_all(bytes),
        }
    }

    fn finish(self) -> io::Result<()> {
        match self {
            Target::Stream(mut to) => to.flush(),
            Target::Beside(to) => to.rename(),
        }
    }
}

/// A file under a name of its own; gone when it is not renamed.
struct Partial {
    file: File,
    name: PathBuf,
    path: PathBuf,
}

impl Partial {
    fn beside(path: PathBuf) -> io::Result<Partial> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}.partial", std::process::id()));
        let name = PathBuf::from(name);
        let file = File::create_new(&name)?;
        Ok(Partial { file, name, path })
    }

    fn rename(self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.name, &self.path)
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // After a rename there is none; a file that cannot be removed has a name that says what it is.
        let _ = fs::remove_file(&self.name);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::choose::every;
    use super::super::examine::{Examiner, Portion};
    use super::super::{blocks::Blocks, lines::Lines};
    use super::*;
    use crate::chunk::{DetectorSet, Likelihood};
    use proptest::prelude::*;

    #[test]
    fn styles_are_read() {
        use MaskStyle::{Full, KeepFirst, KeepLast};
        assert_eq!(parse_style("full"), Ok(Full));
        assert_eq!(parse_style("keep_last:4"), Ok(KeepLast(4)));
        assert_eq!(parse_style("keep_first=6"), Ok(KeepFirst(6)));
        for bad in [
            "",
            "FULL",
            "keep_last",
            "keep_last:0",
            "keep_last:9",
            "keep_last:x",
            "token",
        ] {
            assert!(parse_style(bad).is_err(), "{bad}");
        }
    }

    /// Masks a text through a buffer of this size.
    fn masked(text: &[u8], size: usize, overlap: usize) -> Vec<u8> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        let choice = every(Likelihood::Likely);
        let mut rewriter =
            Rewriter::new(Some(&path), MaskStyle::Full, choice.engine.clone()).unwrap();
        let mut examiner = Examiner::new(&choice);
        let mut blocks = Blocks::new(text, size, overlap);
        while let Some(block) = blocks.next().unwrap() {
            let body = blocks.bytes(&block);
            examiner.examine(&Portion {
                body,
                fields: Lines::new(body),
                record: block.line,
                within: block.within,
                owned: block.owned.clone(),
                binary: false,
            });
            let counted = examiner.counted();
            rewriter
                .block(body, counted, block.owned.end, block.release)
                .unwrap();
        }
        assert!(!path.exists(), "nothing has the name before it is whole");
        rewriter.finish().unwrap();
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        fs::read(path).unwrap()
    }

    proptest! {
        #[test]
        fn a_small_buffer_masks_what_a_large_one_does(
            pieces in proptest::collection::vec(prop_oneof![
                Just("536-90-4399".to_owned()), Just("4111 1111 1111 1111".to_owned()),
                Just(" ssn ".to_owned()), "[a-z .]{1,150}", Just("\n".to_owned()), Just("\r\n".to_owned()),
            ], 0..20),
        ) {
            let text = pieces.concat().into_bytes();
            let whole = masked(&text, 1 << 16, 60);
            let changed = |at: &usize| whole[*at] != text[*at];
            prop_assert!((0..text.len()).filter(changed).all(|at| text[at].is_ascii_digit()));
            prop_assert_eq!(masked(&text, 300, 60), whole);
        }
    }

    /// The `a` that keeps the last number from being one is not in the buffer when its first block is masked.
    #[test]
    fn what_only_a_buffer_s_end_makes_look_so_is_not_masked() {
        let text = format!("ssn 536-90-4399 {} 536-90-4399a", "a ".repeat(136));
        assert_eq!(text.len(), 301);
        let masked = String::from_utf8(masked(text.as_bytes(), 300, 60)).unwrap();
        assert!(
            masked.starts_with("ssn XXX-XX-XXXX ") && masked.ends_with(" 536-90-4399a"),
            "{masked}"
        );
    }

    #[test]
    fn what_is_not_finished_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        fs::write(&path, "before").unwrap();
        let engine = Engine::new(DetectorSet::default());
        let mut rewriter = Rewriter::new(Some(&path), MaskStyle::Full, engine).unwrap();
        rewriter.block(b"half", &[], 4, 4).unwrap();
        drop(rewriter);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

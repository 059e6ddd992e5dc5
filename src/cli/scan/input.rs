//! A file or standard input, opened.
//!
//! Owns: its name, its size when it has one, and its first bytes. Refuses: directories. Stays true:
//! the bytes that told what it is are read again with the rest.

use super::kind::{self, Format, HEAD_BYTES, Kind, Packed};
use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// One FILE of the command line.
#[derive(Clone, Debug)]
pub struct Input {
    path: Option<PathBuf>,
    /// As it was written; `-` is standard input.
    pub name: String,
}

/// Why nothing of an input can be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The system said no.
    #[error("it cannot be read: {0}")]
    Read(#[from] io::Error),
    /// It is a directory.
    #[error("it is a directory: name the files in it")]
    Directory,
    /// It is packed.
    #[error(transparent)]
    Packed(#[from] Packed),
}

/// An input that is read.
pub struct Opened {
    /// What it is.
    pub kind: Kind,
    /// All its bytes.
    pub bytes: Box<dyn Read>,
}

impl Input {
    /// Nothing is opened yet.
    pub fn new(path: PathBuf) -> Input {
        let name = path.to_string_lossy().into_owned();
        let path = (name != "-").then_some(path);
        Input { path, name }
    }

    /// Where it lies; none for standard input.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Its size, if it is a file whose end is known.
    pub fn size(&self) -> Option<u64> {
        let found = std::fs::metadata(self.path()?).ok()?;
        found.is_file().then_some(found.len())
    }

    /// Opens it and tells what it is.
    pub fn open(&self, format: Format) -> Result<Opened, Fault> {
        let mut from: Box<dyn Read> = match &self.path {
            None => Box::new(io::stdin()),
            Some(path) if path.is_dir() => return Err(Fault::Directory),
            Some(path) => Box::new(File::open(path)?),
        };
        let head = head(&mut from)?;
        let kind = kind::tell(format, &head)?;
        let bytes = Box::new(Cursor::new(head).chain(from));
        Ok(Opened { kind, bytes })
    }
}

fn head(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut room = [0; HEAD_BYTES];
    let mut filled = 0;
    while kind::wants_more(room.get(..filled).unwrap_or_default()) {
        match from.read(room.get_mut(filled..).unwrap_or_default()) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(room.get(..filled).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_cannot_be_read_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let open = |path: &Path| Input::new(path.to_owned()).open(Format::Auto);
        let told = |path: &Path| open(path).err().unwrap().to_string();
        assert!(told(dir.path()).contains("directory"));
        assert!(told(&dir.path().join("none")).contains("No such file"));
        let gzip = dir.path().join("a.txt");
        std::fs::write(&gzip, b"\x1f\x8b\x08rest").unwrap();
        assert!(told(&gzip).contains("gzip"));
    }

    #[test]
    fn the_head_is_read_again() {
        let dir = tempfile::tempdir().unwrap();
        for size in [0, 1, 60, 61, 62, 1000] {
            let path = dir.path().join("bytes");
            let bytes = vec![0; size];
            std::fs::write(&path, &bytes).unwrap();
            let input = Input::new(path);
            let mut all = Vec::new();
            let mut opened = input.open(Format::Auto).unwrap();
            opened.bytes.read_to_end(&mut all).unwrap();
            assert_eq!((all, input.size()), (bytes, Some(size as u64)));
        }
    }
}

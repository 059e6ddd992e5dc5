//! Reading a jar: entries of a ZIP archive by their names.
//!
//! Owns: the central directory and the two methods that jars use (stored, deflated). Refuses:
//! ZIP64, encryption, anything split; a jar has none of them. (APPNOTE.TXT 6.3, §4.3)

use anyhow::{Context, Result, bail, ensure};
use flate2::read::DeflateDecoder;
use std::io::Read;
use std::path::Path;

const END_SIGNATURE: u32 = 0x0605_4b50;
const ENTRY_SIGNATURE: u32 = 0x0201_4b50;
const END_BYTES: usize = 22;
const ENTRY_BYTES: usize = 46;
const LOCAL_BYTES: usize = 30;

/// Name and content of every entry whose name `wanted` accepts, in the archive's order.
pub fn entries(
    archive: &Path,
    mut wanted: impl FnMut(&str) -> bool,
) -> Result<Vec<(String, Vec<u8>)>> {
    let bytes = std::fs::read(archive).with_context(|| format!("reading {}", archive.display()))?;
    let end = (0..=bytes.len().saturating_sub(END_BYTES))
        .rev()
        .find(|at| u32_at(&bytes, *at).is_ok_and(|word| word == END_SIGNATURE))
        .context("not a ZIP archive")?;
    let mut at = u32_at(&bytes, end + 16)? as usize;
    let mut found = Vec::new();
    for _ in 0..u16_at(&bytes, end + 10)? {
        ensure!(u32_at(&bytes, at)? == ENTRY_SIGNATURE, "a torn directory");
        let name_bytes = u16_at(&bytes, at + 28)? as usize;
        let name = part(&bytes, at + ENTRY_BYTES, name_bytes)?;
        let name = String::from_utf8(name.to_vec())?;
        if wanted(&name) {
            let content = content(&bytes, at).with_context(|| name.clone())?;
            found.push((name, content));
        }
        let beside = u16_at(&bytes, at + 30)? as usize + u16_at(&bytes, at + 32)? as usize;
        at += ENTRY_BYTES + name_bytes + beside;
    }
    Ok(found)
}

/// The content of the entry whose line in the directory is at `at`.
fn content(bytes: &[u8], at: usize) -> Result<Vec<u8>> {
    let (packed, size) = (u32_at(bytes, at + 20)?, u32_at(bytes, at + 24)?);
    let local = u32_at(bytes, at + 42)? as usize;
    let start = LOCAL_BYTES + (u16_at(bytes, local + 26)? + u16_at(bytes, local + 28)?) as usize;
    let packed = part(bytes, local + start, packed as usize)?;
    let mut whole = Vec::new();
    match u16_at(bytes, at + 10)? {
        0 => whole.extend_from_slice(packed),
        8 => {
            DeflateDecoder::new(packed).read_to_end(&mut whole)?;
        }
        method => bail!("packed by method {method}"),
    }
    ensure!(whole.len() == size as usize, "an entry of another size");
    Ok(whole)
}

fn part(bytes: &[u8], at: usize, len: usize) -> Result<&[u8]> {
    bytes.get(at..at + len).context("a cut archive")
}

fn u16_at(bytes: &[u8], at: usize) -> Result<u16> {
    Ok(u16::from_le_bytes(part(bytes, at, 2)?.try_into()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    Ok(u32::from_le_bytes(part(bytes, at, 4)?.try_into()?))
}

//! Format 1 must be readable for ever: a small log written by the first release is kept beside
//! the tests.

#![allow(clippy::unwrap_used)]

use super::entry::samples::one_of_each;
use super::query::{Filter, query};
use super::verify::verify;
use super::writer::Writer;
use crate::chunk::UnixMillis;
use std::path::{Path, PathBuf};

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/audit-v1")
}

fn write_samples(dir: &Path) {
    let (mut writer, found) = Writer::open(dir, "core-00", UnixMillis(1_700_000_000_000)).unwrap();
    assert_eq!(found, None);
    for entry in one_of_each() {
        writer.append(&entry).unwrap();
    }
    writer
        .close(UnixMillis(1_700_000_100_000), "end of the fixture")
        .unwrap();
}

#[test]
fn the_first_format_still_reads() {
    let report = verify(&fixture(), false).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let mut expected = one_of_each().into_iter();
    let skipped = query(&fixture(), &Filter::default(), &mut |found| {
        if let Some(entry) = expected.next() {
            assert_eq!((found.at, found.body), (entry.at, &entry.body));
        } else {
            assert_eq!(found.body.root().name(), "stopped");
        }
        Ok(())
    });
    assert_eq!(skipped.unwrap(), Default::default());
    assert_eq!(expected.next(), None);
}

/// While `segment::FORMAT` is 1 and no kind has a second version, the same entries give the same
/// bytes: a changed layout shows here and not at a customer's.
#[test]
fn the_first_format_is_still_what_is_written() {
    let dir = tempfile::tempdir().unwrap();
    write_samples(dir.path());
    let name = "core-00-0000018bcfe56800-00000000000000000000.seg";
    let written = std::fs::read(dir.path().join(name)).unwrap();
    assert!(
        written == std::fs::read(fixture().join(name)).unwrap(),
        "the stored layout has changed"
    );
}

/// `cargo test --lib format_v1 -- --ignored` writes the fixture if it is not there.
#[test]
#[ignore = "writes into the source tree"]
fn write_the_fixture() {
    if !fixture().exists() {
        write_samples(&fixture());
        std::fs::remove_file(fixture().join("core-00.lock")).unwrap();
    }
}

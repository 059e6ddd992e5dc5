#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::entry::samples::{one_of_each, verdict_sample};
use crate::audit::segment::HEADER_BYTES;
use crate::audit::{Entry, Writer};
use crate::chunk::UnixMillis;
use std::path::PathBuf;
use tempfile::TempDir;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

/// Two cores and a control chain, two runs each, closed in good order.
fn log() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for run in 0..2 {
        let open = |name: &str| {
            Writer::open(dir.path(), name, UnixMillis(NOW.0 + run))
                .unwrap()
                .0
        };
        let mut cores: Vec<Writer> = ["core-00", "core-01"].map(open).into();
        let mut control = open("control");
        let opened = cores.iter().map(|c| c.opened().clone()).collect();
        let started = Started {
            version: "0".into(),
            io: "epoll".into(),
            cores: opened,
        };
        control.append(&Entry::new(NOW, started)).unwrap();
        for (i, core) in cores.iter_mut().enumerate() {
            let mut verdict = verdict_sample();
            verdict.session = i as u64;
            core.append(&Entry::new(NOW, verdict)).unwrap();
        }
        cores
            .into_iter()
            .chain([control])
            .for_each(|w| w.close(NOW, "test").unwrap());
    }
    dir
}

/// Segments of a chain, oldest first.
fn files(dir: &TempDir, chain: &str) -> Vec<PathBuf> {
    let names = segments_in(dir.path()).unwrap();
    names
        .iter()
        .filter(|n| n.chain == chain)
        .map(|n| dir.path().join(n.to_string()))
        .collect()
}

fn codes(dir: &TempDir) -> Vec<&'static str> {
    let report = verify(dir.path(), false).unwrap();
    report.faults.iter().map(|f| f.wrong.code()).collect()
}

#[test]
fn an_untouched_log_is_clean_and_its_heads_are_told() {
    let dir = log();
    let report = verify(dir.path(), false).unwrap();
    assert!(report.is_clean(), "{:?}", report.faults);
    let told: Vec<_> = report
        .chains
        .iter()
        .map(|c| (c.name.as_str(), c.segments, c.entries, c.stopped))
        .collect();
    assert_eq!(
        told,
        [
            ("control", 2, 4, true),
            ("core-00", 2, 4, true),
            ("core-01", 2, 4, true)
        ]
    );
    let heads: Vec<_> = report
        .chains
        .iter()
        .map(|c| c.head.as_ref().unwrap().seq)
        .collect();
    assert_eq!(heads, [3, 3, 3]);
}

/// Exhaustive: every byte of a small log, in first and last segment alike, once in a single bit
/// and once in all.
#[test]
fn every_flipped_byte_is_found_where_it_is() {
    let dir = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let (mut writer, _) = Writer::open(dir.path(), "core-00", NOW).unwrap();
        let closed = crate::audit::entry::SessionClosed::default();
        writer.append(&Entry::new(NOW, closed)).unwrap();
        writer.close(NOW, "x").unwrap();
    }
    for path in files(&dir, "core-00") {
        let sound = std::fs::read(&path).unwrap();
        for (i, with) in (0..sound.len()).flat_map(|i| [(i, 1 << (i % 8)), (i, 0xff)]) {
            let mut bytes = sound.clone();
            bytes[i] ^= with;
            std::fs::write(&path, &bytes).unwrap();
            let report = verify(dir.path(), false).unwrap();
            let first = report.faults.first();
            let first = first.unwrap_or_else(|| panic!("byte {i} of {path:?} not found"));
            assert!(path.ends_with(&first.file));
            let begin = HEADER_BYTES as u64 * u64::from(i >= HEADER_BYTES);
            assert!(
                (begin..=i as u64).contains(&first.offset),
                "byte {i}: {first}"
            );
        }
        std::fs::write(&path, &sound).unwrap();
    }
    assert!(verify(dir.path(), false).unwrap().is_clean());
}

/// Any cut is found, save one at an entry's edge of a chain's newest segment: that one only shows
/// as an end without `stopped`, and against a head kept elsewhere.
#[test]
fn every_cut_is_found_save_at_the_edge_of_the_newest() {
    let dir = log();
    for (newest, path) in [false, true].into_iter().zip(files(&dir, "core-00")) {
        let whole = std::fs::read(&path).unwrap();
        let mut edges = vec![HEADER_BYTES as u64];
        let mut reader = Reader::open(&path).unwrap();
        while let Step::Frame(head) = reader.step().unwrap() {
            edges.push(reader.offset() + 68 + u64::from(head.len));
        }
        for cut in 0..whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let report = verify(dir.path(), false).unwrap();
            let at_edge = newest && edges.contains(&(cut as u64));
            assert_eq!(
                report.is_clean(),
                at_edge,
                "cut at {cut} of {path:?}: {:?}",
                report.faults
            );
            assert!(!newest || !report.chains[1].stopped);
        }
        std::fs::write(&path, &whole).unwrap();
    }
}

#[test]
fn an_unfinished_tail_is_forgiven_only_live_and_only_at_the_end() {
    let dir = log();
    let cut = |path: &PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        std::fs::write(path, &bytes[..bytes.len() - 5]).unwrap();
    };
    cut(&files(&dir, "core-00")[1]);
    assert_eq!(codes(&dir), ["unfinished_tail"]);
    let live = verify(dir.path(), true).unwrap();
    assert!(live.is_clean() && live.chains[1].unfinished_bytes > 0);
    cut(&files(&dir, "core-01")[0]);
    assert!(!verify(dir.path(), true).unwrap().is_clean());
}

#[test]
fn a_segment_that_was_created_this_moment_is_forgiven_only_live() {
    let dir = log();
    let next = SegmentName {
        chain: "core-01".into(),
        epoch: u64::MAX,
        first_seq: 4,
    };
    std::fs::write(dir.path().join(next.to_string()), b"LOCK").unwrap();
    assert_eq!(codes(&dir), ["header"]);
    assert!(verify(dir.path(), true).unwrap().is_clean());
}

#[test]
fn any_missing_segment_is_found() {
    let names: Vec<_> = segments_in(log().path()).unwrap();
    for missing in names {
        let dir = log();
        std::fs::remove_file(dir.path().join(missing.to_string())).unwrap();
        let found = codes(&dir);
        // The control chain's own newest segment is what nothing else names.
        let unnamed = missing.chain == "control" && missing.first_seq > 0;
        assert_eq!(found.is_empty(), unnamed, "{missing}: {found:?}");
    }
}

#[test]
fn a_chain_that_is_missing_whole_is_found() {
    let dir = log();
    files(&dir, "core-01")
        .iter()
        .for_each(|f| std::fs::remove_file(f).unwrap());
    assert_eq!(codes(&dir), ["opened_missing", "opened_missing"]);
}

#[test]
fn swapped_and_renamed_files_are_found() {
    let swap = |a: &PathBuf, b: &PathBuf| {
        let (in_a, in_b) = (std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
        std::fs::write(a, in_b).unwrap();
        std::fs::write(b, in_a).unwrap();
    };
    for i in 0..2 {
        let dir = log(); // between cores
        swap(&files(&dir, "core-00")[i], &files(&dir, "core-01")[i]);
        assert!(codes(&dir).contains(&"renamed"));
    }
    let dir = log(); // within a core
    swap(&files(&dir, "core-00")[0], &files(&dir, "core-00")[1]);
    assert!(codes(&dir).contains(&"renamed"));
    let dir = log();
    let file = &files(&dir, "core-00")[1];
    std::fs::rename(file, format!("{}.bak", file.display())).unwrap();
    assert!(codes(&dir).contains(&"file_name"));
}

/// Entries exchanged, repeated, dropped: each is a sound frame, so only the chain can tell.
#[test]
fn entries_out_of_their_place_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = Writer::open(dir.path(), "core-00", NOW).unwrap();
    (0..4).for_each(|_| {
        writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    });
    writer.close(NOW, "x").unwrap();
    let path = &files(&dir, "core-00")[0];
    let whole = std::fs::read(path).unwrap();
    let mut reader = Reader::open(path).unwrap();
    let mut frames = Vec::new();
    while let Step::Frame(head) = reader.step().unwrap() {
        let start = reader.offset() as usize;
        frames.push(whole[start..start + 68 + head.len as usize].to_vec());
    }
    for order in [
        vec![0, 2, 1, 3, 4],
        vec![1, 0, 2, 3, 4],
        vec![0, 1, 1, 2, 3, 4],
        vec![0, 1, 3, 4],
        vec![1, 2, 3, 4],
    ] {
        let mut bytes = whole[..HEADER_BYTES].to_vec();
        order
            .iter()
            .for_each(|i| bytes.extend_from_slice(&frames[*i]));
        std::fs::write(path, &bytes).unwrap();
        let found = codes(&dir);
        assert!(
            found.contains(&"previous") && found.contains(&"seq"),
            "{order:?}: {found:?}"
        );
    }
}

/// An entry that was changed and given a fitting checksum: the next one names another hash.
#[test]
fn a_forged_entry_breaks_the_chain_behind_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = Writer::open(dir.path(), "core-00", NOW).unwrap();
    one_of_each().iter().for_each(|e| {
        writer.append(e).unwrap();
    });
    writer.close(NOW, "x").unwrap();
    let path = &files(&dir, "core-00")[0];
    let mut bytes = std::fs::read(path).unwrap();
    let mut reader = Reader::open(path).unwrap();
    let Step::Frame(head) = reader.step().unwrap() else {
        panic!()
    };
    let frame = HEADER_BYTES..HEADER_BYTES + 68 + head.len as usize;
    bytes[frame.start + 16] ^= 1; // its time
    let crc = crc_fast::crc32_iscsi(&bytes[frame.start + 8..frame.end]);
    bytes[frame.start + 4..frame.start + 8].copy_from_slice(&crc.to_le_bytes());
    std::fs::write(path, &bytes).unwrap();
    let report = verify(dir.path(), false).unwrap();
    assert_eq!(report.faults.len(), 1);
    assert_eq!(
        (report.faults[0].seq, report.faults[0].offset),
        (Some(1), frame.end as u64)
    );
}

#[test]
fn two_runs_that_follow_the_same_one_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let run = |dir: &TempDir, now| {
        let (mut writer, _) = Writer::open(dir.path(), "core-00", UnixMillis(now)).unwrap();
        writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
        writer.close(NOW, "x").unwrap();
    };
    run(&dir, 1);
    let fork = tempfile::tempdir().unwrap();
    let first = files(&dir, "core-00").remove(0);
    std::fs::copy(&first, fork.path().join(first.file_name().unwrap())).unwrap();
    run(&dir, 2);
    run(&fork, 3);
    let other = files(&fork, "core-00").remove(1);
    std::fs::copy(&other, dir.path().join(other.file_name().unwrap())).unwrap();
    assert_eq!(codes(&dir), ["first_seq", "previous_segment"]);
}

#[test]
fn an_empty_directory_is_no_clean_audit() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        verify(dir.path(), false),
        Err(AuditFault::NoSegments(_))
    ));
    assert!(matches!(
        verify(&dir.path().join("none"), false),
        Err(AuditFault::Io { .. })
    ));
}

#[test]
fn a_flood_of_faults_is_counted_and_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..AUDIT_FAULTS_LISTED_MAX + 7 {
        std::fs::write(dir.path().join(format!("x{i}.seg")), b"").unwrap();
    }
    let report = verify(dir.path(), false).unwrap();
    assert_eq!(
        (report.faults.len(), report.more_faults),
        (AUDIT_FAULTS_LISTED_MAX, 7)
    );
}

#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::entry::samples::{arbitrary_body, one_of_each, verdict_sample};
use crate::audit::entry::{Body, Op, PolicyLoaded, Traffic};
use crate::audit::query::{Filter, query};
use crate::audit::recover::segments_in;
use crate::audit::verify::{Fault, verify};
use proptest::prelude::*;

const NOW: UnixMillis = UnixMillis(1_700_000_000_000);

fn open(dir: &Path) -> (Writer, Option<Recovered>) {
    Writer::open(dir, "core-00", NOW).unwrap()
}

/// Everything in the chain, as (seq, entry).
fn read(dir: &Path) -> Vec<(u64, Entry)> {
    let mut out = Vec::new();
    let skipped = query(dir, &Filter::default(), &mut |found| {
        out.push((
            found.seq,
            Entry {
                at: found.at,
                body: found.body.clone(),
            },
        ));
        Ok(())
    });
    assert_eq!(skipped.unwrap(), Default::default());
    out
}

fn names(dir: &Path) -> Vec<&'static str> {
    read(dir)
        .iter()
        .map(|(_, e)| e.body.root().name())
        .collect()
}

/// Stands in for kill -9: nothing of the destructor runs, only the lock goes.
fn kill(writer: Writer) {
    writer._lock.unlock().unwrap();
    std::mem::forget(writer);
}

#[test]
fn a_writer_may_move_to_its_thread() {
    fn is_send<T: Send>() {}
    is_send::<Writer>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Random entries, random restarts, small segments: what is read is what was written.
    #[test]
    fn what_is_written_is_read(
        runs in prop::collection::vec((prop::collection::vec(arbitrary_body(), 0..12), any::<bool>()), 1..4),
        segment_bytes_max in 400u64..4000,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut expected = Vec::new();
        for (bodies, close) in runs {
            let (mut writer, found) = open(dir.path());
            writer.segment_bytes_max = segment_bytes_max;
            expected.extend(found.map(|f| Entry::new(NOW, f)));
            for body in bodies {
                let entry = Entry { at: NOW, body };
                prop_assert_eq!(writer.append(&entry).unwrap(), expected.len() as u64);
                expected.push(entry);
            }
            if close {
                writer.close(NOW, "test").unwrap();
                expected.push(Entry::new(NOW, Stopped { cause: "test".into() }));
            } else {
                writer.flush().unwrap();
                kill(writer);
            }
        }
        let found = read(dir.path());
        prop_assert!(found.iter().enumerate().all(|(i, (seq, _))| i as u64 == *seq));
        prop_assert_eq!(found.into_iter().map(|(_, e)| e).collect::<Vec<_>>(), expected);
        let report = verify(dir.path(), false).unwrap();
        // An arbitrary `started` names segments that were never there.
        let others = |f: &&Fault| f.wrong.code() != "opened_missing";
        prop_assert_eq!(report.faults.iter().find(others), None);
    }
}

#[test]
fn nothing_reaches_the_kernel_before_a_flush_and_all_after() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    assert!(read(dir.path()).is_empty() && writer.buffered() > 0);
    writer.commit(Tier::Interval).unwrap();
    assert!(read(dir.path()).is_empty());
    writer.commit(Tier::Kernel).unwrap();
    assert_eq!(names(dir.path()), ["verdict"]);
}

#[test]
fn syncs_follow_the_writes_over_segments() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    writer.segment_bytes_max = 1000;
    for seq in 0..50 {
        assert!(writer.durable() <= seq);
        writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
        writer.sync().unwrap();
        assert_eq!(writer.durable(), seq + 1);
    }
    assert!(segments_in(dir.path()).unwrap().len() > 5);
    writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    writer.request_sync();
    let patience = std::time::Instant::now();
    while writer.durable() < 51 {
        assert!(patience.elapsed().as_secs() < 10 && !writer.failed());
        std::thread::yield_now();
    }
}

#[test]
fn a_second_writer_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (first, _) = open(dir.path());
    assert!(matches!(
        Writer::open(dir.path(), "core-00", NOW),
        Err(AuditFault::InUse(_))
    ));
    Writer::open(dir.path(), "core-01", NOW).unwrap();
    drop(first);
    open(dir.path());
    assert!(matches!(
        Writer::open(dir.path(), "../core", NOW),
        Err(AuditFault::ChainName(_))
    ));
}

#[test]
fn a_clock_that_goes_back_does_not_reorder_segments() {
    let dir = tempfile::tempdir().unwrap();
    for year in [2, 1, 0] {
        let now = UnixMillis(NOW.0 + year * 365 * 86_400_000);
        let (writer, found) = Writer::open(dir.path(), "core-00", now).unwrap();
        assert_eq!(found, None);
        writer.close(now, "test").unwrap();
    }
    assert!(verify(dir.path(), false).unwrap().is_clean());
}

#[test]
fn a_failed_write_is_final() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    let good = std::mem::replace(
        &mut writer.file,
        OpenOptions::new().write(true).open("/dev/full").unwrap(),
    );
    writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    assert!(!writer.failed());
    assert!(matches!(
        writer.flush(),
        Err(AuditFault::Io { what: "write", .. })
    ));
    writer.file = good; // the disk has room again: too late
    assert!(writer.failed());
    assert!(matches!(
        writer.append(&Entry::new(NOW, verdict_sample())),
        Err(AuditFault::Stopped)
    ));
    assert!(matches!(writer.sync(), Err(AuditFault::Stopped)));
    writer.request_sync();
    drop(writer);
    assert!(read(dir.path()).is_empty());
}

#[test]
fn a_failed_sync_is_final() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    // fdatasync of a character device is EINVAL.
    let null = OpenOptions::new().write(true).open("/dev/null").unwrap();
    writer.commit.segment(null, "/dev/null".into(), 0).unwrap();
    writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    assert!(matches!(
        writer.sync(),
        Err(AuditFault::Io { what: "sync", .. })
    ));
    assert!(writer.failed() && writer.durable() == 0);
    assert!(matches!(
        writer.append(&Entry::new(NOW, verdict_sample())),
        Err(AuditFault::Stopped)
    ));
}

#[test]
fn a_failed_background_sync_shows() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    let null = OpenOptions::new().write(true).open("/dev/null").unwrap();
    writer.commit.segment(null, "/dev/null".into(), 0).unwrap();
    writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    writer.request_sync();
    let patience = std::time::Instant::now();
    while !writer.failed() {
        assert!(patience.elapsed().as_secs() < 10);
        std::thread::yield_now();
    }
}

#[test]
fn what_is_too_large_is_named_and_stops_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    let text = "x".repeat(AUDIT_ENTRY_BYTES_MAX + 1);
    writer
        .append(&Entry::new(
            NOW,
            PolicyLoaded {
                hash: [0; 32],
                text,
            },
        ))
        .unwrap();
    writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
    writer.close(NOW, "test").unwrap();
    let found = read(dir.path());
    assert!(matches!(&found[0].1.body, Body::Oversized(o) if o.was == "policy_loaded"));
    assert_eq!(names(dir.path()), ["oversized", "verdict", "stopped"]);
}

/// A crash in the middle of a write: every possible cut of the last entry.
#[test]
fn a_torn_tail_is_cut_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    let path = dir.path().join(&writer.opened().segment);
    one_of_each().iter().take(3).for_each(|e| {
        writer.append(e).unwrap();
    });
    writer.flush().unwrap();
    let edge = std::fs::metadata(&path).unwrap().len();
    let last = Stopped {
        cause: "cut off below".into(),
    };
    writer.append(&Entry::new(NOW, last)).unwrap();
    drop(writer);
    let whole = std::fs::read(&path).unwrap();
    for cut in edge as usize..whole.len() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(path.file_name().unwrap()), &whole[..cut]).unwrap();
        let (writer, found) = open(dir.path());
        let found = found.unwrap();
        assert_eq!((found.last_seq, found.quarantined), (Some(2), false));
        assert_eq!(found.cut_bytes, cut as u64 - edge);
        assert_eq!(found.cut_at.is_some(), cut as u64 != edge);
        writer.close(NOW, "test").unwrap();
        assert!(verify(dir.path(), false).unwrap().is_clean());
        assert_eq!(names(dir.path())[3..], ["recovered", "stopped"]);
    }
}

#[test]
fn damage_with_entries_behind_it_is_left_and_told() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    let path = dir.path().join(&writer.opened().segment);
    one_of_each().iter().for_each(|e| {
        writer.append(e).unwrap();
    });
    drop(writer);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[HEADER_BYTES + 90] ^= 1;
    bytes.truncate(bytes.len() - 3);
    std::fs::write(&path, &bytes).unwrap();
    let (writer, found) = open(dir.path());
    let found = found.unwrap();
    assert_eq!(
        (found.quarantined, found.cut_at, found.last_seq),
        (true, None, Some(one_of_each().len() as u64 - 2))
    );
    writer.close(NOW, "test").unwrap();
    assert!(std::fs::read(&path).unwrap() == bytes, "left as it is");
    let report = verify(dir.path(), false).unwrap();
    let files: Vec<_> = report
        .faults
        .iter()
        .map(|f| dir.path().join(&f.file))
        .collect();
    assert!(
        !files.is_empty() && files.iter().all(|f| *f == path),
        "{:?}",
        report.faults
    );
}

/// A power cut right after a segment was created: its name is there, its header is not.
#[test]
fn a_header_that_never_reached_the_disk_is_removed_and_told() {
    for torn in [vec![], vec![0; 4096], b"LOCKGATE".to_vec()] {
        let dir = tempfile::tempdir().unwrap();
        let (mut writer, _) = open(dir.path());
        writer.append(&Entry::new(NOW, verdict_sample())).unwrap();
        let next = SegmentName {
            first_seq: 1,
            ..writer.segment.clone()
        };
        drop(writer);
        std::fs::write(dir.path().join(next.to_string()), &torn).unwrap();
        let (writer, found) = open(dir.path());
        assert_eq!(found.unwrap().segment, next.to_string());
        writer.close(NOW, "test").unwrap();
        assert!(verify(dir.path(), false).unwrap().is_clean());
        // The segment before did not end in good order either.
        assert_eq!(
            names(dir.path()),
            ["verdict", "recovered", "recovered", "stopped"]
        );
    }
}

#[test]
fn traffic_is_appended_from_reused_storage() {
    let dir = tempfile::tempdir().unwrap();
    let (mut writer, _) = open(dir.path());
    let mut traffic = Traffic::default();
    for session in 0..3 {
        traffic.reset(session, Op::Produce);
        traffic.chunk("t", 0, 10, -1);
        traffic.batch(1, 1);
        writer.append_root(NOW, &traffic).unwrap();
    }
    writer.flush().unwrap();
    let sessions = read(dir.path()).into_iter().map(|(_, e)| match e.body {
        Body::Traffic(t) => t.session(),
        other => panic!("{other:?}"),
    });
    assert_eq!(sessions.collect::<Vec<_>>(), [0, 1, 2]);
}

#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::entry::{Op, Traffic};
use crate::audit::{Entry, Writer};

fn opened(session: u64, principal: &str) -> Body {
    SessionOpened {
        session,
        principal: principal.into(),
        ..SessionOpened::default()
    }
    .into()
}

fn traffic(session: u64, topic: &str) -> Body {
    let mut traffic = Traffic::default();
    traffic.reset(session, Op::Produce);
    traffic.chunk(topic, 0, 1, -1);
    traffic.into()
}

/// Writes one run of a chain.
fn run(dir: &Path, chain: &str, entries: &[(i64, Body)]) {
    let (mut writer, _) = Writer::open(dir, chain, UnixMillis(0)).unwrap();
    for (at, body) in entries {
        writer
            .append(&Entry {
                at: UnixMillis(*at),
                body: body.clone(),
            })
            .unwrap();
    }
    writer.close(UnixMillis(1000), "end").unwrap();
}

/// (time, chain, principal of the session) of what a filter shows.
fn shown(dir: &Path, filter: &Filter) -> Vec<(i64, String, Option<String>)> {
    let mut out = Vec::new();
    query(dir, filter, &mut |f| {
        out.push((f.at.0, f.chain.to_string(), f.principal.map(str::to_string)));
        Ok(())
    })
    .unwrap();
    out
}

#[test]
fn chains_are_merged_by_time() {
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        "core-00",
        &[
            (1, traffic(0, "a")),
            (4, traffic(0, "a")),
            (6, traffic(0, "a")),
        ],
    );
    run(
        dir.path(),
        "core-01",
        &[
            (2, traffic(0, "b")),
            (3, traffic(0, "b")),
            (5, traffic(0, "b")),
        ],
    );
    let filter = Filter {
        until: Some(UnixMillis(1000)),
        ..Filter::default()
    };
    let times: Vec<_> = shown(dir.path(), &filter)
        .into_iter()
        .map(|s| s.0)
        .collect();
    assert_eq!(times, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn traffic_is_found_by_the_principal_of_its_session_in_its_chain_and_run() {
    let dir = tempfile::tempdir().unwrap();
    let closed = SessionClosed {
        session: 1,
        ..SessionClosed::default()
    };
    let first = [
        (1, opened(1, "alice")),
        (2, traffic(1, "a")),
        (3, closed.into()),
        (4, traffic(1, "a")),
    ];
    run(
        dir.path(),
        "core-00",
        &[&first[..], &[(5, opened(2, "alice"))]].concat(),
    );
    run(dir.path(), "core-00", &[(2000, traffic(2, "a"))]); // another run: another session 2
    run(dir.path(), "core-01", &[(2, traffic(1, "a"))]);
    let alice = Filter {
        principal: Some("alice".into()),
        ..Filter::default()
    };
    let times: Vec<_> = shown(dir.path(), &alice)
        .into_iter()
        .map(|s| (s.0, s.2.is_some()))
        .collect();
    assert_eq!(times, [(1, false), (2, true), (3, true), (5, false)]);
    // A session that was opened before the time asked for is still known.
    let later = Filter {
        since: Some(UnixMillis(2)),
        kind: Some("traffic".into()),
        ..alice
    };
    assert_eq!(
        shown(dir.path(), &later),
        [(2, "core-00".into(), Some("alice".into()))]
    );
}

#[test]
fn damage_is_told_and_stepped_over() {
    let dir = tempfile::tempdir().unwrap();
    run(
        dir.path(),
        "core-00",
        &[
            (1, traffic(0, "a")),
            (2, traffic(0, "a")),
            (3, traffic(0, "a")),
        ],
    );
    let path = dir
        .path()
        .join(segments_in(dir.path()).unwrap()[0].to_string());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[128 + 70] ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let mut times = Vec::new();
    let skipped = query(dir.path(), &Filter::default(), &mut |f| {
        times.push(f.at.0);
        Ok(())
    });
    assert_eq!(times, [2, 3, 1000]);
    assert_eq!(
        skipped.unwrap(),
        Skipped {
            damaged: 1,
            unreadable: 0
        }
    );
}

#[test]
fn an_output_that_fails_ends_the_query() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "core-00", &[(1, traffic(0, "a"))]);
    let mut calls = 0;
    let ended = query(dir.path(), &Filter::default(), &mut |_| {
        calls += 1;
        Err(io::ErrorKind::BrokenPipe.into())
    });
    assert!(matches!(ended, Err(QueryFault::Output(_))));
    assert_eq!(calls, 1);
}

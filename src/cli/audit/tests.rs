#![allow(clippy::unwrap_used)]

use super::*;
use crate::audit::entry::samples::one_of_each;
use crate::audit::entry::{SessionClosed, SessionOpened};
use crate::audit::{Entry, Writer};
use clap::Parser;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: AuditArgs,
}

/// Exit code and output of a command line, without `lockgate audit`.
fn output(words: &[&str]) -> (u8, String) {
    let line = Line::try_parse_from([&["audit"], words].concat()).unwrap();
    let mut out = Vec::new();
    let code = match line.args.verb {
        AuditVerb::Verify(args) => run_verify(args, &mut out),
        AuditVerb::Query(args) => run_query(*args, &mut out),
    };
    (code.unwrap(), String::from_utf8(out).unwrap())
}

fn log() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let now = UnixMillis(1_700_000_000_000);
    let (mut writer, _) = Writer::open(dir.path(), "core-00", now).unwrap();
    let opened = SessionOpened {
        session: 1,
        principal: "alice".into(),
        ..Default::default()
    };
    writer.append(&Entry::new(now, opened)).unwrap();
    let closed = SessionClosed {
        session: 1,
        cause: "gone".into(),
        bytes_in: 5,
        bytes_out: 6,
    };
    writer.append(&Entry::new(now, closed)).unwrap();
    writer.close(now, "test").unwrap();
    dir
}

#[test]
fn verify_tells_clean_from_flipped_from_unusable() {
    let dir = log();
    let path = dir.path().to_str().unwrap();
    let (code, text) = output(&["verify", path]);
    assert_eq!(code, 0);
    assert!(text.ends_with("clean: 3 entries in 1 chain\n"), "{text}");
    let (code, json) = output(&["verify", path, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (code, &json["clean"], &json["chains"][0]["head"]["seq"]),
        (0, &true.into(), &2.into())
    );

    let file = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|f| f.unwrap().path());
    let file = file
        .into_iter()
        .find(|f| f.extension().is_some_and(|e| e == "seg"))
        .unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[200] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    let (code, text) = output(&["verify", path]);
    assert_eq!(code, 1);
    let name = file.file_name().unwrap().to_str().unwrap();
    assert!(
        text.contains(&format!(
            "FAULT {name} offset 128: expected entry 0: the stored checksum is 0x"
        )),
        "{text}"
    );
    let (_, json) = output(&["verify", path, "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["faults"][0]["offset"], &json["faults"][0]["code"]),
        (&128.into(), &"damaged".into())
    );

    assert_eq!(output(&["verify", "/nowhere"]).0, 2);
    assert_eq!(output(&["query", "/nowhere"]).0, 2);
    assert_eq!(output(&["query", path]).0, 1);
}

#[test]
fn query_prints_lines_and_json() {
    let dir = log();
    let path = dir.path().to_str().unwrap();
    let (code, text) = output(&["query", path, "--kind", "session_closed"]);
    assert_eq!(code, 0);
    assert_eq!(
        text,
        "2023-11-14T22:13:20.000Z core-00 #1 session_closed session=1 in=5 out=6 gone by=alice\n"
    );
    let (_, json) = output(&["query", path, "--json", "--principal", "alice"]);
    let lines: Vec<serde_json::Value> = json
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(
        (&lines[1]["kind"], &lines[1]["principal"]),
        (&"session_closed".into(), &"alice".into())
    );
    assert_eq!(
        (&lines[1]["bytes_out"], &lines[1]["seq"]),
        (&6.into(), &1.into())
    );
    assert!(Line::try_parse_from(["audit", "query", path, "--kind", "nonsense"]).is_err());
}

#[test]
fn times_may_be_absolute_or_ago() {
    let now = UnixMillis(1_700_000_000_000);
    let at = |text| time_from(text, now).map(|t| t.0);
    assert_eq!(at("2023-11-14T22:13:20Z"), Ok(now.0));
    assert_eq!(at("2023-11-14T23:13:20.5+01:00"), Ok(now.0 + 500));
    assert_eq!(at("2023-11-14"), Ok(1_699_920_000_000));
    assert_eq!(at("10m"), Ok(now.0 - 600_000));
    assert_eq!(at("2d"), Ok(now.0 - 172_800_000));
    assert!(at("yesterday").is_err());
}

/// A field of an entry must not shadow one of the line's own, or programs would read either.
#[test]
fn no_field_is_there_twice_in_a_json_line() {
    for entry in one_of_each() {
        let fields = serde_json::to_value(&entry.body).unwrap();
        let fields = fields.as_object().unwrap();
        for own in ["time", "chain", "seq", "kind"] {
            assert!(
                !fields.contains_key(own),
                "{own} in {}",
                entry.body.root().name()
            );
        }
        let of_session = matches!(entry.body, Body::Traffic(_) | Body::SessionClosed(_));
        assert!(!(of_session && fields.contains_key("principal")));
    }
}

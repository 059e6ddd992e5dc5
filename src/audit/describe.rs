//! One entry in one line, for people.
//!
//! Owns: the words of `audit query` without `--json`. Stays true: names that came from outside
//! are printed with their control characters escaped, so that no client can forge a line or move
//! the reader's cursor.

use super::entry::{
    Asked, Body, Decided, Granted, Hash, HoldOpened, Landed, Recovered, SessionOpened, Traffic,
    Verdict, Vote,
};
use crate::chunk::{HoldId, UnixMillis};
use data_encoding::HEXLOWER;

/// Topic-partitions of one `traffic` that are named; the rest is counted.
const CHUNKS_SHOWN_MAX: usize = 8;

/// RFC 3339 in UTC with milliseconds; the bare number when no calendar has it.
pub fn time(at: UnixMillis) -> String {
    match jiff::Timestamp::from_millisecond(at.0) {
        Ok(stamp) => stamp.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        Err(_) => at.0.to_string(),
    }
}

/// First bytes of a hash, enough to compare by eye.
pub fn short(hash: &Hash) -> String {
    HEXLOWER.encode(&hash[..6])
}

/// What an entry says, without time, chain and kind.
pub fn describe(body: &Body) -> String {
    let line = match body {
        Body::Started(e) => format!("lockgate {} io={} cores={}", e.version, e.io, e.cores.len()),
        Body::Stopped(e) => e.cause.clone(),
        Body::Recovered(e) => recovered(e),
        Body::PolicyLoaded(e) => format!("policy={} bytes={}", short(&e.hash), e.text.len()),
        Body::Oversized(e) => format!(
            "a {} of {} bytes was not kept, sha256={}",
            e.was,
            e.bytes,
            short(&e.sha256)
        ),
        Body::SessionOpened(e) => session_opened(e),
        Body::LoginRefused(e) => {
            let claimed = e.claimed.as_deref().unwrap_or("-");
            format!(
                "peer={} claimed={claimed} mechanism={} {}: {}",
                e.peer, e.mechanism, e.code, e.reason
            )
        }
        Body::LoginsRefused(e) => {
            let causes = e.causes.iter().map(|c| format!("{}={}", c.code, c.count));
            let causes = causes.collect::<Vec<_>>().join(" ");
            format!("{causes} over_ms={} last={}", e.over_ms, e.last_peer)
        }
        Body::SessionClosed(e) => {
            format!(
                "session={} in={} out={} {}",
                e.session, e.bytes_in, e.bytes_out, e.cause
            )
        }
        Body::Traffic(e) => traffic(e),
        Body::Verdict(e) => verdict(e),
        Body::Asked(e) => asked(e),
        Body::HoldOpened(e) => hold_opened(e),
        Body::Review(e) => {
            let vote = if e.verdict == Vote::Approve {
                "approve"
            } else {
                "reject"
            };
            let late = if e.late { " too late" } else { "" };
            format!(
                "hold={} {} {vote} {:?} seen=v{}{late}",
                HoldId(e.hold),
                e.reviewer,
                e.reason,
                e.version
            )
        }
        Body::Decision(e) => format!(
            "hold={} {} by={}",
            HoldId(e.hold),
            decided(e.decision),
            list(&e.by)
        ),
        Body::Granted(e) => granted(e),
        Body::GrantRevoked(e) => {
            let (hold, about) = (HoldId(e.hold), &e.about);
            format!("grant={hold} by={} {:?}: {about}", e.by, e.reason)
        }
        Body::Release(e) => format!(
            "hold={} {} {}/{} send={}",
            HoldId(e.hold),
            e.principal,
            e.topic,
            e.partition,
            short(&e.send)
        ),
        Body::Outcome(e) => {
            format!(
                "hold={} {} send={}",
                HoldId(e.hold),
                landed(e.landed),
                short(&e.send)
            )
        }
    };
    escape(&line)
}

fn recovered(e: &Recovered) -> String {
    let mut line = format!("{} did not end in good order", e.segment);
    match (e.last_seq, e.last_at) {
        (Some(seq), Some(at)) => {
            line += &format!(
                "; last sound entry #{seq} of {}: later ones may be missing",
                time(UnixMillis(at))
            );
        }
        (Some(seq), None) => line += &format!("; last sound entry #{seq}"),
        _ => {}
    }
    if let Some(at) = e.cut_at {
        line += &format!(
            "; {} bytes of an unfinished entry cut off at {at}",
            e.cut_bytes
        );
    }
    if e.quarantined {
        line += "; it is damaged and was left as it is";
    }
    line
}

fn session_opened(e: &SessionOpened) -> String {
    format!(
        "session={} {} groups={} issuer={} client={} peer={} listener={} mechanism={}",
        e.session,
        e.principal,
        list(&e.groups),
        e.issuer,
        e.client_id,
        e.peer,
        e.listener,
        e.mechanism
    )
}

fn traffic(e: &Traffic) -> String {
    let mut line = format!("session={} {}", e.session(), e.operation().name());
    for chunk in e.chunks().take(CHUNKS_SHOWN_MAX) {
        line += &format!(
            " {}/{} records={} bytes={}",
            chunk.topic, chunk.partition, chunk.records, chunk.bytes
        );
        if chunk.base_offset >= 0 {
            line += &format!(" offset={}", chunk.base_offset);
        }
    }
    match e.chunks().count().saturating_sub(CHUNKS_SHOWN_MAX) {
        0 => line,
        more => line + &format!(" and {more} more"),
    }
}

fn verdict(e: &Verdict) -> String {
    let enforced = if e.enforced { "" } else { " (observed only)" };
    let mut line = format!(
        "{}{enforced} {} {} {}/{} records={} rules={}",
        e.action.name(),
        e.principal,
        e.operation.name(),
        e.topic,
        e.partition,
        e.records,
        list(&e.rules)
    );
    if !e.exceptions.is_empty() {
        line += &format!(" exceptions={}", list(&e.exceptions));
    }
    for count in &e.detectors {
        line += &format!(" {}={}", count.detector, count.count);
    }
    if let Some(hold) = e.hold {
        line += &format!(" hold={}", HoldId(hold));
    }
    if !e.reason.is_empty() {
        line += &format!(" {:?}", e.reason);
    }
    line + &format!(" policy={}", short(&e.policy))
}

fn asked(e: &Asked) -> String {
    let mut line = format!("{} {} {}", e.course.name(), e.principal, e.operation);
    for name in e.topics.iter().chain(&e.others) {
        line += &format!(" {name}");
    }
    if e.more > 0 {
        line += &format!(" and {} more", e.more);
    }
    if !e.rules.is_empty() {
        line += &format!(" rules={}", list(&e.rules));
    }
    if !e.exceptions.is_empty() {
        line += &format!(" exceptions={}", list(&e.exceptions));
    }
    if !e.reason.is_empty() {
        line += &format!(" {:?}", e.reason);
    }
    line + &format!(" session={} policy={}", e.session, short(&e.policy))
}

fn granted(e: &Granted) -> String {
    let until = match e.until {
        0 => "revoked".to_owned(),
        at => time(UnixMillis(at)),
    };
    format!(
        "grant={} {} rule={} by={} until={until}: {}",
        HoldId(e.hold),
        e.covers,
        e.rule,
        list(&e.by),
        e.about
    )
}

fn hold_opened(e: &HoldOpened) -> String {
    format!(
        "hold={} {} {} {}/{} flagged={} rules={} asks={} until={}",
        HoldId(e.hold),
        e.principal,
        e.operation.name(),
        e.topic,
        e.partition,
        e.content.records,
        list(&e.rules),
        list(&e.asks),
        time(UnixMillis(e.deadline))
    )
}

fn decided(decision: Decided) -> &'static str {
    match decision {
        Decided::Approved => "approved",
        Decided::Rejected => "rejected",
        Decided::Expired => "expired",
        Decided::Cancelled => "cancelled",
    }
}

fn landed(landed: Landed) -> String {
    match landed {
        Landed::Written { offset } => format!("written at {offset}"),
        Landed::Returned { error } => format!("returned with code {error}"),
        Landed::Unknown => "unknown: it may have landed".into(),
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        "-".into()
    } else {
        names.join(",")
    }
}

/// Control characters, and the bidirectional overrides that can reorder a line on a terminal.
fn escape(line: &str) -> String {
    let unsafe_here = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !line.contains(unsafe_here) {
        return line.to_string();
    }
    let mut out = String::with_capacity(line.len() + 16);
    for c in line.chars() {
        if unsafe_here(c) {
            out.extend(c.escape_default())
        } else {
            out.push(c)
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::entry::samples::one_of_each;

    #[test]
    fn every_kind_has_a_line() {
        for entry in one_of_each() {
            let line = describe(&entry.body);
            assert!(!line.is_empty() && !line.contains('\n'), "{line:?}");
        }
    }

    #[test]
    fn a_name_cannot_forge_a_line() {
        let opened = SessionOpened {
            principal: "a\n2026 \u{1b}[2J\u{202e}".into(),
            ..SessionOpened::default()
        };
        let line = describe(&opened.into());
        assert!(line.contains("a\\n2026 \\u{1b}[2J\\u{202e}"), "{line}");
    }

    #[test]
    fn times_are_utc_with_milliseconds() {
        assert_eq!(
            time(UnixMillis(1_700_000_000_007)),
            "2023-11-14T22:13:20.007Z"
        );
        assert_eq!(time(UnixMillis(i64::MAX)), i64::MAX.to_string());
    }
}

//! `lockgate audit`: is the trail as it was written, and what does it say.
//!
//! Owns: the arguments and the output of `verify` and `query`. Refuses: to write into the audit.
//! Exit codes: 0 clean (or shown), 1 faults (or parts that could not be read), 2 the directory
//! cannot be used at all.

use crate::audit::AuditFault;
use crate::audit::describe::{describe, time};
use crate::audit::entry::{Body, KIND_NAMES};
use crate::audit::query::{Filter, Found, QueryFault, query};
use crate::audit::verify::{Chain, Report, verify};
use crate::chunk::{HoldId, UnixMillis};
use anyhow::Context;
use clap::{Args, Subcommand, builder::PossibleValuesParser};
use data_encoding::HEXLOWER;
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Check the audit for changes, or search it.
#[derive(Debug, Args)]
pub struct AuditArgs {
    #[command(subcommand)]
    verb: AuditVerb,
}

/// What to do with it.
#[derive(Debug, Subcommand)]
enum AuditVerb {
    /// Check that nothing was changed, cut, moved or removed.
    ///
    /// Reads every byte and never writes. Each fault names file, offset and entry.
    ///
    /// Exit code: 0 clean, 1 faults, 2 the directory cannot be used.
    Verify(VerifyArgs),
    /// Show entries, oldest first, over all cores.
    ///
    /// All given conditions must hold. Without any, everything is shown.
    ///
    /// Exit code: 0 shown, 1 parts could not be read, 2 the directory cannot be used.
    Query(Box<QueryArgs>),
}

/// Arguments of `audit verify`.
#[derive(Debug, Args)]
struct VerifyArgs {
    /// The audit's directory: `audit.directory` of the configuration.
    dir: PathBuf,
    /// The gateway is running: an entry that is still being written is no fault.
    #[arg(long)]
    live: bool,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Arguments of `audit query`.
#[derive(Debug, Args)]
struct QueryArgs {
    /// The audit's directory: `audit.directory` of the configuration.
    dir: PathBuf,
    /// Only what this principal did (or this reviewer decided).
    #[arg(long, value_name = "NAME")]
    principal: Option<String>,
    /// Only what names this topic; `*` stands for any run of characters.
    #[arg(long, value_name = "NAME", value_parser = parse_topic)]
    topic: Option<globset::GlobMatcher>,
    /// Only entries of this kind.
    #[arg(long, value_parser = PossibleValuesParser::new(KIND_NAMES))]
    kind: Option<String>,
    /// Only what concerns this hold.
    #[arg(long, value_name = "ID", value_parser = parse_hold)]
    hold: Option<HoldId>,
    /// Only from this time on: RFC 3339, a date (UTC), or how long ago (`10m`, `2d`).
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<UnixMillis>,
    /// Only before this time, written like --since.
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    until: Option<UnixMillis>,
    /// Print one JSON object a line, with all fields.
    #[arg(long)]
    json: bool,
}

/// Runs the verb; says on standard error why, when the exit code is 2.
pub fn run(args: AuditArgs) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(io::stdout().lock());
    let code = match args.verb {
        AuditVerb::Verify(args) => run_verify(args, &mut out),
        AuditVerb::Query(args) => run_query(*args, &mut out),
    }?;
    match out.flush() {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => Err(e).context("cannot write the output"),
        _ => Ok(ExitCode::from(code)),
    }
}

/// The faults' own words are for a gateway that writes; here somebody only reads.
fn unusable(fault: &AuditFault) -> u8 {
    match fault {
        AuditFault::Io { what, path, source } => {
            eprintln!("audit: cannot {what} {}: {source}", path.display());
        }
        fault => eprintln!("{fault}"),
    }
    2
}

fn run_verify(args: VerifyArgs, out: &mut impl Write) -> anyhow::Result<u8> {
    let report = match verify(&args.dir, args.live) {
        Ok(report) => report,
        Err(fault) => return Ok(unusable(&fault)),
    };
    let printed = if args.json {
        print_json(&report, out)
    } else {
        print_report(&report, out)
    };
    match printed {
        Err(e) if e.kind() != ErrorKind::BrokenPipe => {
            return Err(e).context("cannot write the output");
        }
        _ => {}
    }
    Ok(u8::from(!report.is_clean()))
}

fn print_json(report: &Report, out: &mut impl Write) -> io::Result<()> {
    #[derive(serde::Serialize)]
    struct Document<'a> {
        clean: bool,
        #[serde(flatten)]
        report: &'a Report,
    }
    serde_json::to_writer(
        &mut *out,
        &Document {
            clean: report.is_clean(),
            report,
        },
    )?;
    writeln!(out)
}

fn print_report(report: &Report, out: &mut impl Write) -> io::Result<()> {
    for chain in &report.chains {
        print_chain(chain, out)?;
    }
    for fault in &report.faults {
        writeln!(out, "FAULT {fault}")?;
    }
    if report.more_faults > 0 {
        writeln!(out, "… and {} more faults", report.more_faults)?;
    }
    let entries = plural(
        report.chains.iter().map(|c| c.entries).sum(),
        "entry",
        "entries",
    );
    let chains = plural(report.chains.len() as u64, "chain", "chains");
    match report.faults.len() as u64 + report.more_faults {
        0 => writeln!(out, "clean: {entries} in {chains}"),
        n => {
            let faults = plural(n, "fault", "faults");
            writeln!(out, "NOT CLEAN: {faults}; {entries} read in {chains}")
        }
    }
}

fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

fn print_chain(chain: &Chain, out: &mut impl Write) -> io::Result<()> {
    write!(
        out,
        "{}: {} in {}",
        chain.name,
        plural(chain.entries, "entry", "entries"),
        plural(chain.segments, "segment", "segments")
    )?;
    if let Some(head) = &chain.head {
        write!(out, ", head {} {}", head.seq, HEXLOWER.encode(&head.hash))?;
    }
    match (chain.stopped, chain.unfinished_bytes) {
        (true, _) => writeln!(out, ", stopped in good order"),
        (false, 0) => writeln!(out, ", open: the gateway runs, or its end was lost"),
        (false, n) => writeln!(out, ", open: {n} bytes of an entry that is being written"),
    }
}

fn run_query(args: QueryArgs, out: &mut impl Write) -> anyhow::Result<u8> {
    let filter = Filter {
        principal: args.principal,
        topic: args.topic,
        kind: args.kind,
        hold: args.hold,
        since: args.since,
        until: args.until,
    };
    let print = if args.json {
        print_json_line
    } else {
        print_line
    };
    let skipped = match query(&args.dir, &filter, &mut |found| print(found, &mut *out)) {
        Ok(skipped) => skipped,
        Err(QueryFault::Output(e)) if e.kind() == ErrorKind::BrokenPipe => return Ok(0),
        Err(QueryFault::Output(e)) => return Err(e).context("cannot write the output"),
        Err(QueryFault::Audit(fault)) => return Ok(unusable(&fault)),
    };
    if skipped == Default::default() {
        return Ok(0);
    }
    eprintln!(
        "audit: {} damaged stretches and {} unreadable entries were skipped; `lockgate audit verify` says where",
        skipped.damaged, skipped.unreadable
    );
    Ok(1)
}

fn print_line(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    let at = time(found.at);
    let kind = found.body.root().name();
    write!(
        out,
        "{at} {} #{} {kind} {}",
        found.chain,
        found.seq,
        describe(found.body)
    )?;
    match found.principal {
        Some(principal) => writeln!(out, " by={}", principal.escape_debug()),
        None => writeln!(out),
    }
}

fn print_json_line(found: &Found, out: &mut dyn Write) -> io::Result<()> {
    #[derive(serde::Serialize)]
    struct Line<'a> {
        time: String,
        chain: &'a str,
        seq: u64,
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        principal: Option<&'a str>,
        #[serde(flatten)]
        body: &'a Body,
    }
    let line = Line {
        time: time(found.at),
        chain: found.chain,
        seq: found.seq,
        kind: found.body.root().name(),
        principal: found.principal,
        body: found.body,
    };
    serde_json::to_writer(&mut *out, &line)?;
    writeln!(out)
}

fn parse_topic(text: &str) -> Result<globset::GlobMatcher, globset::Error> {
    Ok(globset::Glob::new(text)?.compile_matcher())
}

fn parse_hold(text: &str) -> Result<HoldId, String> {
    text.parse()
        .map_err(|_| "not a hold's id: 13 letters and digits".to_string())
}

fn parse_time(text: &str) -> Result<UnixMillis, String> {
    time_from(text, UnixMillis::now())
}

/// RFC 3339, a date at midnight UTC, or a span before `now`.
fn time_from(text: &str, now: UnixMillis) -> Result<UnixMillis, String> {
    let millis = |t: jiff::Timestamp| UnixMillis(t.as_millisecond());
    if let Ok(stamp) = text.parse::<jiff::Timestamp>() {
        return Ok(millis(stamp));
    }
    let utc = jiff::tz::TimeZone::UTC;
    if let Ok(date) = text.parse::<jiff::civil::Date>() {
        return date
            .to_zoned(utc)
            .map(|z| millis(z.timestamp()))
            .map_err(|e| e.to_string());
    }
    let ago = text.parse::<jiff::Span>().map_err(|_| {
        "not a time: write 2027-01-31T08:00:00Z, 2027-01-31, or 10m, 2h, 3d for so long ago"
            .to_string()
    })?;
    let now = jiff::Timestamp::from_millisecond(now.0).map_err(|e| e.to_string())?;
    let then = now
        .to_zoned(utc)
        .checked_sub(ago)
        .map_err(|e| e.to_string())?;
    Ok(millis(then.timestamp()))
}

#[cfg(test)]
mod tests;

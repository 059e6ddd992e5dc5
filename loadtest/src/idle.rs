//! What an idle connection costs the gateway.
//!
//! Owns: opening them, waiting until the gateway has put its buffers away, counting resident memory.
//! Refuses: more connections than the limit on open files allows the gateway, which needs two
//! descriptors each (it does fewer, and says so). Stays true: every connection has asked ApiVersions
//! and Metadata before, so its upstream connection stands; and every one still answers after the
//! count. Memory of the kernel's sockets is not in it.

use crate::children::{Gateway, GatewayArgs, Sink, binary, sink_listen};
use crate::client::{Link, loopback, wait_for_leaders};
use crate::payload::{Codec, Payload};
use crate::process::memory;
use crate::stream::Stream;
use anyhow::{Context, ensure};
use rustix::process::{Resource, getrlimit, setrlimit};
use serde_json::json;
use std::time::Duration;

const CONNECTIONS_MAX: usize = 25_000;
const SETTLE_S_MAX: f64 = 600.0;
/// Descriptors that are not connections: rings, files, listeners.
const DESCRIPTORS_OTHER: u64 = 256;
/// Connections before the first count, so that what the gateway allocates once is there already.
const FIRST: usize = 64;
const TOPIC: &str = "loadtest-idle";

/// How many, and how long.
#[derive(Debug, clap::Args)]
pub struct IdleArgs {
    /// Connections to open.
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    pub connections: usize,
    /// How long they are silent before memory is looked at.
    #[arg(long, value_name = "SECONDS", default_value_t = 5.0)]
    pub settle: f64,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub gateway: GatewayArgs,
}

/// Opens, waits, counts, prints.
///
/// # Errors
/// A connection that fails, or what kept the run from starting.
pub fn idle(args: &IdleArgs) -> anyhow::Result<bool> {
    ensure!(
        (1..=CONNECTIONS_MAX).contains(&args.connections),
        "--connections is 1 to {CONNECTIONS_MAX}"
    );
    ensure!(
        (0.0..=SETTLE_S_MAX).contains(&args.settle),
        "--settle is 0 to {SETTLE_S_MAX}"
    );
    let count = allowed(args.connections)?;
    let settle = Duration::from_secs_f64(args.settle);
    binary(&args.gateway)?;
    let (_sink, bootstrap) = broker(args)?;
    loopback(&bootstrap)?;
    let mut gateway = Gateway::start(&args.gateway, &bootstrap)?;
    let address = gateway.address.clone();
    wait_for_leaders(&address, TOPIC, || gateway.check_alive())?;

    let open = |count: usize| {
        (0..count)
            .map(|_| connection(&address))
            .collect::<anyhow::Result<Vec<_>>>()
    };
    let _first = open(FIRST)?;
    std::thread::sleep(settle);
    let before = memory(gateway.pid())?;
    let opened = open(count);
    gateway.check_alive()?;
    let opened = opened?;
    let after_opening = memory(gateway.pid())?;
    std::thread::sleep(settle);
    let after = memory(gateway.pid())?;
    for stream in opened {
        let mut link = Link::over(stream);
        let leaders = link.leaders(TOPIC).context("an idle connection was lost")?;
        ensure!(leaders.is_some(), "an idle connection no longer answers");
    }
    gateway.stop()?;

    let added = |to: u64| (to as f64 - before.resident as f64) / 1024.0 / count as f64;
    let (idle, opening) = (added(after.resident), added(after_opening.resident));
    if args.json {
        let found = json!({
            "connections": count,
            "resident_before_bytes": before.resident,
            "resident_idle_bytes": after.resident,
            "kib_per_connection": idle,
            "kib_per_connection_when_opened": opening,
        });
        println!("{found:#}");
    } else {
        println!(
            "{count} idle connections: {idle:.2} KiB resident added by each ({opening:.2} right after opening); {:.1} MiB before, {:.1} MiB after {} s of silence; all still answer",
            before.resident as f64 / 1_048_576.0,
            after.resident as f64 / 1_048_576.0,
            args.settle,
        );
    }
    Ok(true)
}

/// One connection that has asked its two questions and keeps no buffer here.
fn connection(address: &crate::client::Address) -> anyhow::Result<Stream> {
    let mut link = Link::open(address)?;
    link.leaders(TOPIC)?.context("no leaders")?;
    Ok(link.stream)
}

fn broker(args: &IdleArgs) -> anyhow::Result<(Option<Sink>, String)> {
    if let Some(bootstrap) = &args.gateway.bootstrap {
        return Ok((None, bootstrap.clone()));
    }
    let payload = Payload {
        frame_bytes: 1024,
        record_bytes: 1024,
        codec: Codec::None,
        hit_rate: 0.0,
        seed: 1,
    };
    let sink = Sink::start(&sink_listen(&args.gateway)?, TOPIC, 1, 1, &payload)?;
    let address = sink.address.clone();
    Ok((Some(sink), address))
}

/// As many of the wanted connections as the limit on open files allows. The limit is raised as far
/// as it goes, for this process and those it starts.
fn allowed(wanted: usize) -> anyhow::Result<usize> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit)?;
    let descriptors = limit.current.unwrap_or(u64::MAX);
    let most = descriptors.saturating_sub(DESCRIPTORS_OTHER) / 2;
    let most = usize::try_from(most)?.saturating_sub(FIRST);
    ensure!(
        most > 0,
        "the limit on open files ({descriptors}) leaves no connection"
    );
    if most < wanted {
        eprintln!(
            "{most} connections instead of {wanted}: {descriptors} open files are allowed, and the gateway needs two a connection"
        );
    }
    Ok(most.min(wanted))
}

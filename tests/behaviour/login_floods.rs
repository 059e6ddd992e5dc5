//! Strangers come by the thousand: those who can log in still do, and neither memory nor the audit
//! grows with the flood.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use kafka_protocol::protocol::StrBytes;
use lockgate_tests::audit::{entries, segments};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::login;
use lockgate_tests::requests::metadata;
use lockgate_tests::scene::Scene;
use lockgate_tests::target::Target;
use lockgate_tests::wire::{Wire, encode};
use lockgate_tests::{http, limits, wait};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A login may take this long in a flood, on a machine that makes the flood too.
const LOGIN_LIMIT: Duration = Duration::from_secs(5);
/// Refusals that one core writes down singly: at once, and each second after.
const SINGLY: (u64, u64) = (100, 1);

/// One of the gateway's counters, summed over its cores.
fn counter(gateway: &Gateway, name: &str) -> anyhow::Result<u64> {
    let answer = http::get(&gateway.admin(), "/metrics", &[])?;
    let value = answer
        .body
        .lines()
        .find_map(|line| {
            let rest = line.strip_prefix(&format!("lockgate_{name}"))?;
            rest.strip_prefix("_total")
                .unwrap_or(rest)
                .strip_prefix(' ')
        })
        .with_context(|| format!("no {name} in the metrics"))?;
    Ok(value.trim().parse::<f64>()? as u64)
}

/// SaslHandshake and a SaslAuthenticate that nobody would accept, in one piece.
fn bad_login() -> anyhow::Result<Vec<u8>> {
    let plain = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    let guess = SaslAuthenticateRequest::default().with_auth_bytes((&b"\0root\0guess"[..]).into());
    let frames = [
        encode(&plain, 1, 1, "stranger")?,
        encode(&guess, 2, 2, "stranger")?,
    ];
    Ok(frames.concat())
}

/// Logs in as fast as the gateway allows until told to stop; the slowest time.
fn log_in_until(stop: &AtomicBool, target: &Target) -> anyhow::Result<(u32, Duration)> {
    let (mut times, mut slowest) = (0, Duration::ZERO);
    while !stop.load(Ordering::Relaxed) || times == 0 {
        let begun = Instant::now();
        metadata(&mut login::connect(target)?, &[])?;
        slowest = slowest.max(begun.elapsed());
        times += 1;
    }
    Ok((times, slowest))
}

#[test]
fn refused_logins_do_not_fill_the_audit_and_good_ones_go_through() -> Outcome {
    const REFUSALS: u64 = 5_000;
    const OPEN: usize = 300;
    let scene = Scene::start()?;
    let (gateway, target, bytes) = (&scene.gateway, scene.producer()?, bad_login()?);
    let (stop, begun) = (AtomicBool::new(false), Instant::now());
    let (times, slowest) = std::thread::scope(|threads| {
        let good = threads.spawn(|| log_in_until(&stop, &target));
        let flood = threads.spawn(|| -> Outcome {
            let mut open = VecDeque::new();
            while counter(gateway, "logins_refused")? < REFUSALS {
                for _ in 0..100 {
                    let mut wire = Wire::connect(&gateway.bootstrap())?;
                    wire.send_bytes(&bytes)?;
                    open.push_back(wire);
                }
                open.drain(..open.len().saturating_sub(OPEN));
            }
            Ok(())
        });
        let flooded = flood.join();
        stop.store(true, Ordering::Relaxed);
        flooded.map_err(|_| anyhow::anyhow!("the flood panicked"))??;
        good.join()
            .map_err(|_| anyhow::anyhow!("the client panicked"))?
    })?;
    let seconds = begun.elapsed().as_secs() + 1;
    println!(
        "{times} logins in {seconds} s of flood, the slowest {} ms",
        slowest.as_millis()
    );
    ensure!(slowest <= LOGIN_LIMIT, "a login took {slowest:?}");

    let refused = wait::until_ok("the last refusals", Duration::from_secs(30), || {
        let before = counter(gateway, "logins_refused")?;
        let open = counter(gateway, "connections_active")?;
        ensure!(open == 0, "{open} connections are still open");
        Ok(before)
    })?;
    scene.end()?;
    let all = entries(&gateway.audit_dir())?;
    let of_kind = |kind: &str| {
        all.iter()
            .filter(|e| e["kind"] == kind)
            .cloned()
            .collect::<Vec<_>>()
    };
    let (singly, counted) = (of_kind("login_refused"), of_kind("logins_refused"));
    let cores = std::thread::available_parallelism()?.get() as u64;
    let most = cores * (SINGLY.0 + SINGLY.1 * (seconds + 30));
    ensure!(
        (singly.len() as u64) <= most,
        "{} entries, {most} at most",
        singly.len()
    );
    let in_sum: u64 = counted
        .iter()
        .flat_map(|entry| entry["causes"].as_array().into_iter().flatten())
        .map(|cause| cause["count"].as_u64().unwrap_or(0))
        .sum();
    ensure!(
        singly.len() as u64 + in_sum == refused,
        "{refused} refusals, {} told singly and {in_sum} counted",
        singly.len()
    );
    let bytes: u64 = segments(&gateway.audit_dir())?
        .iter()
        .map(|(_, bytes)| bytes)
        .sum();
    println!(
        "{refused} refusals, {} entries, {bytes} bytes",
        singly.len() + counted.len()
    );
    Ok(())
}

/// Strangers who begin a login and stop there hold sockets and memory; the oldest go.
#[test]
fn silent_strangers_keep_nobody_out() -> Outcome {
    const STRANGERS: usize = 3_000;
    /// 1,024 of one source on each core.
    const STAY_MAX: u64 = 1_024;
    limits::allow_descriptors(2 * STRANGERS as u64, STRANGERS as u64 + 500)?;
    let scene = Scene::start()?;
    let target = scene.producer()?;
    let (mut strangers, mut slowest) = (Vec::new(), Duration::ZERO);
    for count in 1..=STRANGERS {
        let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
        wire.send_bytes(&[0, 4, 0, 0, 0, 36])?; // 256 KiB are to follow
        strangers.push(wire);
        if count % 100 == 0 {
            let begun = Instant::now();
            metadata(&mut login::connect(&target)?, &[])?;
            slowest = slowest.max(begun.elapsed());
        }
    }
    println!(
        "{STRANGERS} strangers, the slowest login took {} ms",
        slowest.as_millis()
    );
    ensure!(slowest <= LOGIN_LIMIT, "a login took {slowest:?}");
    let cores = std::thread::available_parallelism()?.get() as u64;
    wait::until_ok("the oldest to be closed", Duration::from_secs(5), || {
        let open = counter(&scene.gateway, "connections_active")?;
        ensure!(open <= STAY_MAX * cores, "{open} are open");
        Ok(())
    })?;
    ensure!(
        strangers[0].closed_within(Duration::from_secs(1))?,
        "the oldest stays"
    );
    drop(strangers);
    scene.end()
}

/// Who is refused again and again waits for it; who logs in does not.
#[test]
fn repeated_refusals_come_late() -> Outcome {
    const TRIES: usize = 60;
    /// The ninth refusal within a second or two, on each core.
    const PROMPT_EACH: usize = 12;
    const LATE: Duration = Duration::from_millis(950);
    let scene = Scene::start()?;
    let (address, bytes) = (scene.gateway.bootstrap(), bad_login()?);
    let times = std::thread::scope(|threads| -> anyhow::Result<Vec<Duration>> {
        let attempt = || -> anyhow::Result<Duration> {
            let mut wire = Wire::connect(&address)?;
            let begun = Instant::now();
            wire.send_bytes(&bytes)?;
            wire.receive_frame()?;
            wire.receive_frame().context("the refusal")?;
            Ok(begun.elapsed())
        };
        let all: Vec<_> = (0..TRIES).map(|_| threads.spawn(attempt)).collect();
        let good = Instant::now();
        login::connect(&scene.producer()?)?;
        ensure!(
            good.elapsed() < LATE,
            "a good login took {:?}",
            good.elapsed()
        );
        let joined = all
            .into_iter()
            .map(|t| t.join().map_err(|_| anyhow::anyhow!("panicked"))?);
        joined.collect()
    })?;
    let prompt = times.iter().filter(|time| **time < LATE).count();
    let cores = std::thread::available_parallelism()?.get();
    ensure!(prompt > 0, "even the first comes late: {times:?}");
    ensure!(
        prompt <= PROMPT_EACH * cores,
        "{prompt} of {TRIES} came at once: {times:?}"
    );
    scene.end()
}

//! Memory that does not grow with what has passed: connections opened and closed, and requests.
//!
//! Resident memory after the last tenth of each may be 1.05 times what it was after the first.

use crate::batch::Batch;
use crate::login;
use crate::requests::{self, Send, code, fetch_request, landed, metadata, produce_later};
use crate::scene::{CLEAN, SSN, Scene};
use crate::target::Target;
use crate::wait;
use crate::wire::Wire;
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

const TENTHS: u64 = 10;
/// 1.05 times, in hundredths.
const GROWTH_PERCENT_MAX: u64 = 105;
/// Who connects and asks at once.
const CLIENTS: u64 = 8;
/// Requests that one client has under way.
const PIPELINE: u64 = 40;
/// Before anything is measured, this share of the work is done, so that pools, caches and the
/// audit's buffers are what they will be.
const WARM_UP: u64 = TENTHS;
const SETTLE_LIMIT: Duration = Duration::from_secs(30);
const STILL: Duration = Duration::from_secs(1);

/// The campaign: so many connections, then so many requests.
pub fn run(connections: u64, asked: u64) -> Result<()> {
    let scene = Scene::start()?;
    let target = scene.producer()?;
    let topic = scene.broker.topic("mask", CLIENTS as i32)?;
    let one = |share: u64| each_client(|_| open_and_close(&target, share / CLIENTS));
    tenths(&scene, "connections", connections, one)?;
    let one =
        |share: u64| each_client(|client| ask(&target, &topic, client as i32, share / CLIENTS));
    tenths(&scene, "requests", asked, one)?;
    scene.end()
}

/// Does the work in tenths, after a warm-up, and compares memory after the first and the last.
fn tenths(scene: &Scene, what: &str, all: u64, work: impl Fn(u64) -> Result<()>) -> Result<()> {
    let share = all / TENTHS;
    work(all / WARM_UP)?;
    let (mut seen, from) = (Vec::new(), Instant::now());
    for tenth in 1..=TENTHS {
        work(share).with_context(|| format!("{what}, tenth {tenth}"))?;
        seen.push(settled_kib(scene)?);
        println!(
            "{} {what} in {} s: {} KiB",
            share * tenth,
            from.elapsed().as_secs(),
            seen.last().copied().unwrap_or_default()
        );
    }
    let (first, last) = (seen[0], seen[seen.len() - 1]);
    println!(
        "{what}: {first} KiB after the first tenth, {last} KiB after the last, {} %",
        last * 100 / first
    );
    ensure!(
        last * 100 <= first * GROWTH_PERCENT_MAX,
        "memory grew from {first} to {last} KiB over {all} {what}"
    );
    Ok(())
}

/// Resident memory once it falls no more.
fn settled_kib(scene: &Scene) -> Result<u64> {
    let (mut least, mut since) = (scene.gateway.resident_kib()?, Instant::now());
    wait::until_ok("memory to settle", SETTLE_LIMIT, || {
        let now = scene.gateway.resident_kib()?;
        if now < least {
            (least, since) = (now, Instant::now());
        }
        ensure!(since.elapsed() >= STILL, "it still falls");
        Ok(least)
    })
}

fn each_client(work: impl Fn(u64) -> Result<()> + Sync) -> Result<()> {
    std::thread::scope(|scope| {
        let work = &work;
        let clients: Vec<_> = (0..CLIENTS)
            .map(|client| scope.spawn(move || work(client)))
            .collect();
        for client in clients {
            client
                .join()
                .map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        Ok(())
    })
}

/// Each logs in and asks once, so that there was a connection to the broker too.
fn open_and_close(target: &Target, count: u64) -> Result<()> {
    for _ in 0..count {
        metadata(&mut login::connect(target)?, &[])?;
    }
    Ok(())
}

/// Of ten requests six are clean Produces, two are masked, one is a Fetch and one asks for metadata.
fn ask(target: &Target, topic: &str, partition: i32, count: u64) -> Result<()> {
    let mut wire = login::connect(target)?;
    let end = metadata(&mut wire, &[topic]).map(drop);
    let mut left = count;
    while left > 0 {
        let now = left.min(PIPELINE);
        // From here on, and not from 0: replies must be as large at the end as at the beginning.
        let first = produce_some(&mut wire, topic, partition, now * 8 / 10)?;
        for _ in 0..now / 10 {
            wire.call(&fetch_request(topic, partition, first), 12)?;
            requests::metadata(&mut wire, &[topic])?;
        }
        left -= now;
    }
    end
}

/// The offset of the first of them.
fn produce_some(wire: &mut Wire, topic: &str, partition: i32, count: u64) -> Result<i64> {
    let mut first = None;
    let mut owed = Vec::new();
    for number in 0..count {
        let value = if number % 4 == 0 { SSN } else { CLEAN };
        let batch = Batch::values(&[value]).encode()?;
        owed.push(produce_later(wire, &Send::one(topic, partition, batch))?);
    }
    for owed in owed {
        let told = landed(wire, owed)?;
        ensure!(told.iter().all(|l| l.code == code::NONE), "{told:?}");
        first = first.or(told.first().map(|landed| landed.offset));
    }
    Ok(first.unwrap_or_default())
}

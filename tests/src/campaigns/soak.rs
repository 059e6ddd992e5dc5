//! Steady load, and memory that does not grow.

use super::load::Producer;
use crate::random::Random;
use crate::scene::Scene;
use anyhow::{Result, ensure};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 4;
/// Growth allowed after the first fifth of the time, in which pools fill.
const GROWTH_KIB_MAX: u64 = 48 << 10;
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The campaign.
pub fn run(seed: u64, duration: Duration) -> Result<()> {
    let scene = Scene::with(|s| s.wait("300ms"))?;
    let topic = scene.broker.topic("mask", PARTITIONS)?;
    let producers: Vec<Producer> = (0..PARTITIONS).map(|_| Producer::default()).collect();
    let (mut random, stop) = (Random::new(seed), AtomicBool::new(false));
    let (warm, most) = std::thread::scope(|scope| -> Result<(u64, u64)> {
        for (partition, producer) in producers.iter().enumerate() {
            let (target, random) = (scene.producer()?, Random::new(random.number()));
            let (topic, stop) = (&topic, &stop);
            scope.spawn(move || producer.run(&target, topic, partition as i32, random, stop));
        }
        let seen = watch(&scene, duration);
        stop.store(true, Ordering::Relaxed);
        seen
    })?;
    let sent: usize = producers
        .iter()
        .map(|p| p.fates.lock().unwrap_or_else(PoisonError::into_inner).len())
        .sum();
    println!("{sent} records, {warm} KiB when warm, {most} KiB at most");
    ensure!(sent > 0, "nothing was sent");
    ensure!(
        most <= warm + GROWTH_KIB_MAX,
        "the gateway grew from {warm} to {most} KiB"
    );
    scene.end()
}

/// Resident memory after the warm-up, and the most of it afterwards.
fn watch(scene: &Scene, duration: Duration) -> Result<(u64, u64)> {
    std::thread::sleep(duration / 5);
    let warm = scene.gateway.resident_kib()?;
    let (end, mut most) = (Instant::now() + duration / 5 * 4, warm);
    while Instant::now() < end {
        std::thread::sleep(LOOK_EVERY.min(duration / 10));
        most = most.max(scene.gateway.resident_kib()?);
    }
    Ok((warm, most))
}

//! kill −9 of the gateway at random moments, under load, with holds in every state.
//!
//! Afterwards: every acknowledged record is in the log exactly once and in order, nothing landed
//! that nobody approved, nothing that was refused, and the audit verifies.

use super::load::{Fate, Producer, name};
use crate::holds::Hold;
use crate::random::Random;
use crate::scene::{CARD, Scene};
use crate::{audit, wait};
use anyhow::{Context, Result, ensure};
use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 4;
/// A gateway lives at least and at most this long.
const LIFE_MS: (u64, u64) = (200, 2_500);
const DRAIN_LIMIT: Duration = Duration::from_secs(20);

/// What reviewers did: names of values.
#[derive(Debug, Default)]
struct Reviews {
    /// Approved, or the answer was lost in a kill.
    perhaps_approved: Mutex<HashSet<String>>,
    given: AtomicU64,
}

/// The campaign.
pub fn run(seed: u64, duration: Duration) -> Result<()> {
    let scene = Scene::with(|s| s.wait("300ms"))?;
    let topic = scene.broker.topic("hold", PARTITIONS)?;
    let producers: Vec<Producer> = (0..PARTITIONS).map(|_| Producer::default()).collect();
    let (reviews, stop) = (Reviews::default(), AtomicBool::new(false));
    let mut random = Random::new(seed);
    let kills = std::thread::scope(|scope| -> Result<u64> {
        for (partition, producer) in producers.iter().enumerate() {
            let (target, random) = (scene.producer()?, Random::new(random.number()));
            let (topic, stop) = (&topic, &stop);
            scope.spawn(move || producer.run(&target, topic, partition as i32, random, stop));
        }
        let (reviewing, random_reviews) = (&reviews, Random::new(random.number()));
        scope.spawn(|| review(&scene, &topic, &producers, reviewing, random_reviews, &stop));
        let kills = kill(&scene, &mut random, duration, &stop);
        settle(&producers);
        stop.store(true, Ordering::Relaxed);
        kills
    })?;
    println!(
        "{kills} kills, {} reviews",
        reviews.given.load(Ordering::Relaxed)
    );
    judge(&scene, &topic, &producers, &reviews)?;
    scene.end()
}

fn kill(scene: &Scene, random: &mut Random, duration: Duration, stop: &AtomicBool) -> Result<u64> {
    let (end, mut kills) = (Instant::now() + duration, 0);
    while Instant::now() < end {
        std::thread::sleep(Duration::from_millis(
            LIFE_MS.0 + random.below(LIFE_MS.1 - LIFE_MS.0),
        ));
        scene.gateway.kill9();
        kills += 1;
        let after =
            audit::must_verify(&scene.gateway.audit_dir()).and_then(|()| scene.gateway.restart());
        if after.is_err() {
            stop.store(true, Ordering::Relaxed); // let the other threads end, then tell
            return after.map(|()| kills);
        }
    }
    Ok(kills)
}

/// Lets what is under way come to its end, undisturbed: each producer gets one more answer.
fn settle(producers: &[Producer]) {
    let count = |p: &Producer| p.fates.lock().unwrap_or_else(PoisonError::into_inner).len();
    let before: Vec<usize> = producers.iter().map(count).collect();
    let answered = || {
        producers
            .iter()
            .zip(&before)
            .all(|(p, before)| count(p) > *before)
            .then_some(())
    };
    let _ = wait::until(
        "every producer to be answered once more",
        DRAIN_LIMIT,
        answered,
    );
}

/// Approves three of four, rejects the others.
fn review(
    scene: &Scene,
    topic: &str,
    producers: &[Producer],
    reviews: &Reviews,
    mut random: Random,
    stop: &AtomicBool,
) {
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(random.below(120)));
        let Ok(reviewer) = scene.reviewer() else {
            continue;
        };
        for hold in reviewer.pending(topic).unwrap_or_default() {
            let Some(value) = held_value(producers, &hold) else {
                continue;
            };
            if random.percent(75) {
                // Noted before it is said: the answer may be lost in a kill.
                reviews
                    .perhaps_approved
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(value);
                let _ = reviewer.review(&hold.id, "approve", "");
            } else {
                let _ = reviewer.review(&hold.id, "reject", "not today");
            }
            reviews.given.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The value that a hold is about: a partition has one under way.
fn held_value(producers: &[Producer], hold: &Hold) -> Option<String> {
    let producer = producers.get(usize::try_from(hold.partition).ok()?)?;
    Some(name(
        &producer
            .current
            .lock()
            .unwrap_or_else(PoisonError::into_inner),
    ))
}

fn judge(scene: &Scene, topic: &str, producers: &[Producer], reviews: &Reviews) -> Result<()> {
    let approved = reviews
        .perhaps_approved
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let (mut acknowledged, mut released) = (0, 0);
    for (partition, producer) in producers.iter().enumerate() {
        let log = scene.broker.values(topic, partition as i32)?;
        let names: Vec<String> = log.iter().map(|value| name(value)).collect();
        let fates = producer
            .fates
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let must = fates
            .iter()
            .filter(|(_, fate)| *fate == Fate::Acknowledged)
            .map(|(value, _)| name(value));
        let may: HashSet<String> = fates
            .iter()
            .filter(|(_, f)| *f == Fate::Open)
            .map(|(v, _)| name(v))
            .collect();
        let landed: Vec<&String> = names.iter().filter(|name| !may.contains(*name)).collect();
        let must: Vec<String> = must.collect();
        let same = landed.iter().copied().eq(&must);
        ensure!(
            same,
            "partition {partition}: acknowledged {must:?}\nbut the log has {landed:?}"
        );
        acknowledged += must.len();
        for value in log.iter().filter(|value| value.ends_with(CARD)) {
            ensure!(
                approved.contains(&name(value)),
                "partition {partition}: nobody approved {value}"
            );
            released += 1;
        }
    }
    println!(
        "{acknowledged} records acknowledged, each in the log once and in order; {released} of them \
         were held and approved"
    );
    ensure!(released > 0, "nothing was released at all");
    ensure!(acknowledged > 0, "nothing was acknowledged at all");
    audit::must_verify(&scene.gateway.audit_dir()).context("at the end")
}

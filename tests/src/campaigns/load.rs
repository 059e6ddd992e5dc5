//! Producers that never give a record up: they repeat it, over as many connections and gateways
//! as it takes, until they are told that it is written or that it never will be.

use crate::batch::Batch;
use crate::login;
use crate::random::Random;
use crate::requests::{code, produce_one, producer_id};
use crate::scene::{CARD, CLEAN, SSN};
use crate::target::Target;
use crate::wire::Wire;
use anyhow::Result;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Kafka's default retry.backoff.ms.
const BACK_OFF: Duration = Duration::from_millis(100);
const REPLY_LIMIT: Duration = Duration::from_secs(5);

/// What became of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The client was told that it is written.
    Acknowledged,
    /// The client was told that it never will be.
    Refused,
    /// The campaign ended before the client was told.
    Open,
}

/// One producer: its partition, what it sends now, and what became of all it sent.
#[derive(Debug, Default)]
pub struct Producer {
    /// The value under way; at most one at a time, so a hold of the partition is a hold of it.
    pub current: Mutex<String>,
    /// Every value, in order.
    pub fates: Mutex<Vec<(String, Fate)>>,
}

impl Producer {
    /// Sends until told to stop.
    pub fn run(
        &self,
        target: &Target,
        topic: &str,
        partition: i32,
        mut random: Random,
        stop: &AtomicBool,
    ) -> Result<()> {
        let Some((producer, epoch)) = identity(target, stop) else {
            return Ok(());
        };
        let (mut sequence, mut number, mut wire) = (0, 0, None);
        while !stop.load(Ordering::Relaxed) {
            number += 1;
            let value = value(partition, number, &mut random);
            *self.current.lock().unwrap_or_else(PoisonError::into_inner) = value.clone();
            let batch = Batch::values(&[&value])
                .producer(producer, epoch, sequence)
                .encode()?;
            let fate = loop {
                if stop.load(Ordering::Relaxed) {
                    break Fate::Open;
                }
                match attempt(&mut wire, target, topic, partition, &batch) {
                    Some(code::NONE) => break Fate::Acknowledged,
                    Some(code::POLICY_VIOLATION) => break Fate::Refused,
                    _ => std::thread::sleep(BACK_OFF),
                }
            };
            // A refused batch's sequence goes to the next one, as Java's producer does it.
            sequence += i32::from(fate == Fate::Acknowledged);
            self.fates
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((value, fate));
        }
        Ok(())
    }
}

/// One send; the error code it was answered with, or none.
fn attempt(
    wire: &mut Option<Wire>,
    target: &Target,
    topic: &str,
    partition: i32,
    batch: &bytes::Bytes,
) -> Option<i16> {
    if wire.is_none() {
        let fresh = login::connect(target).ok()?;
        fresh.reply_limit(REPLY_LIMIT).ok()?;
        *wire = Some(fresh);
    }
    let landed = produce_one(wire.as_mut()?, topic, partition, batch.clone());
    if landed.is_err() {
        *wire = None;
    }
    landed.ok().map(|landed| landed.code)
}

fn identity(target: &Target, stop: &AtomicBool) -> Option<(i64, i16)> {
    while !stop.load(Ordering::Relaxed) {
        let asked = login::connect(target).and_then(|mut wire| producer_id(&mut wire, None));
        match asked {
            Ok(identity) => return Some(identity),
            Err(_) => std::thread::sleep(BACK_OFF),
        }
    }
    None
}

/// A value that names itself; a third of them must be held, some masked.
fn value(partition: i32, number: u32, random: &mut Random) -> String {
    let content = match random.below(6) {
        0 | 1 => CARD,
        2 => SSN,
        _ => CLEAN,
    };
    format!("p{partition} n{number} {content}")
}

/// The part of a value that no mask touches: which one it is.
pub fn name(value: &str) -> String {
    value.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

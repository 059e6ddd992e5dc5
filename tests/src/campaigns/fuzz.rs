//! Random and mutated frames, before and after login.

use crate::batch::{Batch, CODECS};
use crate::login;
use crate::random::Random;
use crate::requests::{self, Send, metadata};
use crate::scene::{CARD, CLEAN, SSN, Scene};
use crate::target::Target;
use crate::wire::{Wire, encode};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};

/// How long a hostile connection waits for whatever comes back.
const LISTEN: Duration = Duration::from_millis(20);

/// The campaign: a storm, while a witness must be served on.
pub fn run(seed: u64, duration: Duration) -> Result<()> {
    let scene = Scene::start()?;
    let mut witness = scene.wire()?;
    let frames = storm(&scene, &mut Random::new(seed), duration)?;
    println!("{frames} hostile frames");
    ensure!(scene.gateway.alive(), "the gateway died");
    metadata(&mut witness, &[]).context("the witness is not served any more")?;
    ensure!(
        !scene.gateway.logged().contains("panicked at"),
        "the gateway panicked"
    );
    scene.end()
}

/// Sends hostile frames for so long; how many.
pub fn storm(scene: &Scene, random: &mut Random, duration: Duration) -> Result<u64> {
    let (end, mut frames) = (Instant::now() + duration, 0);
    let target = scene.producer()?;
    let seeds = seeds(scene)?;
    while Instant::now() < end && scene.gateway.alive() {
        frames += connection(&target, random, &seeds)?;
    }
    Ok(frames)
}

/// One connection's worth: several frames, since the second may meet a state the first left.
fn connection(target: &Target, random: &mut Random, seeds: &[Vec<u8>]) -> Result<u64> {
    let mut wire = if random.percent(70) {
        login::connect(target)?
    } else {
        Wire::connect(&target.bootstrap)?
    };
    wire.reply_limit(LISTEN)?;
    let frames = 1 + random.below(6);
    for _ in 0..frames {
        let frame = hostile(random, seeds);
        if wire.send_bytes(&frame).is_err() {
            break;
        }
        let _ = wire.receive_frame();
    }
    Ok(frames)
}

fn hostile(random: &mut Random, seeds: &[Vec<u8>]) -> Vec<u8> {
    if random.percent(20) {
        let len = random.below(400) as usize;
        let mut bytes = random.bytes(len);
        if random.percent(70) {
            bytes.splice(0..0, (len as i32).to_be_bytes());
        }
        return bytes;
    }
    let mut frame = seeds[random.below(seeds.len() as u64) as usize].clone();
    for _ in 0..1 + random.below(4) {
        mutate(random, &mut frame);
    }
    if random.percent(80) {
        let size = frame.len().saturating_sub(4) as i32;
        frame[..4].copy_from_slice(&size.to_be_bytes());
    }
    frame
}

fn mutate(random: &mut Random, frame: &mut Vec<u8>) {
    let at = 4 + random.below(frame.len() as u64 - 4) as usize;
    match random.below(5) {
        0 => frame[at] ^= 1 << random.below(8),
        1 => frame[at] = [0, 0x7f, 0x80, 0xff][random.below(4) as usize],
        2 => {
            let end = (at + 4).min(frame.len());
            frame[at..end].fill(0xff);
        }
        3 => frame.truncate(at.max(8)),
        _ => {
            let more = random.bytes(random.clone().below(20) as usize);
            frame.splice(at..at, more);
        }
    }
}

/// Real requests to start from.
fn seeds(scene: &Scene) -> Result<Vec<Vec<u8>>> {
    let topics = [
        scene.broker.topic("mask", 1)?,
        scene.broker.topic("hold", 1)?,
    ];
    let mut seeds = Vec::new();
    for topic in &topics {
        for codec in CODECS {
            let batch = Batch::values(&[CLEAN, SSN, CARD]).codec(codec).encode()?;
            for version in [3, 8, 9] {
                seeds.push(
                    encode(
                        &Send::one(topic, 0, batch.clone()).request(),
                        version,
                        1,
                        "fuzz",
                    )?
                    .to_vec(),
                );
            }
        }
        seeds.push(encode(&requests::fetch_request(topic, 0, 0), 12, 1, "fuzz")?.to_vec());
        seeds.push(encode(&requests::metadata_request(&[topic]), 12, 1, "fuzz")?.to_vec());
        seeds.push(encode(&requests::metadata_request(&[topic]), 1, 1, "fuzz")?.to_vec());
    }
    seeds.push(
        encode(
            &kafka_protocol::messages::ApiVersionsRequest::default(),
            3,
            1,
            "fuzz",
        )?
        .to_vec(),
    );
    Ok(seeds)
}

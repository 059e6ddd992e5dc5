//! The fuzzers' seeds: what real clients and a real broker say to each other, tapped between them.
//!
//! Owns: `fuzz/corpus`, of which each directory is written anew. Refuses: a credential (nobody logs in
//! on the tapped port; what logins look like is written here with made-up values), a directory of
//! this machine, a file past [`FILE_BYTES_MAX`], a corpus past [`CORPUS_BYTES_MAX`]. Stays true: every
//! API key and version that was spoken is there, in a few sizes.

use super::samples;
use crate::batch::HEADER_BYTES;
use crate::broker::Broker;
use crate::clients::{CLIENTS, Client, Consume, Produce, java};
use crate::frames::{Form, Frames};
use crate::jars::Version;
use crate::scene::{CARD, CLEAN, SSN};
use crate::tap::{TAPPED, Tap};
use crate::target::Target;
use crate::toolbox;
use anyhow::{Context, Result, ensure};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

/// libFuzzer learns more from small inputs.
const FILE_BYTES_MAX: usize = 8 << 10;
/// All of it is in the repository.
const CORPUS_BYTES_MAX: usize = 1 << 20;
/// Of one API key and version, and of one codec.
const EACH_MAX: usize = 4;
/// The same for what carries records: those are the codecs that matter most.
const RECORDS_MAX: usize = 12;
/// Produce, Fetch, ShareFetch, ShareAcknowledge.
const WITH_RECORDS: [i16; 4] = [0, 1, 78, 79];
const CODECS: [&str; 5] = ["none", "gzip", "snappy", "lz4", "zstd"];
const JAVA_LIMIT: Duration = Duration::from_secs(180);

/// Files of one directory: a name and the bytes.
pub type Files = BTreeMap<String, Vec<u8>>;

/// Runs the clients, and writes the corpus.
pub fn run() -> Result<()> {
    let broker = Broker::advertised(Version::Newest, TAPPED)?;
    let port = broker
        .plain()
        .split_once(':')
        .context("no port")?
        .1
        .to_owned();
    let tap = Tap::at(&format!("{TAPPED}:{port}"), &broker.plain())?;
    let target = Target::open(&tap.address);
    let topic = broker.topic("seeds", 1)?;
    traffic(&target, &topic)?;
    let mut frames = Frames::default();
    for (sent, received) in tap.conversations() {
        frames.add(&sent, &received);
    }
    let segments = samples::segments()?;
    let mut bytes = 0;
    for (dir, files) in [
        ("requests", messages(&frames.requests, false)),
        ("replies", messages(&frames.replies, true)),
        ("pairs", messages(&frames.pairs, false)),
        ("batches", some(frames.batches.iter().cloned().map(whole))),
        (
            "compressed",
            some(frames.batches.iter().map(|batch| compressed(batch))),
        ),
        ("texts", samples::texts()),
        ("logins", samples::logins()?),
        ("scram", samples::scram()),
        ("exchanges", samples::exchanges()),
        ("entries", samples::entries(&segments)),
        ("segments", segments),
        ("proxy_headers", samples::proxy_headers()),
    ] {
        bytes += write(dir, &files)?;
    }
    ensure!(bytes <= CORPUS_BYTES_MAX, "{bytes} bytes are too many");
    println!("{bytes} bytes in all");
    Ok(())
}

/// Every client with every codec, then all that the Java client can say.
fn traffic(target: &Target, topic: &str) -> Result<()> {
    let values = [CLEAN, CARD, SSN];
    let mut spoken = 0;
    for client in CLIENTS {
        for codec in CODECS {
            let idempotent = codec != "gzip" && client != Client::Kafkajs;
            let mut produce = Produce::new(topic, &values).codec(codec);
            produce.idempotent = idempotent;
            match client.produce(target, &produce) {
                Ok(report) if report.clean => spoken += values.len(),
                // kafkajs has no codec but gzip unless it is given one.
                Ok(report) => println!("{client:?} {codec}: {}", report.said),
                Err(error) => println!("{client:?} {codec}: {error:#}"),
            }
        }
    }
    ensure!(spoken > 0, "no client produced anything");
    for client in CLIENTS {
        client.consume(target, &Consume::new(topic, spoken))?;
    }
    let job = json!({
        "config": java::config(target),
        "topic": crate::names::unique("traffic"),
        "values": values,
    });
    java::run("Traffic", &job, JAVA_LIMIT).map(drop)
}

/// A few of each form, smallest and largest among them.
fn messages(all: &BTreeSet<(Form, Vec<u8>)>, reply: bool) -> Files {
    let mut forms: BTreeMap<Form, Vec<&Vec<u8>>> = BTreeMap::new();
    for (form, frame) in all.iter().filter(|(_, f)| f.len() < FILE_BYTES_MAX) {
        forms.entry(*form).or_default().push(frame);
    }
    let mut files = Files::new();
    for ((key, version), mut frames) in forms {
        frames.sort_by_key(|frame| frame.len());
        let most = match WITH_RECORDS.contains(&key) {
            true => RECORDS_MAX,
            false => EACH_MAX,
        };
        for frame in spread(&frames, most) {
            let mut bytes = Vec::new();
            if reply {
                bytes.extend([key.to_be_bytes(), version.to_be_bytes()].concat());
            }
            bytes.extend_from_slice(frame);
            files.insert(format!("{key:03}-{version:02}-{}", short(&bytes)), bytes);
        }
    }
    files
}

/// At most `most` of them, evenly over their order, both ends included.
fn spread<T>(all: &[T], most: usize) -> impl Iterator<Item = &T> {
    let count = all.len().min(most);
    let step = move |index: usize| match count {
        0 | 1 => 0,
        _ => index * (all.len() - 1) / (count - 1),
    };
    (0..count).filter_map(move |index| all.get(step(index)))
}

/// At most [`RECORDS_MAX`] of each codec.
fn some(all: impl Iterator<Item = (u8, Vec<u8>)>) -> Files {
    let mut codecs: BTreeMap<u8, BTreeSet<Vec<u8>>> = BTreeMap::new();
    for (codec, bytes) in all.filter(|(_, bytes)| bytes.len() <= FILE_BYTES_MAX) {
        codecs.entry(codec).or_default().insert(bytes);
    }
    let mut files = Files::new();
    for (codec, batches) in codecs {
        let mut batches: Vec<_> = batches.into_iter().collect();
        batches.sort_by_key(Vec::len);
        let name = CODECS.get(usize::from(codec)).unwrap_or(&"unknown");
        for bytes in spread(&batches, RECORDS_MAX) {
            files.insert(format!("{name}-{}", short(bytes)), bytes.clone());
        }
    }
    files
}

fn whole(batch: Vec<u8>) -> (u8, Vec<u8>) {
    (batch[22] & 7, batch)
}

/// The codec's number, then the compressed records.
fn compressed(batch: &[u8]) -> (u8, Vec<u8>) {
    let codec = batch[22] & 7;
    (codec, [&[codec], &batch[HEADER_BYTES..]].concat())
}

/// Directories of this machine, which brokers and audits tell, become another of the same length.
fn scrubbed(bytes: &[u8]) -> Vec<u8> {
    let (mut bytes, here) = (bytes.to_vec(), toolbox::work_dir().display().to_string());
    let other: Vec<u8> = b"/kafka".iter().cycle().take(here.len()).copied().collect();
    while let Some(at) = bytes.windows(here.len()).position(|w| w == here.as_bytes()) {
        bytes[at..at + here.len()].copy_from_slice(&other);
    }
    bytes
}

/// A name for bytes.
pub fn short(bytes: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    format!("{:08x}", hasher.finish() as u32)
}

/// Writes a directory anew; how many bytes.
fn write(dir: &str, files: &Files) -> Result<usize> {
    let path = toolbox::repository().join("fuzz/corpus").join(dir);
    if path.is_dir() {
        fs::remove_dir_all(&path)?;
    }
    fs::create_dir_all(&path)?;
    ensure!(!files.is_empty(), "nothing for {dir}");
    for (name, bytes) in files {
        ensure!(bytes.len() <= FILE_BYTES_MAX, "{dir}/{name} is too large");
        save(&path.join(name), &scrubbed(bytes))?;
    }
    let bytes = files.values().map(Vec::len).sum();
    println!("{dir}: {} files, {bytes} bytes", files.len());
    Ok(bytes)
}

fn save(path: &Path, bytes: &[u8]) -> Result<()> {
    fs::write(path, bytes).with_context(|| format!("writing {}", path.display()))
}

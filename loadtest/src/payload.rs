//! What is sent and fetched: one record batch of JSON-like records, the same for the same seed.
//!
//! Owns: the text of a record, how many of them carry an SSN, the batch around them. Refuses:
//! records too short for their fields. Stays true: without `--hit-rate` no detector of the gateway
//! finds anything in it, and every batch has a valid CRC-32C.

use anyhow::{Context, ensure};
use clap::ValueEnum;
use lockgate::kafka::batch::{LENGTH_FROM, rewrite_crc};
use lockgate::kafka::compression::{self, Deflater};
use lockgate::kafka::writer::Writer;
use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

/// Shortest record: the fixed fields and an SSN.
const RECORD_BYTES_MIN: usize = 128;
/// Largest frame: what the gateway accepts (100 MiB), less room for what is around the values.
const FRAME_BYTES_MAX: usize = 64 << 20;

/// How a batch is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Codec {
    /// As it is.
    None,
    /// RFC 1952.
    Gzip,
    /// Xerial's framing.
    Snappy,
    /// The LZ4 frame format.
    Lz4,
    /// RFC 8878.
    Zstd,
}

/// The records of one frame.
#[derive(Clone, Debug, clap::Args)]
pub struct Payload {
    /// Bytes of record values in one frame.
    #[arg(long, value_name = "BYTES", default_value_t = 65_536)]
    pub frame_bytes: usize,
    /// Bytes of one record's value.
    #[arg(long, value_name = "BYTES", default_value_t = 1024)]
    pub record_bytes: usize,
    /// Compression of the batches.
    #[arg(long, value_enum, default_value = "none")]
    pub codec: Codec,
    /// Share of records that carry a US SSN, 0 to 1.
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    pub hit_rate: f64,
    /// Seed of the records' text.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

impl Payload {
    /// # Errors
    /// A size or share that no batch can have.
    pub fn check(&self) -> anyhow::Result<()> {
        let (record, frame) = (self.record_bytes, self.frame_bytes);
        ensure!(
            record >= RECORD_BYTES_MIN,
            "--record-bytes is at least {RECORD_BYTES_MIN}"
        );
        ensure!(
            (record..=FRAME_BYTES_MAX).contains(&frame),
            "--frame-bytes is at least one record and at most {FRAME_BYTES_MAX}"
        );
        ensure!(
            (0.0..=1.0).contains(&self.hit_rate),
            "--hit-rate is between 0 and 1"
        );
        Ok(())
    }

    /// Records in a frame.
    pub fn records(&self) -> usize {
        (self.frame_bytes / self.record_bytes.max(1)).max(1)
    }

    /// Bytes of record values in a frame, which all results are per.
    pub fn value_bytes(&self) -> u64 {
        (self.records() * self.record_bytes) as u64
    }

    /// The same payload as arguments of the broker's own process.
    pub fn to_args(&self) -> Vec<String> {
        let codec = self.codec.to_possible_value();
        let codec = codec.map_or_else(String::new, |value| value.get_name().to_owned());
        vec![
            format!("--frame-bytes={}", self.frame_bytes),
            format!("--record-bytes={}", self.record_bytes),
            format!("--codec={codec}"),
            format!("--hit-rate={}", self.hit_rate),
            format!("--seed={}", self.seed),
        ]
    }

    /// The batch of partition `which`: base offset 0, no producer id, stamped now.
    ///
    /// # Errors
    /// A codec that fails on it.
    pub fn batch(&self, which: u64) -> anyhow::Result<Vec<u8>> {
        let now_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_millis() as i64;
        let records = self.records();
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.i64(0); // base offset
        writer.i32(0); // length, below
        writer.i32(-1); // leader epoch
        writer.i8(2);
        writer.u32(0); // CRC, below
        writer.i16(self.codec as i16);
        writer.i32(records as i32 - 1);
        writer.i64(now_ms);
        writer.i64(now_ms);
        writer.i64(-1); // producer id
        writer.i16(-1);
        writer.i32(-1);
        writer.i32(records as i32);
        let codec = compression::Codec::of(self.codec as i16).context("no such codec")?;
        Deflater::new().deflate(codec, &self.body(which), &mut out)?;
        let length = (out.len() - LENGTH_FROM) as i32;
        out[8..12].copy_from_slice(&length.to_be_bytes());
        rewrite_crc(&mut out);
        Ok(out)
    }

    fn body(&self, which: u64) -> Vec<u8> {
        let mut random = Random(self.seed ^ which.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (mut body, mut content) = (Vec::new(), Vec::new());
        for index in 0..self.records() {
            content.clear();
            let mut writer = Writer::new(&mut content);
            writer.i8(0); // attributes
            writer.varlong(0); // timestamp, from the batch's
            writer.varint(index as i32);
            writer.varint(-1); // no key
            writer.varint(self.record_bytes as i32);
            writer.raw(text(&mut random, self.record_bytes, self.is_hit(index)).as_bytes());
            writer.varint(0); // no header
            let mut writer = Writer::new(&mut body);
            writer.varint(content.len() as i32);
            writer.raw(&content);
        }
        body
    }

    /// Spreads the hits evenly, without chance.
    fn is_hit(&self, index: usize) -> bool {
        let before = |records: usize| (records as f64 * self.hit_rate).round() as u64;
        before(index + 1) > before(index)
    }
}

const WORDS: [&str; 16] = [
    "amber", "birch", "copper", "delta", "ember", "fjord", "gravel", "harbour", "island",
    "juniper", "kettle", "lantern", "meadow", "nickel", "orchard", "pebble",
];

/// One value, exactly `bytes` long. Its numbers have five digits at most and never stand side by
/// side, so that nothing in it is shaped like an SSN or a card unless `hit`.
fn text(random: &mut Random, bytes: usize, hit: bool) -> String {
    let mut text = format!("{{\"order\":{}", random.below(100_000));
    if hit {
        let (area, group, serial) = (random.below(499), random.below(99), random.below(9_999));
        let (area, group, serial) = (area + 1, group + 1, serial + 1);
        let _ = write!(text, ",\"ssn\":\"{area:03}-{group:02}-{serial:04}\"");
    }
    while text.len() + 40 < bytes {
        let (name, word) = (random.word(), random.word());
        let _ = match random.below(3) {
            0 => write!(text, ",\"{name}\":{}", random.below(100_000)),
            1 => write!(text, ",\"{name}\":\"{word} {}\"", random.word()),
            _ => write!(text, ",\"{name}\":{}.5", random.below(1_000)),
        };
    }
    text.push_str(",\"end\":\"");
    while text.len() + 2 < bytes {
        text.push('x');
    }
    text.push_str("\"}");
    text
}

/// SplitMix64: enough for text, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn word(&mut self) -> &'static str {
        WORDS[(self.next() % WORDS.len() as u64) as usize]
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use lockgate::chunk::DetectorSet;
    use lockgate::kafka::batch::{Bodies, Fields, check_crc, produced_batch, records};
    use lockgate::scan::{Engine, Scratch, detector};

    fn payload(codec: Codec, hit_rate: f64) -> Payload {
        Payload {
            frame_bytes: 40 * 500,
            record_bytes: 500,
            codec,
            hit_rate,
            seed: 7,
        }
    }

    fn findings(payload: &Payload) -> usize {
        let batch = payload.batch(3).unwrap();
        assert!(check_crc(&batch));
        let found = produced_batch(&batch).unwrap();
        let mut bodies = Bodies::new();
        let body = bodies.open(&batch, &found).unwrap();
        let count = found.header.records_count;
        assert_eq!(count as usize, payload.records());
        for record in records(body, count) {
            let value = record.unwrap().value.unwrap();
            assert_eq!(value.len(), payload.record_bytes);
            serde_json::from_slice::<serde_json::Value>(&body[value]).unwrap();
        }
        let mut all = DetectorSet::default();
        all.insert(detector("us_ssn").unwrap());
        all.insert(detector("payment_card").unwrap());
        let (engine, mut scratch, mut out) = (Engine::new(all), Scratch::new(), Vec::new());
        let fields = Fields::new(body, count).map(Result::unwrap);
        engine.scan(body, fields, &mut scratch, &mut out);
        out.len()
    }

    #[test]
    fn detectors_find_the_hits_and_nothing_else() {
        for codec in [
            Codec::None,
            Codec::Gzip,
            Codec::Snappy,
            Codec::Lz4,
            Codec::Zstd,
        ] {
            assert_eq!(findings(&payload(codec, 0.0)), 0, "{codec:?}");
            assert_eq!(findings(&payload(codec, 0.25)), 10, "{codec:?}");
        }
        assert_eq!(findings(&payload(Codec::None, 1.0)), 40);
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let payload = payload(Codec::None, 0.1);
        assert_eq!(payload.body(1), payload.body(1));
        assert_ne!(payload.body(1), payload.body(2));
    }

    #[test]
    fn sizes_out_of_bounds_are_refused() {
        let mut payload = payload(Codec::None, 0.0);
        payload.check().unwrap();
        payload.record_bytes = 127;
        assert!(payload.check().is_err());
        payload.record_bytes = 40_000;
        assert!(
            payload.check().is_err(),
            "a frame holds one record at least"
        );
    }
}

//! Clean values of records, and the schemas that some are written by.
//!
//! Owns: their bytes, and a batch's in another codec. Refuses: frames around them. Stays true: a record that its schema does not fit
//! would be unreadable, which is not clean.

use super::NOW;
use arc_swap::ArcSwap;
use lockgate::config::Unavailable;
use lockgate::data_plane::cluster::SchemaSource;
use lockgate::kafka::batch;
use lockgate::kafka::compression::{Codec, Deflater};
use lockgate::schema::registered::{Form, Known, Language, Registered, Schemas};
use lockgate::schema::wire::SchemaId;
use std::sync::Arc;

/// Ids of the registry's schemas.
const AVRO: u32 = 41;
const PROTOBUF: u32 = 42;
const AVRO_SCHEMA: &str = r#"{"type": "record", "name": "Order", "fields": [{"name": "id", "type": "long"},
    {"name": "at", "type": "long"}, {"name": "status", "type": {"type": "array", "items": "string"}}]}"#;
const PROTOBUF_SCHEMA: &str = r#"syntax = "proto3";
    message Order { int64 id = 1; int64 at = 2; repeated string status = 3; }"#;

/// JSON with a long number in it, so that the scanner's second stage has something to refuse.
pub fn json(index: usize, bytes: usize) -> Vec<u8> {
    let mut text = format!(
        "{{\"id\":\"{:08x}\",\"at\":{}",
        index * 7_919,
        NOW.0 + index as i64
    );
    while text.len() + 24 < bytes {
        text.push_str(",\"status\":\"shipped\"");
    }
    text.push('}');
    text.into_bytes()
}

/// What a registry would have answered for the ids that the records below name.
pub fn registry() -> SchemaSource {
    let compiled = |language, text: &str| {
        let schema = Registered::compile(language, text.into(), Vec::new());
        assert!(!matches!(schema.form, Form::Unreadable(_)), "{text}");
        Known::Schema(schema.into())
    };
    let known = Schemas::default()
        .with(
            SchemaId::Number(AVRO),
            compiled(Language::Avro, AVRO_SCHEMA),
        )
        .with(
            SchemaId::Number(PROTOBUF),
            compiled(Language::Protobuf, PROTOBUF_SCHEMA),
        );
    SchemaSource {
        known: Arc::new(ArcSwap::from_pointee(known)),
        ask: Arc::new(|_| panic!("every schema is known")),
        is_down: Arc::new(|| false),
        wait_ms: 0,
        unavailable: Unavailable::Unreadable,
    }
}

/// Magic byte and id in front (Confluent's wire format), then an Avro record.
pub fn avro(index: usize, bytes: usize) -> Vec<u8> {
    let mut out = vec![0];
    out.extend(AVRO.to_be_bytes());
    long(&mut out, index as u64 * 7_919);
    long(&mut out, NOW.0 as u64 + index as u64);
    let statuses = bytes.saturating_sub(24) / 8;
    long(&mut out, statuses as u64);
    for _ in 0..statuses {
        long(&mut out, 7);
        out.extend(b"shipped");
    }
    out.push(0); // the array has no further block
    out
}

/// The same as a Protobuf message, the first of its file.
pub fn protobuf(index: usize, bytes: usize) -> Vec<u8> {
    let mut out = vec![0];
    out.extend(PROTOBUF.to_be_bytes());
    out.push(0); // which message: the first
    out.push(1 << 3);
    varint(&mut out, index as u64 * 7_919);
    out.push(2 << 3);
    varint(&mut out, NOW.0 as u64 + index as u64);
    for _ in 0..bytes.saturating_sub(24) / 9 {
        out.extend([3 << 3 | 2, 7]);
        out.extend(b"shipped");
    }
    out
}

/// A number of Avro that is not negative: its double, since the lowest bit is the sign.
fn long(out: &mut Vec<u8>, value: u64) {
    varint(out, value << 1);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// The same batch with its body in this codec.
pub fn compressed(plain: &[u8], codec: Codec) -> Vec<u8> {
    const ATTRIBUTES_LOW: usize = 22;
    let body = batch::produced_batch(plain).expect("one batch").body;
    let mut named = plain.to_vec();
    named[ATTRIBUTES_LOW] = codec as u8;
    let mut out = Vec::new();
    batch::rebuild(&named, &plain[body], &mut Deflater::new(), &mut out).expect("deflates");
    out
}

//! Batches for this room's tests, written naively from what a test states.

#![allow(clippy::unwrap_used)]

use super::{Batch, LENGTH_FROM, produced_batch, rewrite_crc};
use crate::kafka::compression::{Codec, Deflater};
use crate::kafka::writer::Writer;
use proptest::prelude::*;

pub(super) type Bytes = Vec<u8>;

/// A record as a test states it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plain {
    pub timestamp: i64,
    pub offset: i32,
    pub key: Option<Bytes>,
    pub value: Option<Bytes>,
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

fn write_field(writer: &mut Writer<'_>, field: Option<&[u8]>) {
    writer.varint(field.map_or(-1, |bytes| bytes.len() as i32));
    writer.raw(field.unwrap_or_default());
}

pub(super) fn body_of(records: &[Plain]) -> Bytes {
    let mut body = vec![];
    for record in records {
        let mut content = vec![];
        let mut writer = Writer::new(&mut content);
        writer.i8(0);
        writer.varlong(record.timestamp);
        writer.varint(record.offset);
        write_field(&mut writer, record.key.as_deref());
        write_field(&mut writer, record.value.as_deref());
        writer.varint(record.headers.len() as i32);
        for (key, value) in &record.headers {
            write_field(&mut writer, Some(key));
            write_field(&mut writer, value.as_deref());
        }
        let mut writer = Writer::new(&mut body);
        writer.varint(content.len() as i32);
        writer.raw(&content);
    }
    body
}

/// A batch with every header field set to something that can be told from the others.
pub(super) fn batch_of(records: &[Plain], attributes: i16) -> Bytes {
    let mut out = vec![];
    let mut writer = Writer::new(&mut out);
    writer.i64(1000);
    writer.i32(0);
    writer.i32(7);
    writer.i8(2);
    writer.u32(0);
    writer.i16(attributes);
    writer.i32(records.len() as i32 - 1);
    writer.i64(1_700_000_000_000);
    writer.i64(1_700_000_000_999);
    writer.i64(4001);
    writer.i16(3);
    writer.i32(55);
    writer.i32(records.len() as i32);
    let codec = Codec::of(attributes).unwrap();
    Deflater::new()
        .deflate(codec, &body_of(records), &mut out)
        .unwrap();
    let length = (out.len() - LENGTH_FROM) as i32;
    out[8..12].copy_from_slice(&length.to_be_bytes());
    rewrite_crc(&mut out);
    out
}

pub(super) fn plain(
    key: Option<&str>,
    value: Option<&str>,
    headers: &[(&str, Option<&str>)],
) -> Plain {
    let own = |text: &str| text.as_bytes().to_vec();
    Plain {
        key: key.map(own),
        value: value.map(own),
        headers: headers.iter().map(|(k, v)| (own(k), v.map(own))).collect(),
        ..Plain::default()
    }
}

pub(super) fn some_records() -> Vec<Plain> {
    vec![
        plain(
            Some("k"),
            Some("value one"),
            &[("h", Some("x")), ("h", Some("y")), ("h", None)],
        ),
        plain(None, None, &[]),
        plain(Some(""), Some(""), &[("", Some(""))]),
    ]
}

pub(super) fn only(records: &[u8]) -> Batch {
    produced_batch(records).unwrap()
}

fn bytes() -> impl Strategy<Value = Bytes> {
    proptest::collection::vec(any::<u8>(), 0..80)
}

pub(super) fn record() -> impl Strategy<Value = Plain> {
    let headers = proptest::collection::vec((bytes(), proptest::option::of(bytes())), 0..4);
    let field = || proptest::option::of(bytes());
    (any::<i64>(), any::<i32>(), field(), field(), headers).prop_map(
        |(timestamp, offset, key, value, headers)| Plain {
            timestamp,
            offset,
            key,
            value,
            headers,
        },
    )
}

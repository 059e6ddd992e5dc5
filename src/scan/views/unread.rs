//! What cannot be read is told, wherever in a value it stands, and of which field.
#![allow(clippy::unwrap_used)]

use super::super::engine::tests::{all_detectors, field};
use super::super::{Engine, Scratch};
use super::{Fault, Unreadable, deflate, limits};
use data_encoding::{BASE64, HEXLOWER};

/// What the engine says of a body with one field a text.
fn told(texts: &[&[u8]]) -> Option<Unreadable> {
    let (mut body, mut fields) = (Vec::new(), Vec::new());
    for text in texts {
        fields.push(field(body.len(), body.len() + text.len()));
        body.extend_from_slice(text);
        body.push(b' ');
    }
    let (engine, mut scratch, mut out) = (Engine::new(all_detectors()), Scratch::new(), Vec::new());
    engine.scan(&body, fields.into_iter(), &mut scratch, &mut out)
}

/// The same of one value, in which the stream stands as it is, in base64 and in hex, alone and among others.
fn every_way(stream: &[u8]) -> Vec<Option<Fault>> {
    let in_json =
        |text: String| format!("{{\"id\":7,\"blob\":\"{text}\",\"ok\":true}}").into_bytes();
    let texts = [
        stream.to_vec(),
        BASE64.encode(stream).into_bytes(),
        in_json(BASE64.encode(stream)),
        in_json(HEXLOWER.encode(stream)),
    ];
    let faults = texts.iter().map(|text| told(&[text]));
    faults.map(|it| it.map(|it| it.fault)).collect()
}

fn gzip() -> Vec<u8> {
    deflate::gzip(&b"a text of some length, with nothing in it ".repeat(9))
}

#[test]
fn a_sound_stream_is_readable() {
    assert_eq!(every_way(&gzip()), [None; 4]);
}

#[test]
fn a_stream_that_is_cut_or_breaks_down_is_damaged() {
    let sound = gzip();
    assert_eq!(
        every_way(&sound[..sound.len() / 2]),
        [Some(Fault::Damaged); 4]
    );
    let mut broken = sound;
    broken[10] = 0xff; // the kind of the first block: the third is reserved (RFC 1951 §3.2.3)
    assert_eq!(every_way(&broken), [Some(Fault::Damaged); 4]);
}

#[test]
fn a_bomb_is_too_large() {
    let much = vec![b'0'; limits::VIEW_INFLATED_BYTES_PER_FIELD_MAX + 1];
    assert_eq!(every_way(&deflate::gzip(&much)), [Some(Fault::TooLarge); 4]);
}

#[test]
fn what_nothing_here_reads_is_named() {
    let zip = b"PK\x03\x04\x14\0\0\0\x08\0\x21\0\0\0\0\0\0\0\0\0";
    assert_eq!(every_way(zip), [Some(Fault::Foreign("ZIP")); 4]);
}

#[test]
fn the_first_field_that_cannot_be_read_is_named() {
    let sound = gzip();
    let cut = &sound[..sound.len() / 2];
    let it = told(&[&sound, b"text", cut, b"\x28\xb5\x2f\xfd and so on"]).unwrap();
    let start = sound.len() + 1 + b"text ".len();
    assert_eq!(
        (it.fault, it.field),
        (Fault::Damaged, field(start, start + cut.len()))
    );
}

//! The seeds that are not cut from captured frames: logins with made-up secrets, segments that a
//! gateway wrote, texts.
//!
//! Refuses: a real credential or token.

use super::corpus::{Files, short};
use crate::batch::{Batch, CODECS};
use crate::requests::{self, Send, text};
use crate::scene::{CARD, CLEAN, OTHER_CARD, SSN, Scene};
use crate::wire;
use anyhow::Result;
use kafka_protocol::messages::{SaslAuthenticateRequest, SaslHandshakeRequest};
use std::fs;

/// A token's form: header, claims (`sub`, `exp`) and a signature that is none.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzYW1wbGUiLCJleHAiOjF9.c2FtcGxl";
/// What a SCRAM server says first: the client's nonce (`fuzz`) and more, a salt, the rounds.
const SERVER_FIRST: &[u8] = b"r=fuzzserver,s=c2FsdHNhbHQ=,i=4096";
/// What ends a message in a seed of several: no text has it.
const NEXT: &[u8] = &[0xff];
/// A segment of an audit is cut behind its first entries.
const SEGMENT_BYTES_MAX: usize = 4 << 10;
const SEGMENTS_MAX: usize = 6;
/// docs/audit.md draws a segment.
const SEGMENT_HEADER_BYTES: usize = 128;
const ENTRY_HEAD_BYTES: usize = 64;
/// Where an entry's kind and version stand.
const ENTRY_FORM: std::ops::Range<usize> = 24..28;

fn named(all: &[&[u8]]) -> Files {
    let files = all.iter().map(|bytes| (short(bytes), bytes.to_vec()));
    files.collect()
}

/// Values as records carry them.
pub fn texts() -> Files {
    let more = "4111-1111-1111-1111 5500005555555559,visa 378282246310005\tssn: 536-22-8145, 536228145 tel 555-0100";
    let all = [CLEAN, CARD, OTHER_CARD, SSN, more, "\u{ff14}111 1111", ""];
    named(&all.map(str::as_bytes))
}

/// What clients send to log in, and what a broker answers.
pub fn logins() -> Result<Files> {
    let bearer = format!("n,a=sample,\x01auth=Bearer {TOKEN}\x01traceid=1\x01\x01").into_bytes();
    let plain = b"\0sample\0sample-password".to_vec();
    let mut files = named(&[&bearer, &plain, b"n,,n=sample,r=abc", b"v=c2FtcGxl"]);
    for version in [0, 1] {
        let asked = SaslHandshakeRequest::default().with_mechanism(text("PLAIN"));
        let frame = wire::encode(&asked, version, 7, "sample")?;
        files.insert(format!("handshake-{version}"), frame.to_vec());
    }
    for (version, bytes) in [(0, plain), (2, bearer)] {
        let asked = SaslAuthenticateRequest::default().with_auth_bytes(bytes.into());
        let frame = wire::encode(&asked, version, 7, "sample")?;
        files.insert(format!("authenticate-{version}"), frame.to_vec());
    }
    Ok(files)
}

/// A broker's side of SCRAM, message after message.
pub fn scram() -> Files {
    let last = |message: &[u8]| [SERVER_FIRST, NEXT, message].concat();
    let signed = last(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
    let extended = [b"m=x,", SERVER_FIRST].concat();
    named(&[&signed, &last(b"e=invalid-proof"), &extended])
}

/// Logins that a gateway watches: the mechanism, then both sides in turn.
pub fn exchanges() -> Files {
    let bearer = format!("n,,\x01auth=Bearer {TOKEN}\x01\x01").into_bytes();
    let all: [&[&[u8]]; 5] = [
        &[b"PLAIN", b"\0sample\0sample-password", b""],
        &[
            b"SCRAM-SHA-256",
            b"n,,n=sample,r=abc",
            SERVER_FIRST,
            b"c=biws,r=abc,p=cA==",
            b"v=dg==",
        ],
        &[
            b"SCRAM-SHA-512",
            b"n,,n=id,r=abc,tokenauth=true",
            b"r=abcd,s=cw==,i=4096",
            b"",
            b"v=dg==",
        ],
        &[b"OAUTHBEARER", &bearer, b""],
        &[b"GSSAPI", b"`\x82", b"x", b"y"],
    ];
    let joined = all.map(|messages| messages.join(NEXT));
    named(&joined.each_ref().map(Vec::as_slice))
}

/// Segments of a gateway that saw every kind of verdict.
pub fn segments() -> Result<Files> {
    let scene = Scene::start()?;
    let mut wire = scene.wire()?;
    for (stem, value) in [("plain", CLEAN), ("mask", SSN), ("block", CLEAN)] {
        let topic = scene.broker.topic(stem, 1)?;
        for codec in CODECS {
            let batch = Batch::values(&[value]).codec(codec).encode()?;
            requests::produce(&mut wire, &Send::one(&topic, 0, batch))?;
        }
    }
    let held = scene.broker.topic("hold", 1)?;
    let owed = requests::produce_later(
        &mut wire,
        &Send::one(&held, 0, Batch::values(&[CARD]).encode()?),
    )?;
    let reviewer = scene.reviewer()?;
    reviewer.approve(&reviewer.await_pending(&held)?.id)?;
    requests::landed(&mut wire, owed)?;
    scene.end()?;
    let mut files = Files::new();
    for entry in fs::read_dir(scene.gateway.audit_dir())? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "seg") && files.len() < SEGMENTS_MAX {
            let mut bytes = fs::read(path)?;
            bytes.truncate(SEGMENT_BYTES_MAX);
            files.insert(short(&bytes), bytes);
        }
    }
    Ok(files)
}

/// The entries in these segments: kind, version, and the value as it is laid out.
pub fn entries(segments: &Files) -> Files {
    let mut files = Files::new();
    for segment in segments.values() {
        let mut rest = segment.get(SEGMENT_HEADER_BYTES..).unwrap_or_default();
        while let Some(len) = rest.first_chunk().map(|len| u32::from_le_bytes(*len)) {
            let whole = ENTRY_HEAD_BYTES + len as usize + size_of::<u32>();
            let Some((frame, behind)) = rest.split_at_checked(whole) else {
                break;
            };
            let value = &frame[ENTRY_HEAD_BYTES..whole - size_of::<u32>()];
            let bytes = [&frame[ENTRY_FORM], value].concat();
            files.insert(short(&bytes), bytes);
            rest = behind;
        }
    }
    files
}

/// PROXY protocol, version 2 and, which is refused, 1.
pub fn proxy_headers() -> Files {
    let head = b"\r\n\r\n\0\r\nQUIT\n";
    let whole = |rest: &[u8]| [head.as_slice(), rest].concat();
    let v4 = whole(b"\x21\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\x30\x39\x23\x84");
    let v6 = whole(&[b"\x21\x21\0\x28".as_slice(), &[1; 36], b"\x04\0\x01\0"].concat());
    let summed = whole(b"\x21\x11\0\x13\x7f\0\0\x01\x7f\0\0\x01\x30\x39\x23\x84\x03\0\x04\0\0\0\0");
    let local = whole(b"\x20\0\0\0");
    let text = b"PROXY TCP4 127.0.0.1 127.0.0.1 12345 9092\r\n";
    named(&[&v4, &v6, &summed, &local, text])
}

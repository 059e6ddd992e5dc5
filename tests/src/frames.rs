//! What a tap kept, cut into frames: requests, the replies to them, and the record batches in both.
//!
//! Owns: the size in front of a frame, which reply belongs to which request (the correlation id, within
//! one connection), and finding batches by their own shape (magic, length, CRC). Refuses: to know
//! anything else of a body. Stays true: a frame that is not whole is left out; correlation ids are all
//! the same in the end, so that equal messages are equal bytes.

use crate::batch::{HEADER_BYTES, crc_fits};
use std::collections::{BTreeSet, HashMap};

/// The correlation id that every kept frame has.
const CORRELATION_ID: [u8; 4] = [0, 0, 0, 7];

/// An API key and a version.
pub type Form = (i16, i16);

/// Different messages, by form.
#[derive(Debug, Default)]
pub struct Frames {
    /// Whole frames, their size included.
    pub requests: BTreeSet<(Form, Vec<u8>)>,
    /// The same.
    pub replies: BTreeSet<(Form, Vec<u8>)>,
    /// A request and the reply to it, one behind the other.
    pub pairs: BTreeSet<(Form, Vec<u8>)>,
    /// Whole batches, as they stood in any of these.
    pub batches: BTreeSet<Vec<u8>>,
}

impl Frames {
    /// Adds what one connection carried: what its client sent, and what it received.
    pub fn add(&mut self, sent: &[u8], received: &[u8]) {
        let mut asked = HashMap::new();
        for frame in cut(sent) {
            let (Some(form), Some(id)) = (form(frame), array::<4>(frame, 8)) else {
                continue;
            };
            let request = with_id(frame, 8);
            self.batches.extend(batches_in(frame));
            self.requests.insert((form, request.clone()));
            asked.insert(id, (form, request));
        }
        for frame in cut(received) {
            let Some((form, request)) = array::<4>(frame, 4).and_then(|id| asked.remove(&id))
            else {
                continue;
            };
            let reply = with_id(frame, 4);
            self.batches.extend(batches_in(frame));
            self.pairs.insert((form, [request, reply.clone()].concat()));
            self.replies.insert((form, reply));
        }
    }
}

/// Whatever has the shape of a batch, wherever it begins.
fn batches_in(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    while bytes.len() >= HEADER_BYTES {
        match whole_batch(bytes) {
            Some(batch) => {
                found.push(batch.to_vec());
                bytes = &bytes[batch.len()..];
            }
            None => bytes = &bytes[1..],
        }
    }
    found
}

fn whole_batch(bytes: &[u8]) -> Option<&[u8]> {
    let length = usize::try_from(i32::from_be_bytes(array(bytes, 8)?)).ok()?;
    let batch = bytes.get(..length.checked_add(12)?)?;
    let shaped = batch.len() >= HEADER_BYTES && batch.get(16) == Some(&2);
    (shaped && crc_fits(batch)).then_some(batch)
}

fn form(request: &[u8]) -> Option<Form> {
    let (key, version) = (array(request, 4)?, array(request, 6)?);
    Some((i16::from_be_bytes(key), i16::from_be_bytes(version)))
}

fn with_id(frame: &[u8], at: usize) -> Vec<u8> {
    let mut frame = frame.to_vec();
    frame[at..at + 4].copy_from_slice(&CORRELATION_ID);
    frame
}

/// Whole frames, their sizes included.
fn cut(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let Some(size) = array(bytes, 0) {
        let whole = usize::try_from(i32::from_be_bytes(size)).unwrap_or(usize::MAX);
        let Some((frame, rest)) = bytes.split_at_checked(whole.saturating_add(4)) else {
            break;
        };
        frames.push(frame);
        bytes = rest;
    }
    frames
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

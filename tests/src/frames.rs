//! What a tap kept, cut into frames: requests as they are, replies with the key and version they answer.
//!
//! Owns: the size in front of a frame, and which reply belongs to which request (the correlation id,
//! within one connection). Refuses: to know anything of a body. Stays true: a frame that is not whole is
//! left out; correlation ids are all the same in the end, so that equal messages are equal bytes.

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
}

impl Frames {
    /// Adds what one connection carried: what its client sent, and what it received.
    pub fn add(&mut self, sent: &[u8], received: &[u8]) {
        let mut forms = HashMap::new();
        for frame in cut(sent) {
            let (Some(form), Some(id)) = (form(frame), array::<4>(frame, 8)) else {
                continue;
            };
            forms.insert(id, form);
            self.requests.insert((form, with_id(frame, 8)));
        }
        for frame in cut(received) {
            let form = array::<4>(frame, 4).and_then(|id| forms.get(&id));
            if let Some(form) = form {
                self.replies.insert((*form, with_id(frame, 4)));
            }
        }
    }
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

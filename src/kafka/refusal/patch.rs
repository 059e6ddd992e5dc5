//! What the broker's reply to a parted request still needs: the answers to what was taken out, and
//! no word of topics that the client may not know.
//!
//! Owns: the reply's second half, kept as bytes while the broker works. Refuses: a reply that the
//! table cannot read. Stays true: the broker's own answers stay as they are, in their order; those
//! of the gateway follow them.

use super::ask::{Judge, Named};
use super::row::{Each, Names, Row};
use super::split::told_of;
use crate::kafka::frame::{SIZE_BYTES, response_body};
use crate::kafka::messages::value::{Struct, Value};
use crate::kafka::messages::{self, Message};
use crate::kafka::reader::{Malformed, Reader};

/// Completes a reply.
#[derive(Clone, Debug)]
pub struct Patch {
    pub(super) row: &'static Row,
    pub(super) version: i16,
    /// The body of a reply with nothing in it but the answers to what was denied.
    pub(super) denied: Vec<u8>,
    /// Whether the broker was asked for more than the client asked, only to be asked at all.
    pub(super) only_denied: bool,
    /// Whether the reply may tell of topics that the request did not name.
    pub(super) filters: bool,
}

impl Patch {
    pub(super) fn filter(row: &'static Row, version: i16) -> Patch {
        Patch {
            row,
            version,
            denied: Vec::new(),
            only_denied: false,
            filters: true,
        }
    }

    /// Bytes that it keeps while the broker works.
    pub fn bytes(&self) -> usize {
        self.denied.len()
    }

    /// The whole reply frame, completed. `judge` is asked about topics that only the reply names.
    pub fn apply(&self, frame: &[u8], judge: &mut Judge<'_>) -> Result<Vec<u8>, Malformed> {
        let unknown = || Reader::new(frame).malformed("a reply without a table");
        let message = messages::response(self.row.key, self.version).ok_or_else(unknown)?;
        let at = response_body(frame, self.row.key, self.version)?;
        let (head, body) = frame.split_at_checked(at).ok_or_else(unknown)?;
        let mut reply = messages::decode(message, self.version, body)?;
        for tells in self.row.tells {
            if self.only_denied {
                retain(tells.path, &mut reply, &mut |_| false);
            } else if self.filters {
                let mut known = |element: &Value| match told_of(tells.names, element) {
                    Named::Nothing => true,
                    topic => judge(topic).is_none(),
                };
                retain(tells.path, &mut reply, &mut known);
            }
        }
        self.add_denied(message, &mut reply)?;
        let mut out = head.to_vec();
        out.extend(messages::encode(message, self.version, &reply));
        let size = out.len().saturating_sub(SIZE_BYTES) as u32;
        if let Some(field) = out.get_mut(..SIZE_BYTES) {
            field.copy_from_slice(&size.to_be_bytes());
        }
        Ok(out)
    }

    fn add_denied(&self, message: &'static Message, reply: &mut Struct) -> Result<(), Malformed> {
        if self.denied.is_empty() {
            return Ok(());
        }
        let mut denied = messages::decode(message, self.version, &self.denied)?;
        merge(self.row.items, reply, &mut denied);
        Ok(())
    }
}

/// Leaves only those elements at the end of a path that `keep` says.
fn retain(path: &[&str], at: &mut Struct, keep: &mut dyn FnMut(&Value) -> bool) {
    match path {
        [] => {}
        [array] => {
            if let Some(Value::Array(all)) = at.get_mut(array) {
                all.retain(|element| keep(element));
            }
        }
        [array, rest @ ..] => {
            for element in at.structs_mut(array) {
                retain(rest, element, keep);
            }
        }
    }
}

/// Moves the answers of `denied` into `reply`; those inside something else go where that is.
fn merge(items: &[Each], reply: &mut Struct, denied: &mut Struct) {
    for each in items {
        if each.told.is_empty() {
            merge(each.inner, reply, denied);
            continue;
        }
        let Some(Value::Array(all)) = denied.get_mut(each.told) else {
            continue;
        };
        let all = std::mem::take(all);
        if each.names != Names::Other {
            if let Some(told) = reply.array_mut(each.told) {
                told.extend(all);
            }
            continue;
        }
        for answer in all {
            merge_inside(each, reply, answer);
        }
    }
}

fn merge_inside(each: &Each, reply: &mut Struct, answer: Value) {
    let Value::Struct(mut answer) = answer else {
        return;
    };
    let same = |told: &&mut Struct| {
        let mut keys = each.echo.iter();
        keys.all(|(_, key)| told.get(key) == answer.get(key))
    };
    let found = reply.structs_mut(each.told).find(same);
    match found {
        Some(told) => merge(each.inner, told, &mut answer),
        None => {
            reply.push(each.told, answer);
        }
    }
}

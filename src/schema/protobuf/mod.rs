//! Protobuf: what each byte of a message is, by its schema or by its look (protobuf.dev, *Encoding*).
//!
//! ```text
//! .proto text, FileDescriptorSet ─► Schema   a table of messages, types resolved
//! message bytes ─► Walk    ─► Leaf           one value: path, kind, bytes, number
//! message bytes + edits ─► replace ─► bytes  all lengths around them rewritten
//! ```
//!
//! Owns: the schema language as far as it says how bytes are laid out, the wire format, and the guess
//! at fields that no schema tells of. Refuses: to check a message against rules beyond its layout.
//! Stays true: bytes are walked in time linear in their number; what is not well formed to the last
//! byte is refused.

mod descriptor;
mod draft;
mod fields;
mod found;
mod frames;
mod guess;
mod leaf;
mod lexer;
mod replace;
mod table;
#[cfg(test)]
mod tests;
mod text;
mod walk;

pub use draft::SchemaFault;
pub use guess::looks_like_protobuf;
pub use leaf::{Kind, Leaf};
pub use replace::replace;
pub use table::{MessageId, Schema};
pub use walk::{Scratch, Walk};

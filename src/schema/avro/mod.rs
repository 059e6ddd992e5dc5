//! Avro: what each byte of a datum is, by its schema (Avro 1.12 specification).
//!
//! ```text
//! schema text ─► compile ─► Schema   a table of types, references resolved
//! datum       ─► Walk    ─► Leaf     one value: path, kind, bytes, number
//! datum + edits ─► replace ─► datum  lengths rewritten, still the same schema
//! ```
//!
//! Owns: the schema language as far as it says how bytes are laid out, and the binary encoding.
//! Refuses: resolution between two schemas, the JSON encoding, container files. Stays true: a datum
//! is walked in time linear in its bytes whatever it and its schema claim; a datum that does not fit
//! its schema to the last byte is refused, so that nothing hides in it.

mod compile;
mod frames;
mod leaf;
mod replace;
mod table;
#[cfg(test)]
mod tests;
mod walk;

pub use compile::SchemaFault;
pub use leaf::{Kind, Leaf};
pub use replace::replace;
pub use table::{Logical, Schema};
pub use walk::{Scratch, Walk};

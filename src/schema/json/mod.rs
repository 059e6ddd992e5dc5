//! Where a span lies in a JSON text (RFC 8259).
//!
//! ```text
//! text ─► Walker   one walk, token by token, however many spans are asked for
//!      ─► Place    the token a span lies in, its names and indexes from the outside in
//!      ─► Removals what must go with a field so that the rest stays JSON
//! ```
//!
//! Owns: the reading of JSON text for its structure. Refuses: values (nothing is decoded but names),
//! and complaints: a text that is no JSON is walked as well as it can be, for a broken text may hold
//! the same data. Stays true: each byte is passed a fixed number of times, nothing is allocated while
//! walking, any depth is survived; of a valid text every place is exact down to
//! [`JSON_NESTING_MAX`](crate::limits::JSON_NESTING_MAX) levels.
//!
//! Beyond the standard, a name may stand without quotes or in single ones, as lenient parsers have it.

mod look;
mod place;
mod removal;
#[cfg(test)]
mod tests;
mod tokens;
mod walker;

pub use look::{container_end, looks_like_json, start};
pub use place::{Member, Place};
pub use removal::{Edit, Removals};
pub use tokens::{Kind, Quotes, Token};
pub use walker::{NamedValue, Names, Walker, names};

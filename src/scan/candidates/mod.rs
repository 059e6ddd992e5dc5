//! The one pass over a body: what is where, and where could something be?
//!
//! ```text
//! kernel   64 bytes → one bit a byte and class: digit, letter, dot …
//! planes   those bits, a tile of 4 KiB at a time; bits outside fields are cleared
//! shapes   bits → bits: a cluster of nine, a code, a dotted or coloned thing ends here
//! ```
//!
//! Owns: reading every byte of a body, once. Refuses: fields' meaning, checksums, exact context;
//! those cost time and belong to the few places that come out of here. Stays true: every kernel gives
//! the bits of the scalar one; a shape bit may be set where nothing is, never the reverse.

mod algebra;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
#[cfg(target_arch = "aarch64")]
mod neon;
mod planes;
mod scalar;
mod shapes;

pub use kernel::Kernel;
pub(super) use planes::{Planes, TILE_BYTES, TILE_WORDS, Words as Plane};
pub(super) use shapes::{Shapes, Wants};

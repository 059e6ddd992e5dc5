//! The one pass over a body: where could a regulated number be?
//!
//! ```text
//! kernel    64 bytes → bits: digit here, separator here     (avx512, avx2, scalar)
//! shapes    bits → bits: a shape ends here
//! sweep     shapes → clusters, each with the digits and separators it can reach
//! keywords  could a word that says what a number is be near?
//! ```
//!
//! Owns: reading every byte of a body, once. Refuses: fields, checksums and exact context; those
//! cost time and belong to the few clusters that come out of here. Stays true: a cluster is as wide
//! as digits joined by single separators reach in the *body*, so a number in a field lies wholly
//! inside one cluster even when the bytes around the field (a length, a count) happen to be digits.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod kernel;
mod keywords;
mod scalar;
mod shapes;
mod sweep;

pub use kernel::Kernel;
pub(super) use keywords::WINDOW_BYTES;
#[cfg(test)]
pub(super) use keywords::around as keyword_may_be_around;
pub(super) use scalar::is_separator;
pub(super) use sweep::Sweep;

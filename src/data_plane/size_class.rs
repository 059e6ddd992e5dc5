//! The sizes that buffers come in.
//!
//! Owns: their ladder. Refuses: anything between two rungs. Stays true: the largest holds the largest
//! frame.

use crate::limits::{BUFFER_BYTES_SMALLEST, FRAME_BYTES_MAX};

/// Size classes: each four times the one before, from `BUFFER_BYTES_SMALLEST`.
pub const CLASSES: usize = 8;

/// Bytes of a size class.
pub const fn class_bytes(class: usize) -> usize {
    BUFFER_BYTES_SMALLEST << (2 * class)
}

const _: () = assert!(class_bytes(CLASSES - 1) >= FRAME_BYTES_MAX + 4);

/// The smallest class that holds `bytes`.
pub fn class_for(bytes: usize) -> usize {
    (0..CLASSES)
        .find(|c| class_bytes(*c) >= bytes)
        .unwrap_or(CLASSES - 1)
}

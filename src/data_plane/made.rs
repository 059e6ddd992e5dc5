//! Bytes of the gateway's own making, on their way out.
//!
//! Owns: how far such bytes were sent. Refuses: to change them once a write has begun. Stays true:
//! they lie in one allocation whose address does not move.

use monoio::buf::IoBuf;

/// Something whose first bytes can be taken as sent.
pub trait Advance {
    /// What is not sent yet.
    fn rest(&self) -> &[u8];
    /// Leaves out the first `bytes` bytes.
    fn advance(&mut self, bytes: usize);
}

/// Bytes of the gateway's own making, on their way out.
pub struct Made {
    bytes: Vec<u8>,
    start: usize,
}

impl Made {
    /// All of `bytes`.
    pub fn new(bytes: Vec<u8>) -> Made {
        Made { bytes, start: 0 }
    }
}

// SAFETY: the pointer is into a Vec owned by this value and never changed while it lives; its
// heap address does not move with the value, and `start..len` is initialised.
#[allow(unsafe_code)]
unsafe impl IoBuf for Made {
    fn read_ptr(&self) -> *const u8 {
        self.bytes[self.start..].as_ptr()
    }
    fn bytes_init(&self) -> usize {
        self.bytes.len() - self.start
    }
}

impl Advance for Made {
    fn rest(&self) -> &[u8] {
        &self.bytes[self.start..]
    }
    fn advance(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.bytes.len());
    }
}

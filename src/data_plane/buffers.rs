//! The buffers of one core: lent, grown, given back.
//!
//! Owns: the memory that frames are read into, its re-use, and its share of the memory budget.
//! Refuses: an allocation of a size that a peer merely claims: a buffer grows only when the
//! bytes that fill it have arrived. Stays true: bytes in use never exceed the budget by more
//! than one frame, since only one buffer at a time may grow past it (which is also why growing
//! buffers cannot wait for each other for ever).

use super::event::Event;
use super::made::Advance;
use super::size_class::{CLASSES, class_bytes, class_for};
use crate::limits::{BUFFER_BYTES_KEPT, BUFFERS_KEPT_PER_CLASS};
use monoio::buf::{IoBuf, IoBufMut};
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// A core's pool for one direction. The two directions have a budget each, so that requests
/// waiting for memory never starve the replies that would free it.
pub struct Pool {
    kept: RefCell<[Vec<Vec<u8>>; CLASSES]>,
    kept_bytes: Cell<usize>,
    used_bytes: Cell<usize>,
    budget_bytes: usize,
    /// Whether what was read is wiped from a buffer that comes back.
    wipes: bool,
    overdrawn: Cell<bool>,
    /// How many wait for memory.
    waiting: Cell<usize>,
    freed: Event,
}

impl Pool {
    /// A pool that lends at most `budget_bytes` at a time.
    pub fn new(budget_bytes: usize) -> Rc<Pool> {
        Pool::of(budget_bytes, false)
    }

    /// A pool for secrets: nothing of what was read outlives the buffer's use.
    pub fn wiped(budget_bytes: usize) -> Rc<Pool> {
        Pool::of(budget_bytes, true)
    }

    fn of(budget_bytes: usize, wipes: bool) -> Rc<Pool> {
        Rc::new(Pool {
            wipes,
            kept: RefCell::default(),
            kept_bytes: Cell::new(0),
            used_bytes: Cell::new(0),
            budget_bytes: budget_bytes.max(class_bytes(2)),
            overdrawn: Cell::new(false),
            waiting: Cell::new(0),
            freed: Event::default(),
        })
    }

    /// Bytes lent out now.
    pub fn used_bytes(&self) -> usize {
        self.used_bytes.get()
    }

    /// Whether somebody waits for memory: an empty buffer is better given back than kept.
    pub fn is_short(&self) -> bool {
        self.waiting.get() > 0
    }

    /// Lends an empty buffer of `bytes`, or the largest that the budget has room for; waits while
    /// there is none for the smallest.
    pub async fn lend(self: &Rc<Self>, bytes: usize) -> Buffer {
        loop {
            let fits =
                |class: &usize| self.used_bytes.get() + class_bytes(*class) <= self.budget_bytes;
            if let Some(class) = (0..=class_for(bytes)).rev().find(fits) {
                return self.take(class, false);
            }
            self.freed().await;
        }
    }

    /// Completes when memory came back.
    async fn freed(&self) {
        let _counted = Waits::new(&self.waiting);
        self.freed.wait().await;
    }

    /// Moves a full buffer's bytes, which may be another pool's, to one of the next class. One buffer at a time may go past the
    /// budget: the frames of all others wait until it is back.
    pub async fn grow(self: &Rc<Self>, mut full: Buffer) -> Buffer {
        let class = (full.class + 1).min(CLASSES - 1);
        let mut overdraws = false;
        while self.used_bytes.get() + class_bytes(class) > self.budget_bytes {
            let overdrew = full.overdraws && Rc::ptr_eq(&full.pool, self);
            if overdrew || !self.overdrawn.get() {
                self.overdrawn.set(true);
                full.overdraws &= !overdrew; // it passes the right on, which was this pool's
                overdraws = true;
                break;
            }
            self.freed().await;
        }
        let mut larger = self.take(class, overdraws);
        let bytes = full.filled();
        larger.memory[..bytes.len()].copy_from_slice(bytes);
        larger.end = bytes.len();
        larger
    }

    fn take(self: &Rc<Self>, class: usize, overdraws: bool) -> Buffer {
        let kept = self.kept.borrow_mut()[class].pop();
        let memory = match kept {
            Some(memory) => {
                self.kept_bytes
                    .set(self.kept_bytes.get() - class_bytes(class));
                memory
            }
            // zeroed by the allocator: large ones are fresh pages, untouched until used
            None => vec![0; class_bytes(class)],
        };
        self.used_bytes
            .set(self.used_bytes.get() + class_bytes(class));
        Buffer {
            memory,
            start: 0,
            end: 0,
            class,
            overdraws,
            pool: Rc::clone(self),
        }
    }

    fn give_back(&self, mut memory: Vec<u8>, class: usize, overdraws: bool) {
        if self.wipes {
            memory.fill(0);
            std::hint::black_box(&memory); // else the compiler may see that nobody looks
        }
        self.used_bytes
            .set(self.used_bytes.get() - class_bytes(class));
        if overdraws {
            self.overdrawn.set(false);
        }
        let room = self.kept_bytes.get() + class_bytes(class) <= BUFFER_BYTES_KEPT;
        let mut kept = self.kept.borrow_mut();
        if room && kept[class].len() < BUFFERS_KEPT_PER_CLASS {
            kept[class].push(memory);
            self.kept_bytes
                .set(self.kept_bytes.get() + class_bytes(class));
        }
        drop(kept);
        self.freed.notify_all();
    }
}

/// Memory beside the pool's own that counts against its budget: others wait for it, whoever has it
/// does not.
pub struct Charge {
    pool: Rc<Pool>,
    bytes: usize,
}

impl Charge {
    /// Nothing yet.
    pub fn to(pool: &Rc<Pool>) -> Charge {
        Charge {
            pool: Rc::clone(pool),
            bytes: 0,
        }
    }

    /// Whether it is this pool's.
    pub fn is_to(&self, pool: &Rc<Pool>) -> bool {
        Rc::ptr_eq(&self.pool, pool)
    }

    /// That many bytes from now on.
    pub fn set(&mut self, bytes: usize) {
        let used = &self.pool.used_bytes;
        used.set(used.get() - self.bytes + bytes);
        if bytes < self.bytes {
            self.pool.freed.notify_all();
        }
        self.bytes = bytes;
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.set(0);
    }
}

/// Counts a wait while it lasts, also one that is given up.
struct Waits<'a>(&'a Cell<usize>);

impl<'a> Waits<'a> {
    fn new(waiting: &'a Cell<usize>) -> Waits<'a> {
        waiting.set(waiting.get() + 1);
        Waits(waiting)
    }
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A lent buffer: `memory[start..end]` holds bytes that were read and not yet dealt with.
pub struct Buffer {
    memory: Vec<u8>,
    start: usize,
    end: usize,
    class: usize,
    overdraws: bool,
    pool: Rc<Pool>,
}

impl Buffer {
    /// The bytes that were read and not yet consumed.
    pub fn filled(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// The same, to be edited in place.
    pub fn filled_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.end]
    }

    /// Its whole size.
    pub fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// The free space behind the filled bytes, to be copied into.
    pub fn space(&mut self) -> &mut [u8] {
        &mut self.memory[self.end..]
    }

    /// Counts the first `bytes` of the free space as filled.
    pub fn fill(&mut self, bytes: usize) {
        debug_assert!(self.end + bytes <= self.memory.len());
        self.end = (self.end + bytes).min(self.memory.len());
    }

    /// Whose it is.
    pub fn pool(&self) -> &Rc<Pool> {
        &self.pool
    }

    /// Whether nothing can be read into it before bytes are consumed or moved.
    pub fn is_full(&self) -> bool {
        self.start == 0 && self.end == self.memory.len()
    }

    /// Forgets the first `bytes` bytes.
    pub fn consume(&mut self, bytes: usize) {
        debug_assert!(self.start + bytes <= self.end);
        self.start = (self.start + bytes).min(self.end);
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
        }
    }

    /// Makes room behind the filled bytes for a frame of `frame_bytes` (0: not known yet), moving
    /// them to the front only when it would not fit where they lie.
    pub fn make_room(&mut self, frame_bytes: usize) {
        let fits = self.start + frame_bytes <= self.memory.len();
        if self.start > 0 && (!fits || self.end == self.memory.len()) {
            self.memory.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
    }

    /// The free space behind the filled bytes, as something a read can fill.
    pub fn into_space(self) -> Space {
        Space { buffer: self }
    }

    /// Part of the filled bytes (`range` counts from the first filled one), as something a write
    /// can send.
    pub fn into_part(self, range: std::ops::Range<usize>) -> PartOf {
        let start = self.start + range.start;
        let end = (self.start + range.end).min(self.end);
        PartOf {
            buffer: self,
            start,
            end,
        }
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool
            .give_back(std::mem::take(&mut self.memory), self.class, self.overdraws);
    }
}

/// The free space of a buffer, lent to the kernel for a read.
pub struct Space {
    buffer: Buffer,
}

impl Space {
    /// The buffer, with what the read brought.
    pub fn into_buffer(self) -> Buffer {
        self.buffer
    }
}

// SAFETY: the pointer and length describe the part of `memory` behind `end`; the Vec is owned by
// this value and never resized, so the address stays valid while the value lives, moved or not.
// Every byte of it was initialised when the Vec was made.
#[allow(unsafe_code)]
unsafe impl IoBufMut for Space {
    fn write_ptr(&mut self) -> *mut u8 {
        self.buffer.memory[self.buffer.end..].as_mut_ptr()
    }
    fn bytes_total(&mut self) -> usize {
        self.buffer.memory.len() - self.buffer.end
    }
    unsafe fn set_init(&mut self, bytes: usize) {
        self.buffer.end = (self.buffer.end + bytes).min(self.buffer.memory.len());
    }
}

/// Part of a buffer, lent to the kernel for a write.
pub struct PartOf {
    buffer: Buffer,
    start: usize,
    end: usize,
}

impl PartOf {
    /// The buffer back.
    pub fn into_buffer(self) -> Buffer {
        self.buffer
    }
}

// SAFETY: `start..end` lies within `memory` (slicing checks it), which is owned, initialised and
// never resized while this value lives, so the address stays valid when the value is moved.
#[allow(unsafe_code)]
unsafe impl IoBuf for PartOf {
    fn read_ptr(&self) -> *const u8 {
        self.buffer.memory[self.start..self.end].as_ptr()
    }
    fn bytes_init(&self) -> usize {
        self.end - self.start
    }
}

impl Advance for PartOf {
    fn rest(&self) -> &[u8] {
        &self.buffer.memory[self.start..self.end]
    }
    fn advance(&mut self, bytes: usize) {
        self.start = (self.start + bytes).min(self.end);
    }
}

#[cfg(test)]
mod tests;

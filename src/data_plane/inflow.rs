//! Whole frames out of a socket.
//!
//! Owns: when to hold a buffer, how large, and where a frame ends. Refuses: a frame whose size is
//! negative, too small or over the cap, before a byte of it is stored; memory for a size that was
//! only claimed. Stays true: an idle connection holds no buffer; a busy one keeps its own.

use super::buffers::{Buffer, Pool};
use super::socket::{Read, Socket};
use crate::kafka::frame::{self, BadFrame};
use crate::limits::{BUFFER_BYTES_REMEMBERED_MAX, BUFFER_BYTES_SMALLEST};
use std::io;
use std::rc::Rc;

/// Why no further frame comes.
#[derive(Debug, thiserror::Error)]
pub enum InflowFault {
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    /// The peer announced a frame that is not acceptable.
    #[error("{0}")]
    Frame(#[from] BadFrame),
    /// The peer closed in the middle of a frame.
    #[error("the peer closed in the middle of a frame")]
    Cut,
}

/// Reads one direction of a connection.
pub struct Inflow<'a> {
    socket: &'a Socket,
    pool: Rc<Pool>,
    buffer: Option<Buffer>,
    next_bytes: usize,
    frame_bytes_max: usize,
}

impl<'a> Inflow<'a> {
    /// Reads frames of at most `frame_bytes_max` from `socket` into buffers of `pool`.
    pub fn new(socket: &'a Socket, pool: &Rc<Pool>, frame_bytes_max: usize) -> Inflow<'a> {
        let next_bytes = BUFFER_BYTES_SMALLEST;
        Inflow {
            socket,
            pool: Rc::clone(pool),
            buffer: None,
            next_bytes,
            frame_bytes_max,
        }
    }

    /// Waits until at least one whole frame lies in the buffer. `false`: the peer closed between
    /// two frames.
    pub async fn fill(&mut self) -> Result<bool, InflowFault> {
        loop {
            let buffer = match self.buffer.take() {
                Some(buffer) => buffer,
                None => {
                    self.socket.readable().await?;
                    self.pool.lend(self.next_bytes).await
                }
            };
            let size = frame::frame_size(buffer.filled(), self.frame_bytes_max)?;
            if size.is_some_and(|s| buffer.filled().len() >= s) {
                self.buffer = Some(buffer);
                self.socket.frame_whole();
                return Ok(true);
            }
            if !self.read_more(buffer, size.unwrap_or(0)).await? {
                return Ok(false);
            }
        }
    }

    /// Reads once. `false` at the peer's end.
    async fn read_more(
        &mut self,
        mut buffer: Buffer,
        frame_bytes: usize,
    ) -> Result<bool, InflowFault> {
        let partial = !buffer.filled().is_empty();
        if partial {
            self.socket.frame_begun();
        }
        buffer.make_room(frame_bytes);
        if buffer.is_full() {
            buffer = self.pool.grow(buffer).await;
            self.next_bytes = buffer.capacity().min(BUFFER_BYTES_REMEMBERED_MAX);
        }
        match self.socket.read(buffer).await? {
            Read::Some(buffer) => {
                if buffer.is_full() {
                    self.next_bytes = (buffer.capacity() * 4).min(BUFFER_BYTES_REMEMBERED_MAX);
                }
                self.buffer = Some(buffer);
            }
            Read::Idle(buffer) if buffer.filled().is_empty() => {
                self.next_bytes = BUFFER_BYTES_SMALLEST; // nothing came: give the memory back
            }
            Read::Idle(buffer) => self.buffer = Some(buffer),
            Read::End if partial => return Err(InflowFault::Cut),
            Read::End => return Ok(false),
        }
        Ok(true)
    }

    /// What is kept and not yet dealt with.
    pub fn peek(&self) -> Option<&[u8]> {
        self.buffer.as_ref().map(Buffer::filled)
    }

    /// The buffer that `fill` filled; give it back by `keep`.
    pub fn take(&mut self) -> Option<Buffer> {
        self.buffer.take()
    }

    /// Keeps what is left of the buffer for the next `fill`; an emptied one that turned out too
    /// small makes way for a larger, and any while others wait for memory: busy connections would
    /// never let them have it.
    pub fn keep(&mut self, buffer: Buffer) {
        let wanted = buffer.capacity() >= self.next_bytes && !self.pool.is_short();
        let keep = wanted || !buffer.filled().is_empty();
        self.buffer = keep.then_some(buffer);
    }

    /// The length of the whole frame that starts at `at` of the filled bytes, if all of it is there.
    pub fn frame_at(&self, filled: &[u8], at: usize) -> Result<Option<usize>, BadFrame> {
        let rest = filled.get(at..).unwrap_or(&[]);
        Ok(frame::frame_size(rest, self.frame_bytes_max)?.filter(|size| rest.len() >= *size))
    }

    /// Raises the cap once the peer has logged in, and takes buffers from the pool of those who
    /// have. One that holds the beginning of a request goes back where it came from later.
    pub fn logged_in(&mut self, pool: &Rc<Pool>, frame_bytes_max: usize) {
        self.frame_bytes_max = frame_bytes_max;
        self.pool = Rc::clone(pool);
        self.buffer.take_if(|buffer| buffer.filled().is_empty());
    }
}

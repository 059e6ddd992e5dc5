//! The two-way link between a core and the control thread: bounded channels and a wake each way.
//!
//! Owns: the bounds and the wake-ups. Refuses: to block: both sides `try_send`, and a full
//! channel is handed back to the caller, whose answer to it is written in `limits.rs`.

use super::messages::{ToControl, ToCore};
use crate::limits::{TO_CONTROL_MESSAGES_MAX, TO_CORE_MESSAGES_MAX};
use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::Arc;

/// Wakes the other side; callable from any thread, cheap, never blocks.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// Sends messages one way and wakes the receiver.
#[derive(Clone)]
pub struct Post<T> {
    channel: Sender<T>,
    wake: Wake,
}

impl<T> Post<T> {
    /// Sends without waiting; gives the message back when the channel is full or closed.
    pub fn try_send(&self, message: T) -> Result<(), T> {
        match self.channel.try_send(message) {
            Ok(()) => {
                (self.wake)();
                Ok(())
            }
            Err(TrySendError::Full(m) | TrySendError::Disconnected(m)) => Err(m),
        }
    }
}

/// One direction from all cores to the control thread.
pub fn to_control(wake: Wake) -> (Post<ToControl>, Receiver<ToControl>) {
    let (channel, receiver) = bounded(TO_CONTROL_MESSAGES_MAX);
    (Post { channel, wake }, receiver)
}

/// One direction from the control thread to one core.
pub fn to_core(wake: Wake) -> (Post<ToCore>, Receiver<ToCore>) {
    let (channel, receiver) = bounded(TO_CORE_MESSAGES_MAX);
    (Post { channel, wake }, receiver)
}

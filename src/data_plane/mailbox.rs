//! The wake-up from another thread into a core.
//!
//! Owns: one waker a core. Refuses: to carry messages (bounded channels do). Stays true: one task
//! a core waits here and drains the channel whole at each wake, because a ring with deferred task
//! work pays for every foreign wake (tokio-rs/io-uring #263).

use crate::hold::link::Wake;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};

/// Where a core's mailbox task waits.
#[derive(Default)]
pub struct Bell {
    rung: AtomicBool,
    waiting: Mutex<Option<Waker>>,
}

impl Bell {
    /// Wakes the core, from any thread.
    pub fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            let waker = self
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    /// A handle for `hold::link`.
    pub fn wake(self: &Arc<Self>) -> Wake {
        let bell = Arc::clone(self);
        Arc::new(move || bell.ring())
    }

    /// Completes once rung since the last time.
    pub async fn rung(&self) {
        poll_fn(|context| {
            if self.rung.swap(false, Ordering::AcqRel) {
                return Poll::Ready(());
            }
            *self.waiting.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(context.waker().clone());
            // rung between the look and the store: look again
            if self.rung.swap(false, Ordering::AcqRel) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

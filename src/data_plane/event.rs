//! A wake-up within one core.
//!
//! Owns: the list of tasks that wait for something to change. Refuses: to cross threads (that is
//! the mailbox's work) and to say what changed: the woken task looks again. Stays true: a task
//! that began to wait before a notification is woken by it.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Wakes everybody who waits.
#[derive(Default)]
pub struct Event {
    generation: Cell<u64>,
    waiting: RefCell<Vec<Waker>>,
}

impl Event {
    /// Wakes all tasks that wait now.
    pub fn notify_all(&self) {
        self.generation.set(self.generation.get().wrapping_add(1));
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        for waker in waiting {
            waker.wake();
        }
    }

    /// Completes at the first notification after this call.
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            event: self,
            since: self.generation.get(),
        }
    }
}

/// See [`Event::wait`].
pub struct Wait<'a> {
    event: &'a Event,
    since: u64,
}

impl Future for Wait<'_> {
    type Output = ();
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.event.generation.get() != self.since {
            return Poll::Ready(());
        }
        let mut waiting = self.event.waiting.borrow_mut();
        if !waiting.iter().any(|w| w.will_wake(context.waker())) {
            waiting.push(context.waker().clone());
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_after_the_call_completes_it() {
        let event = Event::default();
        let mut context = Context::from_waker(Waker::noop());
        let mut wait = std::pin::pin!(event.wait());
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Pending);
        event.notify_all();
        assert_eq!(wait.as_mut().poll(&mut context), Poll::Ready(()));
        let mut later = std::pin::pin!(event.wait());
        assert_eq!(
            later.as_mut().poll(&mut context),
            Poll::Pending,
            "an old one does not"
        );
    }
}

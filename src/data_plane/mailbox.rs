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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_plane::buffers::Pool;
    use crate::data_plane::socket::Read as Got;
    use crate::data_plane::test_core::{on_each_driver, pair};
    use std::cell::Cell;
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::rc::Rc;
    use std::time::{Duration, Instant};

    const ASKED_FOR: Duration = Duration::from_millis(500);
    const WAKE_EVERY: Duration = Duration::from_micros(100);
    /// A stalled core answers when something else wakes it, or never; a busy machine is not that.
    const P99_MAX: Duration = Duration::from_millis(25);

    /// The 99th percentile of the round trips of half a second: first undisturbed, then under
    /// 10,000 rings a second.
    fn ask(mut peer: TcpStream, bell: &Bell) -> [Duration; 2] {
        let quiet = round_trips(&mut peer);
        let stop = AtomicBool::new(false);
        let loud = std::thread::scope(|threads| {
            threads.spawn(|| {
                let mut due = Instant::now();
                while !stop.load(Ordering::Relaxed) {
                    bell.ring();
                    due += WAKE_EVERY;
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                }
            });
            let loud = round_trips(&mut peer);
            stop.store(true, Ordering::Relaxed);
            loud
        });
        [quiet, loud]
    }

    fn round_trips(peer: &mut TcpStream) -> Duration {
        let (begin, mut times) = (Instant::now(), Vec::new());
        while begin.elapsed() < ASKED_FOR {
            let start = Instant::now();
            peer.write_all(&[1; 64]).expect("the core reads");
            peer.read_exact(&mut [0; 64]).expect("the core answers");
            times.push(start.elapsed());
        }
        times.sort();
        times[times.len() * 99 / 100]
    }

    /// With deferred task work and foreign wakers, completions can wait for a `GETEVENTS` that
    /// nobody asks for (tokio-rs/io-uring #263).
    #[test]
    fn ten_thousand_wakes_a_second_do_not_stall_a_cores_sockets() {
        on_each_driver(|driver| async move {
            let (socket, peer) = pair();
            peer.set_read_timeout(Some(Duration::from_secs(10)))
                .expect("a timeout");
            let bell = Arc::new(Bell::default());
            let ringing = Arc::clone(&bell);
            let asker = std::thread::spawn(move || ask(peer, &ringing));
            let wakes = Rc::new(Cell::new(0u64));
            let counted = Rc::clone(&wakes);
            monoio::spawn(async move {
                loop {
                    bell.rung().await;
                    counted.set(counted.get() + 1);
                }
            });
            let pool = Pool::new(1 << 20);
            let mut buffer = pool.lend(64).await;
            while let Ok(Got::Some(got)) = socket.read(buffer).await {
                let all = got.filled().len();
                let sent = socket.write_all(got.into_part(0..all)).await;
                buffer = sent.expect("the peer reads").into_buffer();
                buffer.consume(all);
            }
            let [quiet, loud] = asker.join().expect("every question was answered");
            let wakes = wakes.get();
            eprintln!("{driver}: p99 {quiet:?}, under {wakes} wakes {loud:?}");
            assert!(wakes > 500, "{driver}: only {wakes} wakes");
            assert!(
                loud < P99_MAX.max(quiet * 10),
                "{driver}: p99 {loud:?}, before {quiet:?}"
            );
        });
    }
}

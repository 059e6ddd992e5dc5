//! One connection under load.
//!
//! Owns: when a request is sent and what counts as its latency. In the closed loop a request leaves
//! when an earlier one is answered, and latency is from the sending. In the open loop every request
//! has its time in a schedule that nothing delays, and latency is from that time, sent late or not:
//! that is the correction for coordinated omission. Refuses: to go on after a failed request. Stays
//! true: a request of the schedule that is never sent counts with the age it reached.

use crate::client::{Link, Question, REPLY_TIMEOUT};
use crate::frames::Frames;
use crate::stream::Stream;
use anyhow::{Context, ensure};
use hdrhistogram::Histogram;
use lockgate::kafka::fetch::Fetched;
use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

/// Latencies are kept from 1 µs to this, to three digits.
const LATENCY_NS_MAX: u64 = 300_000_000_000;
/// A request that leaves this long after its time was sent late: ten times what a sleeping thread
/// needs to wake.
pub const LATE: Duration = Duration::from_millis(1);

/// When the run starts, when it is measured, when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// The first request.
    pub start: Instant,
    /// What is due before this is warm-up.
    pub from: Instant,
    /// Nothing is due after this.
    pub until: Instant,
    /// What is not sent by then is given up.
    pub give_up: Instant,
}

/// What was done so far, read while it grows.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests answered.
    pub answered: AtomicU64,
    /// Bytes of record values in them.
    pub value_bytes: AtomicU64,
}

/// What paces a connection.
#[derive(Clone, Copy, Debug)]
pub enum Pace {
    /// As fast as answers come.
    Closed,
    /// At `start + first + n × every`.
    Open {
        /// Nanoseconds from the start to the first.
        first_ns: u64,
        /// Nanoseconds between two.
        every_ns: u64,
    },
}

/// What a connection saw in the window.
pub struct Seen {
    /// Latencies in nanoseconds.
    pub latency: Histogram<u64>,
    /// Requests sent late (open loop).
    pub late: u64,
    /// Requests that were never sent (open loop).
    pub unsent: u64,
}

impl Seen {
    /// Nothing yet.
    ///
    /// # Errors
    /// None that the bounds above allow.
    pub fn nothing() -> anyhow::Result<Seen> {
        let latency = Histogram::new_with_bounds(1000, LATENCY_NS_MAX, 3)?;
        Ok(Seen {
            latency,
            late: 0,
            unsent: 0,
        })
    }

    fn record(&mut self, latency: Duration) {
        let ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.latency.saturating_record(ns);
    }
}

/// A connection and what it asks.
pub struct Job<'a> {
    /// The connection.
    pub link: Link,
    /// What is asked, again and again.
    pub question: Question,
    /// Requests without an answer yet, at most.
    pub in_flight: usize,
    /// What paces it.
    pub pace: Pace,
    /// Shared by all connections of the run.
    pub counters: &'a Counters,
}

/// Drives one connection through the window.
///
/// # Errors
/// The first request that failed.
pub fn drive(job: Job<'_>, window: Window) -> anyhow::Result<Seen> {
    std::thread::sleep(window.start.saturating_duration_since(Instant::now()));
    match job.pace {
        Pace::Closed => closed(job, window),
        Pace::Open { first_ns, every_ns } => open(job, window, first_ns, every_ns),
    }
}

fn closed(job: Job<'_>, window: Window) -> anyhow::Result<Seen> {
    let Link {
        mut stream, frames, ..
    } = job.link;
    let mut question = job.question.clone();
    let mut answers = Answers::new(frames, &job.question, job.counters);
    let mut seen = Seen::nothing()?;
    let mut sent: VecDeque<Instant> = VecDeque::with_capacity(job.in_flight);
    let mut id = 0_i32;
    loop {
        while sent.len() < job.in_flight && Instant::now() < window.until {
            sent.push_back(Instant::now());
            stream
                .write_all(question.numbered(id))
                .context("sending failed")?;
            id = id.wrapping_add(1);
        }
        let Some(since) = sent.pop_front() else {
            return Ok(seen);
        };
        let now = answers.next()?;
        if (window.from..window.until).contains(&now) {
            seen.record(now - since);
        }
    }
}

/// A thread that sends in time, and one that reads.
fn open(job: Job<'_>, window: Window, first_ns: u64, every_ns: u64) -> anyhow::Result<Seen> {
    let Link { stream, frames, .. } = job.link;
    let mut answers = Answers::new(frames, &job.question, job.counters);
    let question = job.question.clone();
    let (due_sender, due) = sync_channel(job.in_flight);
    std::thread::scope(|scope| {
        let sender = Sender {
            stream,
            question,
            due: due_sender,
        };
        let sender = scope.spawn(move || sender.run(window, first_ns, every_ns));
        let received = receive(due, &mut answers, window);
        let sent = sender
            .join()
            .map_err(|_| anyhow::anyhow!("the sending thread died"))?;
        let sent = sent?;
        let mut seen = received?;
        seen.latency.add(&sent.latency)?;
        (seen.late, seen.unsent) = (sent.late, sent.unsent);
        Ok(seen)
    })
}

struct Sender {
    stream: Stream,
    question: Question,
    due: SyncSender<Instant>,
}

impl Sender {
    fn run(mut self, window: Window, first_ns: u64, every_ns: u64) -> anyhow::Result<Seen> {
        wake_precisely();
        let mut seen = Seen::nothing()?;
        let mut id = 0_i32;
        for number in 0_u64.. {
            let due = window.start + Duration::from_nanos(first_ns + number * every_ns);
            if due >= window.until {
                break;
            }
            let now = Instant::now();
            if now > window.give_up {
                if due >= window.from {
                    seen.unsent += 1;
                    seen.record(now - due);
                }
                continue;
            }
            std::thread::sleep(due.saturating_duration_since(now));
            // Waits while too many are unanswered; the reader is gone after a failed request.
            if self.due.send(due).is_err() {
                break;
            }
            if due >= window.from && Instant::now() > due + LATE {
                seen.late += 1;
            }
            self.stream
                .write_all(self.question.numbered(id))
                .context("sending failed")?;
            id = id.wrapping_add(1);
        }
        Ok(seen)
    }
}

fn receive(
    due: Receiver<Instant>,
    answers: &mut Answers<'_>,
    window: Window,
) -> anyhow::Result<Seen> {
    let mut seen = Seen::nothing()?;
    for due in due {
        let now = answers.next()?;
        if due >= window.from {
            seen.record(now - due);
        }
        ensure!(
            now < window.give_up + REPLY_TIMEOUT,
            "answers still come long after the end"
        );
    }
    Ok(seen)
}

/// A sleeping thread wakes up to 50 µs late by default, to save wake-ups.
fn wake_precisely() {
    // Where the kernel refuses, latencies are that much longer with and without the gateway.
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}

/// The answers of a connection, in order, each checked and counted.
struct Answers<'a> {
    frames: Frames<Stream>,
    question: &'a Question,
    counters: &'a Counters,
    scratch: Fetched,
    next_id: i32,
    first: bool,
}

impl<'a> Answers<'a> {
    fn new(frames: Frames<Stream>, question: &'a Question, counters: &'a Counters) -> Answers<'a> {
        Answers {
            frames,
            question,
            counters,
            scratch: Fetched::default(),
            next_id: 0,
            first: true,
        }
    }

    /// When the next answer was whole. The first one's checksums are looked at too.
    fn next(&mut self) -> anyhow::Result<Instant> {
        let reply = self.frames.next()?;
        let now = Instant::now();
        self.question
            .check(reply, self.next_id, self.first, &mut self.scratch)?;
        self.first = false;
        self.next_id = self.next_id.wrapping_add(1);
        self.counters.answered.fetch_add(1, Relaxed);
        self.counters
            .value_bytes
            .fetch_add(self.question.value_bytes, Relaxed);
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::client::Op;
    use crate::payload::{Codec, Payload};
    use lockgate::kafka::frame::response_correlation_id;
    use lockgate::kafka::produce::{PartitionReply, write_response};
    use lockgate::kafka::topic::Topic;
    use std::net::TcpListener;
    use std::net::TcpStream;

    const STALL: Duration = Duration::from_millis(300);

    /// Answers every Produce of version 9 at once, but the tenth after a stall.
    fn stalling(listener: &TcpListener) {
        let (mut stream, _) = listener.accept().unwrap();
        let mut frames = Frames::new(stream.try_clone().unwrap());
        for number in 0.. {
            let Ok(request) = frames.next() else { return };
            if number == 10 {
                std::thread::sleep(STALL);
            }
            // After the size a request has key and version, a reply the correlation id.
            let id = response_correlation_id(&request[4..]).unwrap();
            let reply = PartitionReply::refused(0, 0, None);
            let topics = [(Topic::Name("t"), &[reply][..])];
            stream
                .write_all(&write_response(9, id, 0, &[], topics.into_iter()))
                .unwrap();
        }
    }

    fn seen(pace: Pace) -> Seen {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let payload = Payload {
            frame_bytes: 1000,
            record_bytes: 1000,
            codec: Codec::None,
            hit_rate: 0.0,
            seed: 1,
        };
        let start = Instant::now();
        let until = start + Duration::from_millis(600);
        let window = Window {
            start,
            from: start,
            until,
            give_up: until + Duration::from_secs(5),
        };
        let job = Job {
            link: Link::over(Stream::over(stream, None).unwrap()),
            question: Question::new(Op::Produce, &payload, "t", 0, -1).unwrap(),
            in_flight: 2,
            pace,
            counters: &Counters::default(),
        };
        std::thread::scope(|scope| {
            scope.spawn(|| stalling(&listener));
            drive(job, window).unwrap()
        })
    }

    /// Requests that took longer than a tenth of the stall.
    fn slow(seen: &Seen) -> u64 {
        let from = STALL.as_nanos() as u64 / 10;
        seen.latency.count_between(from, LATENCY_NS_MAX)
    }

    #[test]
    fn a_stall_delays_every_request_that_was_due_in_it() {
        let every_ns = 2_000_000;
        let open = seen(Pace::Open {
            first_ns: 0,
            every_ns,
        });
        assert_eq!(open.latency.len(), 300);
        assert_eq!(open.unsent, 0);
        // 150 were due in the stall, those of its last tenth were not slow.
        assert!(slow(&open) > 100, "{}", slow(&open));
        assert!(open.late > 100, "{}", open.late);
        let closed = seen(Pace::Closed);
        assert!(
            slow(&closed) < 10,
            "the closed loop does not see it: {}",
            slow(&closed)
        );
    }
}

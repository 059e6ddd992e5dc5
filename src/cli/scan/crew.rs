//! Inputs on several threads, heard in their order.
//!
//! Owns: the threads, one for each CPU and never more than inputs, and the channels between. Refuses:
//! to let an input whose turn has not come say more than a few chunks ahead. Stays true: what is heard
//! does not depend on which thread was faster; when the listener stops, the threads stop at their next
//! block.

use crate::limits::{SCAN_CHUNK_BYTES, SCAN_CHUNKS_WAITING_MAX};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// What a thread says of its input.
pub enum Word<T> {
    /// Whole lines for standard output.
    Lines(Vec<u8>),
    /// Everything was said; this came of it.
    Done(T),
}

/// Nobody listens any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// What a thread speaks through, of one input.
pub struct Voice<'c, T> {
    to: SyncSender<Word<T>>,
    closed: &'c AtomicBool,
    lines: Vec<u8>,
}

impl<T> Voice<'_, T> {
    /// Says a line, which `write` writes whole.
    pub fn line(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Closed> {
        write(&mut self.lines);
        if self.lines.len() < SCAN_CHUNK_BYTES {
            return Ok(());
        }
        self.flush()
    }

    /// Hands on what was said so far.
    pub fn flush(&mut self) -> Result<(), Closed> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(Closed);
        }
        if self.lines.is_empty() {
            return Ok(());
        }
        let lines = std::mem::take(&mut self.lines);
        self.to.send(Word::Lines(lines)).map_err(|_| Closed)
    }
}

/// Has `work` done on each input, on so many threads; `hear` gets what they say, input by input. Its
/// error ends everything.
pub fn each<I: Sync, T: Send, E>(
    inputs: &[I],
    threads: usize,
    work: impl Fn(&I, &mut Voice<'_, T>) -> T + Sync,
    mut hear: impl FnMut(&I, Word<T>) -> Result<(), E>,
) -> Result<(), E> {
    let closed = AtomicBool::new(false);
    let channel = |_| sync_channel(SCAN_CHUNKS_WAITING_MAX);
    let (senders, receivers): (Vec<_>, Vec<_>) = inputs.iter().map(channel).unzip();
    let jobs = Mutex::new(inputs.iter().zip(senders));
    let next = || jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let toil = || {
        while let Some((input, to)) = next() {
            let lines = Vec::new();
            let closed = &closed;
            let mut voice = Voice { to, closed, lines };
            let done = work(input, &mut voice);
            // Nobody may listen any more: then nobody misses it.
            let _ = voice.flush().map(|()| voice.to.send(Word::Done(done)));
            if closed.load(Ordering::Relaxed) {
                break;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.clamp(1, inputs.len().max(1)) {
            scope.spawn(toil);
        }
        let heard = listen(inputs, receivers, &mut hear);
        closed.store(heard.is_err(), Ordering::Relaxed);
        heard
    })
}

fn listen<I, T, E>(
    inputs: &[I],
    receivers: Vec<Receiver<Word<T>>>,
    hear: &mut impl FnMut(&I, Word<T>) -> Result<(), E>,
) -> Result<(), E> {
    for (input, words) in inputs.iter().zip(receivers) {
        for word in words {
            hear(input, word)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn said(inputs: &[usize], threads: usize) -> Vec<String> {
        let mut heard = Vec::new();
        let work = |n: &usize, voice: &mut Voice<'_, usize>| {
            for i in 0..*n {
                let line = |to: &mut Vec<u8>| to.extend(format!("{i:0999}\n").bytes());
                voice.line(line).unwrap();
            }
            *n
        };
        each(inputs, threads, work, |input, word| {
            match word {
                Word::Lines(lines) => heard.push(format!("{input}: {}", lines.len())),
                Word::Done(n) => heard.push(format!("{input} came to {n}")),
            }
            Ok::<_, ()>(())
        })
        .unwrap();
        heard
    }

    #[test]
    fn order_does_not_depend_on_threads() {
        let inputs = [2000, 0, 3, 700, 1];
        let one = said(&inputs, 1);
        assert_eq!(one.len(), 31 + 1 + 1 + 2 + 11 + 1 + 2);
        for threads in [2, 5, 50] {
            assert_eq!(said(&inputs, threads), one);
        }
        assert!(said(&[], 3).is_empty());
    }

    #[test]
    fn a_listener_that_stops_ends_it() {
        let work = |_: &i32, voice: &mut Voice<'_, ()>| {
            while voice.line(|to| to.extend([b'x'; 5000])).is_ok() {}
        };
        let mut words = 0;
        let ended = each(&[1, 2, 3], 2, work, |_, _| {
            words += 1;
            if words < 3 { Ok(()) } else { Err("enough") }
        });
        assert_eq!((ended, words), (Err("enough"), 3));
    }
}

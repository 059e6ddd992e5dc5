//! Every byte between the clients and a gateway, kept by connection and direction.
//!
//! A gateway that advertises [`TAPPED`] leads its clients there on its own port numbers, where taps
//! listen. Record batches are found in what was kept by their own shape (magic, length, CRC), so
//! this knows no version of Produce or Fetch and misses none.

use crate::batch::HEADER_BYTES;
use crate::gateway::Gateway;
use crate::tap::TAPPED;
use anyhow::Result;
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the length, the magic byte and the CRC stand in a batch.
const LENGTH_AT: usize = 8;
const MAGIC_AT: usize = 16;
/// What the length counts not: itself and the base offset.
const BEFORE_LENGTH: usize = 12;

type Stream = Arc<Mutex<Vec<u8>>>;

#[derive(Debug, Default)]
struct Kept {
    sent: Mutex<Vec<Stream>>,
    received: Mutex<Vec<Stream>>,
}

/// The taps of one gateway.
#[derive(Debug)]
pub struct Capture {
    /// Where clients bootstrap.
    pub bootstrap: String,
    kept: Arc<Kept>,
}

impl Capture {
    /// Taps before every port of this gateway. Their threads end with the run.
    pub fn before(gateway: &Gateway) -> Result<Capture> {
        let kept = Arc::new(Kept::default());
        for port in gateway.ports.for_clients() {
            let listener = TcpListener::bind(format!("{TAPPED}:{port}"))?;
            let (upstream, kept) = (format!("127.0.0.1:{port}"), kept.clone());
            std::thread::spawn(move || {
                for client in listener.incoming().flatten() {
                    if let Ok(server) = TcpStream::connect(&upstream) {
                        relay(client, server, &kept);
                    }
                }
            });
        }
        Ok(Capture {
            bootstrap: format!("{TAPPED}:{}", gateway.ports.listener),
            kept,
        })
    }

    /// Every batch that clients sent, from its base offset to its end.
    pub fn sent(&self) -> Batches {
        Batches::of(&self.kept.sent)
    }

    /// Every batch that clients received.
    pub fn received(&self) -> Batches {
        Batches::of(&self.kept.received)
    }

    /// All that clients received, connection by connection.
    pub fn heard(&self) -> Vec<Vec<u8>> {
        let streams = lock(&self.kept.received);
        streams.iter().map(|stream| lock(stream).clone()).collect()
    }
}

/// Batches seen on the wire.
#[derive(Debug)]
pub struct Batches(HashSet<Vec<u8>>);

impl Batches {
    fn of(streams: &Mutex<Vec<Stream>>) -> Batches {
        let mut found = HashSet::new();
        for stream in lock(streams).iter() {
            batches_in(&lock(stream), &mut found);
        }
        Batches(found)
    }

    /// How many different ones.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Whether this very batch was seen, its base offset and leader epoch included.
    pub fn has(&self, batch: &[u8]) -> bool {
        self.0.contains(batch)
    }

    /// Whether a batch was seen that is this one from its magic byte on: all that a broker keeps.
    pub fn has_kept(&self, kept: &[u8]) -> bool {
        self.any(|seen| seen[MAGIC_AT..] == *kept)
    }

    /// Whether one is as `look` says.
    pub fn any(&self, look: impl Fn(&[u8]) -> bool) -> bool {
        self.0.iter().any(|seen| look(seen))
    }
}

/// Collects what has the shape of a batch, wherever it begins.
fn batches_in(bytes: &[u8], found: &mut HashSet<Vec<u8>>) {
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| rest.len() >= HEADER_BYTES) {
        match whole_batch(rest) {
            Some(batch) => {
                found.insert(batch.to_vec());
                at += batch.len();
            }
            None => at += 1,
        }
    }
}

fn whole_batch(bytes: &[u8]) -> Option<&[u8]> {
    if *bytes.get(MAGIC_AT)? != 2 {
        return None;
    }
    let length = bytes.get(LENGTH_AT..LENGTH_AT + 4)?;
    let length = usize::try_from(i32::from_be_bytes(length.try_into().ok()?)).ok()?;
    let batch = bytes.get(..length.checked_add(BEFORE_LENGTH)?)?;
    (batch.len() >= HEADER_BYTES && crate::batch::crc_fits(batch)).then_some(batch)
}

fn relay(client: TcpStream, server: TcpStream, kept: &Kept) {
    let (Ok(from_client), Ok(from_server)) = (client.try_clone(), server.try_clone()) else {
        return;
    };
    let (sent, received) = (Stream::default(), Stream::default());
    lock(&kept.sent).push(sent.clone());
    lock(&kept.received).push(received.clone());
    std::thread::spawn(move || pump(from_client, server, &sent));
    std::thread::spawn(move || pump(from_server, client, &received));
}

fn pump(mut from: TcpStream, mut to: TcpStream, keep: &Mutex<Vec<u8>>) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        lock(keep).extend_from_slice(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
    let _ = from.shutdown(Shutdown::Read);
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A broker that lies: real Kafka behind a relay that changes what it answers.
//!
//! Owns: leading the gateway back to the relay (Metadata names the relay's port), and the lies.
//! Stays true: until told to lie it changes nothing but that port.

use crate::broker::ADVERTISED_HOST;
use crate::random::Random;
use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::{FetchResponse, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The Fetch that the tests send by hand.
const FETCH_VERSION: i16 = 12;

/// What is done to every reply.
#[derive(Clone, Debug)]
pub enum Lie {
    /// Nothing.
    Truth,
    /// A few bits of it flip; the seed says which.
    Flips(u64),
    /// Its size says this.
    Size(i32),
    /// It answers another request.
    OtherId,
    /// It stops in the middle, and the broker closes.
    Cut,
    /// It is of the right size, and noise.
    Noise(u64),
    /// The first partition behind this topic's name failed with this code (Produce v9, Fetch v12).
    Code {
        /// The topic.
        behind: String,
        /// Kafka's error code.
        code: i16,
    },
    /// It is a Fetch v12 whose first partition holds these bytes.
    Records(Bytes),
    /// Half of it comes, and the rest never; the connection stays open.
    Half,
    /// It never comes.
    Silence,
}

/// The relay.
#[derive(Debug)]
pub struct Liar {
    /// Where the gateway finds its broker.
    pub address: String,
    lie: Arc<Mutex<Lie>>,
    open: Arc<AtomicUsize>,
}

impl Liar {
    /// In front of the broker at `upstream`. Its threads end with the run.
    pub fn before(upstream: &str) -> Result<Liar> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?;
        let theirs = upstream.rsplit_once(':').context("no port")?.1.parse()?;
        let lie = Arc::new(Mutex::new(Lie::Truth));
        let (upstream, told) = (upstream.to_owned(), Arc::clone(&lie));
        let open = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&open);
        std::thread::spawn(move || {
            for gateway in listener.incoming().flatten() {
                if let Ok(broker) = TcpStream::connect(&upstream) {
                    let lie = Arc::clone(&told);
                    let open = Arc::clone(&counted);
                    let _ = relay(gateway, broker, [theirs, own.port()], lie, open);
                }
            }
        });
        let address = own.to_string();
        Ok(Liar { address, lie, open })
    }

    /// Connections of the gateway that it has not closed.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }

    /// What is to be done from now on, on connections that are open too.
    pub fn tell(&self, lie: Lie) {
        *self.lie.lock().unwrap_or_else(PoisonError::into_inner) = lie;
    }
}

fn relay(
    gateway: TcpStream,
    broker: TcpStream,
    ports: [u16; 2],
    lie: Arc<Mutex<Lie>>,
    open: Arc<AtomicUsize>,
) -> io::Result<()> {
    gateway.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let (mut asks, mut asked) = (gateway.try_clone()?, broker.try_clone()?);
    open.fetch_add(1, Ordering::SeqCst);
    std::thread::spawn(move || {
        let _ = io::copy(&mut asks, &mut asked);
        open.fetch_sub(1, Ordering::SeqCst);
        let _ = asked.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let _ = answer(&gateway, broker, ports, &lie);
        let _ = gateway.shutdown(Shutdown::Both);
    });
    Ok(())
}

/// Passes replies on until one side closes or a lie ends the connection.
fn answer(
    mut gateway: &TcpStream,
    mut broker: TcpStream,
    ports: [u16; 2],
    lie: &Mutex<Lie>,
) -> io::Result<()> {
    loop {
        let mut frame = vec![0; 4];
        broker.read_exact(&mut frame)?;
        let size = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
        frame.resize(4 + size, 0);
        broker.read_exact(&mut frame[4..])?;
        lead_back(&mut frame, ports);
        let lie = lie.lock().unwrap_or_else(PoisonError::into_inner).clone();
        change(&mut frame, &lie);
        gateway.write_all(&frame)?;
        match lie {
            Lie::Cut => return Ok(()),
            // Nothing more of this connection, whatever is told next.
            Lie::Half | Lie::Silence => drop(io::copy(&mut broker, &mut io::sink())?),
            _ => {}
        }
    }
}

/// Puts the relay's port where the broker names its own.
pub(crate) fn lead_back(frame: &mut [u8], [theirs, own]: [u16; 2]) {
    let address = |port: u16| [ADVERTISED_HOST.as_bytes(), &u32::from(port).to_be_bytes()].concat();
    let (from, to) = (address(theirs), address(own));
    for at in 0..frame.len().saturating_sub(from.len() - 1) {
        if frame[at..].starts_with(&from) {
            frame[at..at + to.len()].copy_from_slice(&to);
        }
    }
}

fn change(frame: &mut Vec<u8>, lie: &Lie) {
    match lie {
        Lie::Truth => {}
        Lie::Flips(seed) => {
            let mut random = Random::new(*seed);
            for _ in 0..=random.below(4) {
                let at = 8 + random.below(frame.len().saturating_sub(8) as u64) as usize;
                if let Some(byte) = frame.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
        Lie::Size(size) => frame[..4].copy_from_slice(&size.to_be_bytes()),
        Lie::OtherId => frame[4..8].copy_from_slice(&i32::MIN.to_be_bytes()),
        Lie::Cut | Lie::Half => frame.truncate(frame.len() / 2),
        Lie::Silence => frame.clear(),
        Lie::Records(records) => *frame = serve(frame, records).unwrap_or_default(),
        Lie::Code { behind, code } => say(frame, behind.as_bytes(), *code),
        Lie::Noise(seed) => {
            let noise = Random::new(*seed).bytes(frame.len() - 4);
            frame[4..].copy_from_slice(&noise);
        }
    }
}

/// The same Fetch reply with other records.
fn serve(frame: &[u8], records: &Bytes) -> Result<Vec<u8>> {
    let mut body = Bytes::copy_from_slice(frame.get(4..).context("no reply")?);
    let header = ResponseHeader::decode(&mut body, 1)?;
    let mut reply = FetchResponse::decode(&mut body, FETCH_VERSION)?;
    let mut parts = reply.responses.iter_mut().flat_map(|t| &mut t.partitions);
    let part = parts.next().context("a reply without partitions")?;
    part.high_watermark = 1_000;
    part.last_stable_offset = 1_000;
    part.records = Some(records.clone());
    let mut told = BytesMut::new();
    header.encode(&mut told, 1)?;
    reply.encode(&mut told, FETCH_VERSION)?;
    Ok([&u32::try_from(told.len())?.to_be_bytes()[..], &told].concat())
}

/// Puts a code behind the topic's name, the count of its partitions (a byte) and the first one's
/// index, where Produce and Fetch have it.
fn say(frame: &mut [u8], topic: &[u8], code: i16) {
    let named = frame.windows(topic.len()).position(|w| w == topic);
    let at = named.map_or(frame.len(), |at| at + topic.len() + 1 + 4);
    if let Some(place) = frame.get_mut(at..at + 2) {
        place.copy_from_slice(&code.to_be_bytes());
    }
}

//! A broker that lies: real Kafka behind a relay that changes what it answers.
//!
//! Owns: leading the gateway back to the relay (Metadata names the relay's port), and the lies.
//! Stays true: until told to lie it changes nothing but that port.

use crate::broker::ADVERTISED_HOST;
use crate::random::Random;
use anyhow::{Context, Result};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// What is done to every reply.
#[derive(Clone, Copy, Debug)]
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
}

/// The relay.
#[derive(Debug)]
pub struct Liar {
    /// Where the gateway finds its broker.
    pub address: String,
    lie: Arc<Mutex<Lie>>,
}

impl Liar {
    /// In front of the broker at `upstream`. Its threads end with the run.
    pub fn before(upstream: &str) -> Result<Liar> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?;
        let theirs = upstream.rsplit_once(':').context("no port")?.1.parse()?;
        let lie = Arc::new(Mutex::new(Lie::Truth));
        let (upstream, told) = (upstream.to_owned(), Arc::clone(&lie));
        std::thread::spawn(move || {
            for gateway in listener.incoming().flatten() {
                if let Ok(broker) = TcpStream::connect(&upstream) {
                    let _ = relay(gateway, broker, [theirs, own.port()], Arc::clone(&told));
                }
            }
        });
        let address = own.to_string();
        Ok(Liar { address, lie })
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
) -> io::Result<()> {
    gateway.set_nodelay(true)?;
    broker.set_nodelay(true)?;
    let (mut asks, mut asked) = (gateway.try_clone()?, broker.try_clone()?);
    std::thread::spawn(move || {
        let _ = io::copy(&mut asks, &mut asked);
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
        let lie = *lie.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut frame, lie);
        gateway.write_all(&frame)?;
        if matches!(lie, Lie::Cut) {
            return Ok(());
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

fn change(frame: &mut Vec<u8>, lie: Lie) {
    match lie {
        Lie::Truth => {}
        Lie::Flips(seed) => {
            let mut random = Random::new(seed);
            for _ in 0..=random.below(4) {
                let at = 8 + random.below(frame.len().saturating_sub(8) as u64) as usize;
                if let Some(byte) = frame.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
        }
        Lie::Size(size) => frame[..4].copy_from_slice(&size.to_be_bytes()),
        Lie::OtherId => frame[4..8].copy_from_slice(&i32::MIN.to_be_bytes()),
        Lie::Cut => frame.truncate(frame.len() / 2),
        Lie::Noise(seed) => {
            let noise = Random::new(seed).bytes(frame.len() - 4);
            frame[4..].copy_from_slice(&noise);
        }
    }
}

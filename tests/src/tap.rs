//! A wire-tap between clients and gateways: keeps every byte that clients sent and received.
//!
//! Told to advertise another loopback address, a gateway leads its clients to that address on its
//! own port numbers; a tap listens there for each of them. Stays true: connections are kept apart,
//! so that an address which one of them carries is never cut by bytes of another.

use crate::gateway::Gateway;
use crate::kraft::Address;
use crate::target::Target;
use anyhow::{Result, ensure};
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// Where taps listen, and what a gateway that is tapped must advertise.
pub const TAPPED: &str = "127.0.0.2";

/// What one connection carried in one direction.
type Stream = Arc<Mutex<Vec<u8>>>;

#[derive(Clone, Debug, Default)]
struct Connection {
    sent: Stream,
    heard: Stream,
}

/// A listening tap.
#[derive(Debug)]
pub struct Tap {
    /// Where clients connect.
    pub address: String,
    connections: Arc<Mutex<Vec<Connection>>>,
}

impl Tap {
    /// A tap on the way to `upstream`, at an address of its own.
    pub fn before(upstream: &str) -> Result<Tap> {
        Tap::at("127.0.0.1:0", upstream)
    }

    /// A tap at this address on the way to `upstream`. Its threads end with the run.
    pub fn at(address: &str, upstream: &str) -> Result<Tap> {
        let listener = TcpListener::bind(address)?;
        let address = listener.local_addr()?.to_string();
        let connections: Arc<Mutex<Vec<Connection>>> = Arc::default();
        let (upstream, kept) = (upstream.to_owned(), connections.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&upstream) {
                    let one = Connection::default();
                    kept.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push(one.clone());
                    relay(client, server, &one);
                }
            }
        });
        Ok(Tap {
            address,
            connections,
        })
    }

    /// What clients received so far, connection by connection.
    pub fn captured(&self) -> Vec<Vec<u8>> {
        let both = self.conversations().into_iter();
        both.map(|(_, heard)| heard).collect()
    }

    /// What clients sent and what they received so far, connection by connection.
    pub fn conversations(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        let all = self.connections.lock();
        let all = all.unwrap_or_else(PoisonError::into_inner);
        let bytes = |s: &Stream| s.lock().unwrap_or_else(PoisonError::into_inner).clone();
        all.iter()
            .map(|one| (bytes(&one.sent), bytes(&one.heard)))
            .collect()
    }

    /// All that clients received so far, one connection after another.
    pub fn heard(&self) -> Vec<u8> {
        self.captured().concat()
    }
}

/// Taps on every port that a gateway tells its clients; it must advertise [`TAPPED`].
#[derive(Debug)]
pub struct Taps {
    taps: Vec<Tap>,
}

impl Taps {
    /// On all ports of this gateway.
    pub fn before(gateway: &Gateway) -> Result<Taps> {
        let taps = gateway
            .ports
            .for_clients()
            .into_iter()
            .map(|port| Tap::at(&format!("{TAPPED}:{port}"), &format!("127.0.0.1:{port}")));
        Ok(Taps {
            taps: taps.collect::<Result<_>>()?,
        })
    }

    /// The same login, through the taps.
    pub fn target(&self, gateway: &Gateway, target: &Target) -> Target {
        target.at(&format!("{TAPPED}:{}", gateway.ports.listener))
    }

    /// What clients received so far, connection by connection.
    pub fn captured(&self) -> Vec<Vec<u8>> {
        self.taps.iter().flat_map(Tap::captured).collect()
    }
}

fn relay(client: TcpStream, server: TcpStream, connection: &Connection) {
    let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else {
        return;
    };
    let (Ok(to_server), Ok(from_server)) = (server.try_clone(), server.try_clone()) else {
        return;
    };
    let Connection { sent, heard } = connection.clone();
    std::thread::spawn(move || pump(from_client, to_server, &sent));
    std::thread::spawn(move || pump(from_server, to_client, &heard));
}

fn pump(mut from: TcpStream, mut to: TcpStream, keep: &Stream) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        keep.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .extend_from_slice(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// The real addresses found in what clients received, each with how it was written: the host with
/// its port behind it as a number of 32 bits (Metadata and the like), of 16 bits (the quorum's
/// listeners) or as text (`host:port`, in configurations and messages), or the port alone behind
/// any host's colon.
pub fn leaks(captured: &[Vec<u8>], real: &[Address]) -> Vec<String> {
    let mut found = BTreeSet::new();
    for bytes in captured {
        for host in real.iter().map(|a| &a.host).collect::<BTreeSet<_>>() {
            let ports: Vec<u16> = real
                .iter()
                .filter(|a| a.host == *host)
                .map(|a| a.port)
                .collect();
            for rest in behind(bytes, host.as_bytes()) {
                found.extend(written(host, rest, &ports));
            }
        }
        for rest in behind(bytes, b":") {
            let port = decimal(rest).filter(|port| real.iter().any(|a| a.port == *port));
            found.extend(port.map(|port| format!(":{port} as text")));
        }
    }
    found.into_iter().collect()
}

/// That no client was told a real address, and that the taps heard addresses at all: the one the
/// gateway gives itself.
pub fn no_leak(captured: &[Vec<u8>], real: &[Address]) -> Result<()> {
    let found = leaks(captured, real);
    ensure!(found.is_empty(), "clients were told of {found:?}");
    let told = captured.iter().flat_map(|b| behind(b, TAPPED.as_bytes()));
    ensure!(told.count() > 0, "the taps heard no address at all");
    Ok(())
}

/// What follows each place where `needle` stands.
fn behind<'a>(bytes: &'a [u8], needle: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        let first = needle.first()?;
        loop {
            let at = rest.iter().position(|byte| byte == first)?;
            rest = &rest[at..];
            match rest.strip_prefix(needle) {
                Some(after) => {
                    rest = &rest[1..];
                    return Some(after);
                }
                None => rest = &rest[1..],
            }
        }
    })
}

/// The ports that follow a host, in the forms the protocol has.
fn written(host: &str, rest: &[u8], ports: &[u16]) -> Vec<String> {
    let starts = |port: &u16| {
        let wide = u32::from(*port).to_be_bytes();
        let text = format!(":{port}");
        let form = if rest.starts_with(&wide) {
            "32 bits"
        } else if rest.starts_with(&port.to_be_bytes()) {
            "16 bits"
        } else if rest.starts_with(text.as_bytes()) {
            "text"
        } else {
            return None;
        };
        Some(format!("{host} {port} as {form}"))
    };
    ports.iter().filter_map(starts).collect()
}

/// The decimal number at the start, if it can be a port.
fn decimal(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.iter().take(6).take_while(|b| b.is_ascii_digit());
    let text: String = digits.map(|b| char::from(*b)).collect();
    text.parse().ok()
}

/// Places in `bytes` where `host` stands in front of a port (a 32-bit number, as in every address
/// of the protocol) that is none of `allowed`.
pub fn strange_addresses(bytes: &[u8], host: &str, allowed: &[i32]) -> Vec<i32> {
    let host = host.as_bytes();
    let at = bytes
        .windows(host.len())
        .enumerate()
        .filter(|(_, window)| *window == host)
        .map(|(at, _)| at + host.len());
    let ports = at.filter_map(|at| {
        bytes
            .get(at..at + 4)?
            .try_into()
            .ok()
            .map(i32::from_be_bytes)
    });
    ports.filter(|port| !allowed.contains(port)).collect()
}

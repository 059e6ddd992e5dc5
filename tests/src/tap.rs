//! A wire-tap between clients and gateways: keeps every byte that clients received.
//!
//! Told to advertise another loopback address, a gateway leads its clients to that address on its
//! own port numbers; a tap listens there for each of them.

use anyhow::Result;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

/// A listening tap.
#[derive(Debug)]
pub struct Tap {
    /// Where clients connect.
    pub address: String,
    heard: Arc<Mutex<Vec<u8>>>,
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
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (upstream, kept) = (upstream.to_owned(), heard.clone());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if let Ok(server) = TcpStream::connect(&upstream) {
                    relay(client, server, kept.clone());
                }
            }
        });
        Ok(Tap { address, heard })
    }

    /// All that clients received so far, connections one after another as the bytes came.
    pub fn heard(&self) -> Vec<u8> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

fn relay(client: TcpStream, server: TcpStream, heard: Arc<Mutex<Vec<u8>>>) {
    let (Ok(from_client), Ok(to_client)) = (client.try_clone(), client.try_clone()) else {
        return;
    };
    let (Ok(to_server), Ok(from_server)) = (server.try_clone(), server.try_clone()) else {
        return;
    };
    std::thread::spawn(move || pump(from_client, to_server, |_| {}));
    std::thread::spawn(move || {
        pump(from_server, to_client, |bytes| {
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend_from_slice(bytes);
        });
    });
}

fn pump(mut from: TcpStream, mut to: TcpStream, keep: impl Fn(&[u8])) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        keep(&buffer[..count]);
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
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

//! A broker that says another leads: real Kafka behind a relay that answers Produce and
//! Fetch with NOT_LEADER_OR_FOLLOWER, the leader and where it is (KIP-951).
//!
//! Owns: the hint, and leading the gateway back to the relay (Metadata names the relay's port). Stays
//! true: until told to hint it changes nothing but that port.

use crate::broker::{ADVERTISED_HOST, NODE_ID};
use crate::liar::lead_back;
use anyhow::{Context, Result};
use bytes::{Bytes, BytesMut};
use kafka_protocol::messages::fetch_response::{
    LeaderIdAndEpoch as FetchLeader, NodeEndpoint as FetchEndpoint,
};
use kafka_protocol::messages::produce_response::{
    LeaderIdAndEpoch as ProduceLeader, NodeEndpoint as ProduceEndpoint,
};
use kafka_protocol::messages::{FetchResponse, ProduceResponse, ResponseHeader};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// The code that comes with a hint.
const NOT_LEADER_OR_FOLLOWER: i16 = 6;
/// A broker that the gateway does not know.
pub const STRANGER: i32 = 77;
/// The epoch of the leader that is hinted at.
pub const EPOCH: i32 = 40;

/// The relay.
#[derive(Debug)]
pub struct Hinter {
    /// Where the gateway finds its broker.
    pub address: String,
    hints: Arc<AtomicBool>,
}

/// Key and version of requests that were not answered yet.
type Asked = Arc<Mutex<VecDeque<(i16, i16)>>>;

impl Hinter {
    /// In front of the broker at `upstream`. Its threads end with the run.
    pub fn before(upstream: &str) -> Result<Hinter> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let own = listener.local_addr()?;
        let theirs = upstream.rsplit_once(':').context("no port")?.1.parse()?;
        let hints = Arc::new(AtomicBool::new(false));
        let (upstream, told) = (upstream.to_owned(), Arc::clone(&hints));
        std::thread::spawn(move || {
            for gateway in listener.incoming().flatten() {
                if let Ok(broker) = TcpStream::connect(&upstream) {
                    let _ = relay(gateway, broker, [theirs, own.port()], Arc::clone(&told));
                }
            }
        });
        let address = own.to_string();
        Ok(Hinter { address, hints })
    }

    /// Whether replies are hints from now on.
    pub fn hint(&self, whether: bool) {
        self.hints.store(whether, Ordering::SeqCst);
    }
}

fn relay(
    gateway: TcpStream,
    broker: TcpStream,
    ports: [u16; 2],
    hints: Arc<AtomicBool>,
) -> io::Result<()> {
    let asked = Asked::default();
    let (asks, to_broker, seen) = (gateway.try_clone()?, broker.try_clone()?, asked.clone());
    std::thread::spawn(move || {
        let _ = pass_requests(&asks, &to_broker, &seen);
        let _ = to_broker.shutdown(Shutdown::Both);
    });
    std::thread::spawn(move || {
        let _ = pass_replies(&broker, &gateway, ports, &asked, &hints);
        let _ = gateway.shutdown(Shutdown::Both);
    });
    Ok(())
}

fn frame(mut from: &TcpStream) -> io::Result<Vec<u8>> {
    let mut frame = vec![0; 4];
    from.read_exact(&mut frame)?;
    let size = u32::from_be_bytes([frame[0], frame[1], frame[2], frame[3]]) as usize;
    frame.resize(4 + size, 0);
    from.read_exact(&mut frame[4..])?;
    Ok(frame)
}

fn pass_requests(from: &TcpStream, mut to: &TcpStream, asked: &Asked) -> io::Result<()> {
    loop {
        let frame = frame(from)?;
        let field = |at: usize| i16::from_be_bytes([frame[at], frame[at + 1]]);
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.push_back((field(4), field(6)));
        drop(asked);
        to.write_all(&frame)?;
    }
}

fn pass_replies(
    from: &TcpStream,
    mut to: &TcpStream,
    ports: [u16; 2],
    asked: &Asked,
    hints: &AtomicBool,
) -> io::Result<()> {
    loop {
        let mut frame = frame(from)?;
        let mut asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
        let (key, version) = asked.pop_front().unwrap_or_default();
        drop(asked);
        lead_back(&mut frame, ports);
        if hints.load(Ordering::SeqCst) {
            let hint = hinted(key, version, &frame, ports[0]).map_err(io::Error::other)?;
            frame = hint.unwrap_or(frame);
        }
        to.write_all(&frame)?;
    }
}

/// The reply with hints in it; `None` for APIs that have none.
fn hinted(key: i16, version: i16, frame: &[u8], port: u16) -> Result<Option<Vec<u8>>> {
    let mut rest = Bytes::copy_from_slice(&frame[4..]);
    let mut out = BytesMut::from(&[0; 4][..]);
    let newer: BTreeMap<i32, Bytes> =
        [(900, Bytes::from(format!("{ADVERTISED_HOST}:{port}")))].into();
    let host = || StrBytes::from_static_str(ADVERTISED_HOST);
    match (key, version) {
        (0, 10..) => {
            let header = ResponseHeader::decode(&mut rest, 1)?;
            let mut reply = ProduceResponse::decode(&mut rest, version)?;
            for part in reply
                .responses
                .iter_mut()
                .flat_map(|t| &mut t.partition_responses)
            {
                part.error_code = NOT_LEADER_OR_FOLLOWER;
                part.current_leader = ProduceLeader::default()
                    .with_leader_id(NODE_ID.into())
                    .with_leader_epoch(EPOCH);
            }
            reply.node_endpoints = [NODE_ID, STRANGER]
                .map(|id| {
                    let named = ProduceEndpoint::default().with_node_id(id.into());
                    named.with_host(host()).with_port(port.into())
                })
                .to_vec();
            reply.unknown_tagged_fields = newer;
            header.encode(&mut out, 1)?;
            reply.encode(&mut out, version)?;
        }
        (1, 16..) => {
            let header = ResponseHeader::decode(&mut rest, 1)?;
            let mut reply = FetchResponse::decode(&mut rest, version)?;
            for part in reply.responses.iter_mut().flat_map(|t| &mut t.partitions) {
                part.error_code = NOT_LEADER_OR_FOLLOWER;
                part.current_leader = FetchLeader::default()
                    .with_leader_id(NODE_ID.into())
                    .with_leader_epoch(EPOCH);
            }
            reply.node_endpoints = [NODE_ID, STRANGER]
                .map(|id| {
                    let named = FetchEndpoint::default().with_node_id(id.into());
                    named.with_host(host()).with_port(port.into())
                })
                .to_vec();
            reply.unknown_tagged_fields = newer;
            header.encode(&mut out, 1)?;
            reply.encode(&mut out, version)?;
        }
        _ => return Ok(None),
    }
    let size = u32::try_from(out.len() - 4)?;
    out[..4].copy_from_slice(&size.to_be_bytes());
    Ok(Some(out.to_vec()))
}

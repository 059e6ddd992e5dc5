//! The client's side of the protocol: finding leaders, one question to ask again and again, and what
//! its answer must look like.
//!
//! Owns: the versions used (those every broker from 2.8 to 4 and the gateway have in common).
//! Refuses: addresses that are not loopback, whoever names them; any error code in a reply. Stays
//! true: a reply that is not checked does not count.

use crate::frames::Frames;
use crate::payload::Payload;
use crate::stream::Stream;
use anyhow::{Context, bail, ensure};
use bytes::BytesMut;
use kafka_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use kafka_protocol::messages::metadata_request::MetadataRequestTopic;
use kafka_protocol::messages::{FetchRequest, MetadataRequest, MetadataResponse, TopicName};
use kafka_protocol::protocol::{Decodable, Encodable, StrBytes};
use lockgate::kafka::api::{API_VERSIONS, FETCH, METADATA, PRODUCE};
use lockgate::kafka::fetch::Fetched;
use lockgate::kafka::frame::{request_begin, response_body, response_correlation_id};
use lockgate::kafka::topic::Topic;
use lockgate::kafka::writer::Writer;
use lockgate::kafka::{api_versions, batch, fetch, frame, produce};
use rustls::ClientConfig;
use std::io::Write as _;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CLIENT_ID: &str = "lockgate-loadtest";
/// A reply that takes longer is a failed request.
pub const REPLY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a topic may take to get leaders: it is created by asking for it.
const LEADERS_TIMEOUT: Duration = Duration::from_secs(20);
const VERSIONS: [(i16, i16); 4] = [(PRODUCE, 9), (FETCH, 12), (METADATA, 9), (API_VERSIONS, 3)];

fn version_of(key: i16) -> i16 {
    let found = VERSIONS.iter().find(|(known, _)| *known == key);
    found.map_or(0, |(_, version)| *version)
}

/// Where a broker or gateway is: all on loopback.
#[derive(Clone, Debug)]
pub struct Address {
    /// What the name resolved to.
    pub sockets: Vec<SocketAddr>,
    /// How it is reached through TLS, if it is.
    pub tls: Option<Arc<ClientConfig>>,
}

/// Resolves `host:port`.
///
/// # Errors
/// It does not resolve, or not to loopback only: this program is no weapon.
pub fn loopback(address: &str) -> anyhow::Result<Address> {
    let found = address.to_socket_addrs();
    let found: Vec<SocketAddr> = found
        .with_context(|| format!("{address} does not resolve"))?
        .collect();
    ensure!(!found.is_empty(), "{address} does not resolve");
    for one in &found {
        ensure!(
            one.ip().is_loopback(),
            "{address} is not on loopback; the load test drives nothing else"
        );
    }
    Ok(Address {
        sockets: found,
        tls: None,
    })
}

/// A connection with its handshake done.
pub struct Link {
    /// For sending.
    pub stream: Stream,
    /// For replies, over the same socket.
    pub frames: Frames<Stream>,
    tls: Option<Arc<ClientConfig>>,
}

impl Link {
    /// Connects and checks what the other side speaks.
    ///
    /// # Errors
    /// No connection, or a version that is missing.
    pub fn open(address: &Address) -> anyhow::Result<Link> {
        let stream = TcpStream::connect(&address.sockets[..]).context("no connection")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(REPLY_TIMEOUT))?;
        stream.set_write_timeout(Some(REPLY_TIMEOUT))?;
        let mut link = Link::over(Stream::over(stream, address.tls.as_ref())?);
        link.tls.clone_from(&address.tls);
        let version = version_of(API_VERSIONS);
        let reply = link.ask(&api_versions::request(version, 0, CLIENT_ID))?;
        let offered = api_versions::parse_response(version, reply)?;
        ensure!(offered.error == 0, "ApiVersions: error {}", offered.error);
        for (key, version) in VERSIONS {
            let speaks = |api: &api_versions::ApiRange| {
                api.key == key && (api.min..=api.max).contains(&version)
            };
            ensure!(
                offered.apis.iter().any(speaks),
                "API {key} is not offered in version {version}"
            );
        }
        Ok(link)
    }

    /// Over a connection whose handshake was done before.
    pub fn over(stream: Stream) -> Link {
        Link {
            frames: Frames::new(stream.clone()),
            stream,
            tls: None,
        }
    }

    /// Sends a request and waits for its reply.
    ///
    /// # Errors
    /// As of the stream.
    pub fn ask(&mut self, request: &[u8]) -> anyhow::Result<&[u8]> {
        self.stream.write_all(request)?;
        self.frames.next()
    }

    /// Asks for the leader of each partition; `None` while one is missing.
    ///
    /// # Errors
    /// As of the stream, or a leader that is not on loopback.
    pub fn leaders(&mut self, topic: &str) -> anyhow::Result<Option<Vec<Address>>> {
        let version = version_of(METADATA);
        let name = MetadataRequestTopic::default().with_name(Some(topic_name(topic)));
        let body = MetadataRequest::default()
            .with_topics(Some(vec![name]))
            .with_allow_auto_topic_creation(true);
        let request = encode(METADATA, &body)?;
        let reply = self.ask(&request)?;
        let mut body = &reply[response_body(reply, METADATA, version)?..];
        let reply = MetadataResponse::decode(&mut body, version)?;
        let Some(found) = reply.topics.first().filter(|t| t.error_code == 0) else {
            return Ok(None);
        };
        let mut partitions: Vec<_> = found.partitions.iter().collect();
        partitions.sort_by_key(|partition| partition.partition_index);
        let mut leaders = Vec::new();
        for partition in partitions {
            let leader = reply
                .brokers
                .iter()
                .find(|b| b.node_id == partition.leader_id);
            let Some(leader) = leader.filter(|_| partition.error_code == 0) else {
                return Ok(None);
            };
            let address = loopback(&format!("{}:{}", &*leader.host, leader.port))?;
            let tls = self.tls.clone();
            leaders.push(Address { tls, ..address });
        }
        Ok((!leaders.is_empty()).then_some(leaders))
    }
}

/// Waits until the address answers and every partition of the topic has a leader.
///
/// # Errors
/// It takes too long; says what was the last hindrance. `alive` fails when waiting is in vain.
pub fn wait_for_leaders(
    address: &Address,
    topic: &str,
    mut alive: impl FnMut() -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Address>> {
    let give_up = Instant::now() + LEADERS_TIMEOUT;
    loop {
        let found = Link::open(address).and_then(|mut link| link.leaders(topic));
        match found {
            Ok(Some(leaders)) => return Ok(leaders),
            _ if Instant::now() < give_up => {}
            Ok(None) => bail!("topic {topic} has no leaders; create it, or allow its creation"),
            Err(fault) => return Err(fault.context(format!("{address:?} does not serve"))),
        }
        alive()?;
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Op {
    /// Records towards the broker.
    Produce,
    /// Records from the broker.
    Fetch,
}

/// One request, ready to be sent any number of times under new correlation ids.
#[derive(Clone, Debug)]
pub struct Question {
    op: Op,
    request: Vec<u8>,
    /// Bytes of record values that it moves.
    pub value_bytes: u64,
    /// Bytes of the record set a Fetch must bring, when no mask may change them.
    expected: Option<usize>,
}

impl Question {
    /// The request for one partition. `acks` is 1 or -1.
    ///
    /// # Errors
    /// A payload that cannot be encoded.
    pub fn new(
        op: Op,
        payload: &Payload,
        topic: &str,
        partition: i32,
        acks: i16,
    ) -> anyhow::Result<Question> {
        let records = payload.batch(partition as u64)?;
        let request = match op {
            Op::Produce => produce::single(&produce::Single {
                version: version_of(PRODUCE),
                correlation_id: 0,
                client_id: Some(CLIENT_ID),
                transactional_id: None,
                acks,
                timeout_ms: REPLY_TIMEOUT.as_millis() as i32,
                topic: Topic::Name(topic),
                partition,
                records: &records,
            }),
            Op::Fetch => fetch_request(topic, partition, records.len() as i32)?,
        };
        let expected = (payload.hit_rate == 0.0).then_some(records.len());
        let value_bytes = payload.value_bytes();
        Ok(Question {
            op,
            request,
            value_bytes,
            expected,
        })
    }

    /// The frame under this correlation id.
    pub fn numbered(&mut self, id: i32) -> &[u8] {
        frame::set_request_correlation_id(&mut self.request, id);
        &self.request
    }

    /// Checks the answer to what was sent under `id`; `whole` looks at its checksums too.
    ///
    /// # Errors
    /// Why the request counts as failed.
    pub fn check(
        &self,
        reply: &[u8],
        id: i32,
        whole: bool,
        scratch: &mut Fetched,
    ) -> anyhow::Result<()> {
        let found = response_correlation_id(reply)?;
        ensure!(found == id, "reply {found} came where {id} was due");
        match self.op {
            Op::Produce => {
                let mut errors = [0_i16; 2]; // acknowledgements, last error
                produce::for_each_ack(reply, version_of(PRODUCE), &mut |_, _, error, _| {
                    errors[0] += 1;
                    errors[1] = error;
                })?;
                ensure!(errors[0] == 1, "{} acknowledgements for one", errors[0]);
                ensure!(errors[1] == 0, "produce refused with error {}", errors[1]);
            }
            Op::Fetch => {
                fetch::parse_response(reply, version_of(FETCH), scratch)?;
                self.check_fetched(reply, whole, scratch)?;
            }
        }
        Ok(())
    }

    fn check_fetched(&self, reply: &[u8], whole: bool, fetched: &Fetched) -> anyhow::Result<()> {
        let [chunk] = &fetched.chunks[..] else {
            bail!("a fetch of one partition brought {}", fetched.chunks.len());
        };
        let error = if fetched.error != 0 {
            fetched.error
        } else {
            chunk.error
        };
        ensure!(error == 0, "fetch refused with error {error}");
        let records = &reply[chunk.records.clone()];
        ensure!(!records.is_empty(), "a fetch brought no record");
        if let Some(expected) = self.expected {
            ensure!(
                records.len() == expected,
                "a fetch brought {} bytes of records, not {expected}: the topic holds other records, use a new one",
                records.len()
            );
        }
        if whole {
            for found in batch::batches(records) {
                let found = found?;
                ensure!(
                    batch::check_crc(&records[found.span]),
                    "a fetched batch has a wrong CRC"
                );
            }
        }
        Ok(())
    }
}

/// Asks for what lies at offset 0, no more than one batch, without a fetch session.
fn fetch_request(topic: &str, partition: i32, max_bytes: i32) -> anyhow::Result<Vec<u8>> {
    let partition = FetchPartition::default()
        .with_partition(partition)
        .with_partition_max_bytes(max_bytes);
    let topic = FetchTopic::default()
        .with_topic(topic_name(topic))
        .with_partitions(vec![partition]);
    let body = FetchRequest::default()
        .with_replica_id((-1).into())
        .with_max_wait_ms(500)
        .with_min_bytes(1)
        .with_max_bytes(max_bytes)
        .with_session_epoch(-1)
        .with_topics(vec![topic]);
    encode(FETCH, &body)
}

fn topic_name(topic: &str) -> TopicName {
    TopicName(StrBytes::from_string(topic.to_owned()))
}

fn encode(key: i16, body: &impl Encodable) -> anyhow::Result<Vec<u8>> {
    let version = version_of(key);
    let mut encoded = BytesMut::new();
    body.encode(&mut encoded, version)?;
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    let start = request_begin(&mut writer, (key, version), 0, CLIENT_ID);
    writer.raw(&encoded);
    writer.frame_end(start);
    Ok(out)
}

//! A broker that does not lead says who does and where (KIP-951): the client hears it with the
//! gateway's own addresses, or hears an id that says nothing.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::{FetchResponse, ProduceResponse, ResponseHeader};
use kafka_protocol::protocol::Decodable;
use lockgate_tests::batch::Batch;
use lockgate_tests::broker::{ADVERTISED_HOST, Broker, NODE_ID};
use lockgate_tests::by_id::{self, Id};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::hinter::{EPOCH, Hinter};
use lockgate_tests::oidc::Oidc;
use lockgate_tests::requests::{Part, Send, code};
use lockgate_tests::scene::CLEAN;
use lockgate_tests::settings::Settings;
use lockgate_tests::target::Target;
use lockgate_tests::wire::Wire;
use lockgate_tests::{audit, login, requests};

const HOST: &str = "127.0.0.1";

/// A gateway behind which everybody says that broker 1 leads, and topics there.
struct Hinted {
    broker: &'static Broker,
    hinter: Hinter,
    gateway: Gateway,
    target: Target,
}

impl Hinted {
    fn start() -> anyhow::Result<Hinted> {
        let (broker, oidc) = (Broker::shared()?, Oidc::shared()?);
        let hinter = Hinter::before(&broker.plain())?;
        let gateway = Gateway::start(&Settings::before(&hinter.address, &oidc.issuer))?;
        let token = oidc.token("svc-orders", &["producers"])?;
        let target = Target::plain(&gateway.bootstrap(), &token);
        Ok(Hinted {
            broker,
            hinter,
            gateway,
            target,
        })
    }

    /// Where clients are told that the broker is.
    fn told(&self) -> anyhow::Result<(i32, i32)> {
        let told = requests::metadata(&mut login::connect(&self.target)?, &[])?;
        let broker = told.brokers.first().context("Metadata names no broker")?;
        ensure!(&*broker.host == HOST, "Metadata says {broker:?}");
        Ok((broker.node_id.0, broker.port))
    }

    fn end(&self) -> Outcome {
        self.gateway.stop()?;
        audit::must_verify(&self.gateway.audit_dir())
    }
}

/// The body of the next reply, in which no address of a broker is.
fn reply(wire: &mut Wire) -> anyhow::Result<bytes::Bytes> {
    let mut frame = wire.receive_frame()?;
    let leaks = frame
        .windows(ADVERTISED_HOST.len())
        .any(|window| window == ADVERTISED_HOST.as_bytes());
    ensure!(!leaks, "the broker's host is in {frame:?}");
    let header = ResponseHeader::decode(&mut frame, 1)?;
    ensure!(header.unknown_tagged_fields.is_empty(), "{header:?}");
    Ok(frame)
}

#[test]
fn of_a_produce_name_the_gateway() -> Outcome {
    let hinted = Hinted::start()?;
    let topic = hinted.broker.topic("plain", 1)?;
    let mut wire = login::connect(&hinted.target)?;
    let (id, told) = (Id::of(&mut wire, &topic)?, hinted.told()?);
    hinted.hinter.hint(true);
    let send = Send::one(&topic, 0, Batch::values(&[CLEAN]).encode()?);
    for version in 10..=13 {
        let request = match version {
            13 => by_id::produce_request(&send, &[id])?,
            _ => send.request(),
        };
        let _read_below = wire.send(&request, version)?;
        let said = ProduceResponse::decode(&mut reply(&mut wire)?, version)?;
        let part = &said.responses[0].partition_responses[0];
        ensure!(part.error_code == code::NOT_LEADER_OR_FOLLOWER, "{part:?}");
        let leader = &part.current_leader;
        ensure!((leader.leader_id.0, leader.leader_epoch) == (NODE_ID, EPOCH));
        let named: Vec<_> = said
            .node_endpoints
            .iter()
            .map(|e| (e.node_id.0, &*e.host, e.port))
            .collect();
        ensure!(named == [(told.0, HOST, told.1)], "v{version}: {named:?}");
        ensure!(said.unknown_tagged_fields.is_empty(), "{said:?}");
    }
    hinted.end()
}

/// The clean part's reply is merged with the gateway's own.
#[test]
fn of_a_parted_produce_name_the_gateway_and_its_own_refusals_have_none() -> Outcome {
    let hinted = Hinted::start()?;
    let open = hinted.broker.topic("plain", 1)?;
    let held = hinted.broker.topic("hold", 1)?;
    let mut wire = login::connect(&hinted.target)?;
    let ids = [Id::of(&mut wire, &open)?, Id::of(&mut wire, &held)?];
    let told = hinted.told()?;
    hinted.hinter.hint(true);
    let card = Batch::values(&[lockgate_tests::scene::CARD]).encode()?;
    let parts = vec![
        Part::new(&open, 0, Batch::values(&[CLEAN]).encode()?),
        Part::new(&held, 0, card),
    ];
    let _read_below = by_id::produce_later(&mut wire, &Send::all(parts), &ids)?;
    let said = ProduceResponse::decode(&mut reply(&mut wire)?, by_id::PRODUCE)?;
    let leaders: Vec<_> = said
        .responses
        .iter()
        .flat_map(|topic| &topic.partition_responses)
        .map(|part| (part.error_code, part.current_leader.leader_id.0))
        .collect();
    let (hinted_at, none) = (NODE_ID, -1);
    let retry = code::NOT_LEADER_OR_FOLLOWER;
    ensure!(
        leaders == [(retry, hinted_at), (retry, none)],
        "the leaders are {leaders:?}"
    );
    let named: Vec<_> = said
        .node_endpoints
        .iter()
        .map(|e| (e.node_id.0, &*e.host, e.port))
        .collect();
    ensure!(named == [(told.0, HOST, told.1)], "{named:?}");
    hinted.end()
}

#[test]
fn of_a_fetch_name_the_gateway() -> Outcome {
    let hinted = Hinted::start()?;
    let topic = hinted.broker.topic("plain", 1)?;
    let mut wire = login::connect(&hinted.target)?;
    let (id, told) = (Id::of(&mut wire, &topic)?, hinted.told()?);
    hinted.hinter.hint(true);
    for version in 16..=18 {
        let _read_below = wire.send(&by_id::fetch_request(id, 0, 0)?, version)?;
        let said = FetchResponse::decode(&mut reply(&mut wire)?, version)?;
        let part = by_id::only(&said, id)?;
        ensure!(part.error_code == code::NOT_LEADER_OR_FOLLOWER, "{part:?}");
        let leader = &part.current_leader;
        ensure!((leader.leader_id.0, leader.leader_epoch) == (NODE_ID, EPOCH));
        let named: Vec<_> = said
            .node_endpoints
            .iter()
            .map(|e| (e.node_id.0, &*e.host, e.port))
            .collect();
        ensure!(named == [(told.0, HOST, told.1)], "v{version}: {named:?}");
        ensure!(said.unknown_tagged_fields.is_empty(), "{said:?}");
    }
    hinted.end()
}

//! The tests' own instruments, against Kafka without a gateway between.

use crate::Outcome;
use anyhow::{Context, ensure};
use kafka_protocol::messages::{ApiVersionsRequest, ShareFetchRequest};
use kafka_protocol::protocol::Request;
use lockgate_tests::batch::{Batch, CODECS, Record};
use lockgate_tests::broker::{ADVERTISED_HOST, Broker};
use lockgate_tests::clients::{CLIENTS, Client, Consume, Produce};
use lockgate_tests::jars::Version;
use lockgate_tests::oidc::{Oidc, forged};
use lockgate_tests::requests::{code, fetch_all, metadata, produce_one, producer_id};
use lockgate_tests::tap::{Tap, strange_addresses};
use lockgate_tests::target::Target;
use lockgate_tests::wire::Wire;
use lockgate_tests::{http, names};

/// Every stock client, every codec it has: what one puts in, Kafka's own tool takes out.
fn round_trip(client: Client) -> Outcome {
    let broker = Broker::shared()?;
    let target = Target::open(&broker.plain());
    let topic = broker.topic("direct", 1)?;
    for codec in client.codecs() {
        let produce = Produce::new(&topic, &[&format!("in {codec}")])
            .codec(codec)
            .idempotent();
        let report = client.produce(&target, &produce)?;
        ensure!(report.clean, "{client:?} with {codec}: {}", report.said);
    }
    let wanted: Vec<String> = client
        .codecs()
        .iter()
        .map(|codec| format!("in {codec}"))
        .collect();
    ensure!(
        broker.values(&topic, 0)? == wanted,
        "the log has {:?}",
        broker.values(&topic, 0)?
    );
    let (values, errors) = client.consume(&target, &Consume::new(&topic, wanted.len()))?;
    ensure!(values == wanted, "{client:?} read {values:?}: {errors}");
    Ok(())
}

#[test]
fn kafkas_console_tools_work_directly() -> Outcome {
    round_trip(Client::Console)
}

#[test]
fn the_last_kafka_3_works_directly() -> Outcome {
    let broker = Broker::shared_of(Version::V3_9)?;
    let topic = broker.topic("direct", 1)?;
    let mut wire = Wire::connect(&broker.plain())?;
    let landed = produce_one(&mut wire, &topic, 0, Batch::values(&["old"]).encode()?)?;
    ensure!(landed.code == code::NONE, "{landed:?}");
    ensure!(broker.values(&topic, 0)? == ["old"], "it did not land");
    let offered = wire.call(&ApiVersionsRequest::default(), 0)?;
    let shares = offered
        .api_keys
        .iter()
        .any(|k| k.api_key == ShareFetchRequest::KEY);
    ensure!(!shares, "3.9 has no share groups");
    Ok(())
}

#[test]
fn the_other_clients_work_directly() -> Outcome {
    CLIENTS
        .into_iter()
        .filter(|client| *client != Client::Console)
        .try_for_each(round_trip)
}

#[test]
fn a_client_that_is_not_answered_says_so() -> Outcome {
    let broker = Broker::shared()?;
    let produce = Produce::new(&names::unique("never-made"), &["lost"])
        .patience(std::time::Duration::from_secs(3));
    for client in [Client::Kcat, Client::Confluent, Client::Kafkajs] {
        let report = client.produce(&Target::open(&broker.plain()), &produce)?;
        ensure!(!report.clean, "{client:?} is content: {}", report.said);
    }
    Ok(())
}

#[test]
fn batches_of_every_codec_are_stored_as_they_were_sent_and_read_back() -> Outcome {
    let broker = Broker::shared()?;
    let topic = broker.topic("direct", 1)?;
    let mut wire = Wire::connect(&broker.plain())?;
    let (producer, epoch) = producer_id(&mut wire, None)?;
    let headers = vec![("h".into(), Some("1".into())), ("h".into(), None)];
    let record = Record {
        key: Some("k".into()),
        headers,
        ..Record::of("v".repeat(100))
    };
    for (sequence, codec) in CODECS.into_iter().enumerate() {
        let batch =
            Batch::of(vec![record.clone()])
                .codec(codec)
                .producer(producer, epoch, sequence as i32);
        let sent = batch.encode()?;
        let landed = produce_one(&mut wire, &topic, 0, sent.clone())?;
        ensure!(
            landed.code == code::NONE && landed.offset == sequence as i64,
            "{landed:?}"
        );
        let stored = broker.batches(&topic, 0)?.pop().context("nothing stored")?;
        ensure!(
            stored.kept() == &sent[16..],
            "{codec:?} was stored otherwise than sent"
        );
        ensure!(
            stored.decode()?.records == [record.clone()],
            "{codec:?} was read otherwise than sent"
        );
    }
    ensure!(
        broker.end_offset(&topic, 0)? == CODECS.len() as i64,
        "the end offset is wrong"
    );
    Ok(())
}

#[test]
fn a_batch_with_a_wrong_crc_is_refused_by_kafka_and_by_us() -> Outcome {
    let broker = Broker::shared()?;
    let topic = broker.topic("direct", 1)?;
    let mut wire = Wire::connect(&broker.plain())?;
    let mut bad = Batch::values(&["value"]).encode()?.to_vec();
    bad[20] ^= 1;
    let landed = produce_one(&mut wire, &topic, 0, bad.clone().into())?;
    ensure!(landed.code != code::NONE, "Kafka took it");
    let ours = lockgate_tests::batch::cut(bad.into())?
        .pop()
        .context("no batch")?
        .decode();
    ensure!(ours.is_err(), "our decoder took it");
    let read = fetch_all(&mut wire, &topic, 0)?;
    ensure!(
        read.is_ok_and(|batches| batches.is_empty()),
        "something was stored"
    );
    Ok(())
}

#[test]
fn the_tap_hears_the_brokers_address() -> Outcome {
    let broker = Broker::shared()?;
    let tap = Tap::before(&broker.plain())?;
    let told = metadata(&mut Wire::connect(&tap.address)?, &[])?;
    let port = told.brokers.first().context("no broker")?.port;
    ensure!(
        strange_addresses(&tap.heard(), ADVERTISED_HOST, &[]) == [port],
        "the tap missed {port}"
    );
    ensure!(
        strange_addresses(&tap.heard(), ADVERTISED_HOST, &[port]).is_empty(),
        "the tap saw ghosts"
    );
    Ok(())
}

#[test]
fn the_issuer_publishes_what_it_signs_with() -> Outcome {
    let oidc = Oidc::shared()?;
    let host = oidc.issuer.trim_start_matches("http://");
    let told = http::get(host, "/.well-known/openid-configuration", &[])?.json()?;
    ensure!(
        told["issuer"] == oidc.issuer.as_str(),
        "discovery says {told}"
    );
    let keys = told["jwks_uri"]
        .as_str()
        .context("no jwks_uri")?
        .trim_start_matches("http://");
    let path = keys.strip_prefix(host).context("the keys lie elsewhere")?;
    let keys = http::get(host, path, &[])?.json()?;
    ensure!(keys["keys"][0]["kty"] == "RSA", "the keys are {keys}");
    let token = oidc.token("alice", &["producers"])?;
    ensure!(
        token.split('.').count() == 3 && forged(&token, "mallory")? != token,
        "the token is {token}"
    );
    Ok(())
}

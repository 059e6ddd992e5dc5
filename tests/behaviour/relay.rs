//! `sasl: relay`: clients keep the logins they have. The broker decides, the gateway knows whom the
//! broker accepted, and strangers cannot use it up.

use crate::Outcome;
use anyhow::{Context, ensure};
use data_encoding::BASE64URL_NOPAD;
use kafka_protocol::messages::SaslHandshakeRequest;
use kafka_protocol::protocol::StrBytes;
use lockgate_tests::audit::{self, await_entries};
use lockgate_tests::batch::Batch;
use lockgate_tests::broker::{Broker, USERS};
use lockgate_tests::clients::{CLIENTS, Client, Consume, Produce};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::jars::Version;
use lockgate_tests::login;
use lockgate_tests::requests::{code, metadata, metadata_later, produce_one};
use lockgate_tests::scene::{SSN, SSN_DIGITS, SSN_KEPT};
use lockgate_tests::settings::Settings;
use lockgate_tests::target::{Login, Target};
use lockgate_tests::wait;
use lockgate_tests::wire::Wire;
use std::time::{Duration, Instant};

const ALICE: (&str, &str) = USERS[0];
const BOB: (&str, &str) = USERS[1];
const SCRAM: &str = "SCRAM-SHA-256";

/// What alice writes to `masked…` is masked, to `shut…` blocked.
const RULES: &str = r#"
  alice-is-masked:
    owner: team-tests
    when: {operations: [produce], topics: ["masked*"], principals: [alice]}
    if: {contains: {any: [us_ssn]}}
    then: {mask: {keep_last: 4}}
  alice-is-blocked:
    owner: team-tests
    when: {operations: [produce], topics: ["shut*"], principals: [alice]}
    if: always
    then: {block: {reason: "not for alice; SEC-14"}}
"#;

fn relaying() -> anyhow::Result<(&'static Broker, Gateway)> {
    let settings = Settings::new()?.relay()?.rules(RULES);
    Ok((Broker::shared()?, Gateway::start(&settings)?))
}

fn end(gateway: &Gateway) -> Outcome {
    let logged = gateway.logged();
    ensure!(!logged.contains("panicked"), "the gateway panicked");
    for (_, password) in USERS {
        ensure!(!logged.contains(password), "a password lies in the log");
    }
    gateway.stop()?;
    audit::must_verify(&gateway.audit_dir())
}

/// The broker that a user is told of, as clients find it.
fn wire_as(gateway: &Gateway, user: (&str, &str)) -> anyhow::Result<Wire> {
    let target = Target::user(&gateway.bootstrap(), "PLAIN", user);
    let told = metadata(&mut login::connect(&target)?, &[])?;
    let broker = told.brokers.first().context("Metadata names no broker")?;
    login::connect(&target.at(&format!("{}:{}", broker.host, broker.port)))
}

#[test]
fn stock_clients_log_in_with_the_credentials_they_have() -> Outcome {
    let (broker, gateway) = relaying()?;
    for mechanism in [SCRAM, "PLAIN"] {
        let target = Target::user(&gateway.bootstrap(), mechanism, ALICE);
        let direct = target.at(&broker.scram());
        for client in CLIENTS {
            let topic = broker.topic("plain", 1)?;
            let produce = Produce::new(&topic, &["one", "two"]);
            // Debian's kcat has librdkafka 2.0.2, which sends its nonce twice: brokers refuse that
            // since they look at it (CVE-2024-56128).
            if (client, mechanism) == (Client::Kcat, SCRAM) {
                alike_refused(client, [&direct, &target], &produce)?;
                continue;
            }
            let told = client.produce(&target, &produce)?;
            ensure!(told.clean, "{client:?} by {mechanism}: {}", told.said);
            let (values, said) = client.consume(&target, &Consume::new(&topic, 2))?;
            ensure!(
                values == ["one", "two"],
                "{client:?} by {mechanism}: {said}"
            );
        }
        await_entries(
            &gateway,
            &["session_opened", "\"alice\"", "sasl:main", mechanism],
        )?;
    }
    end(&gateway)
}

/// The client is refused, and told so in the same words, with the gateway and without.
fn alike_refused(client: Client, targets: [&Target; 2], produce: &Produce) -> Outcome {
    let [direct, through] = targets.map(|target| {
        let report = client.produce(target, produce)?;
        ensure!(!report.clean, "{client:?} is content: {}", report.said);
        complaint(client, &report.said)
    });
    let (direct, through) = (direct?, through?);
    ensure!(
        direct == through,
        "{direct:?}, through the gateway {through:?}"
    );
    Ok(())
}

/// The words of the broker about a wrong password, with the class or code that the library gives
/// them, where the client says them first.
fn complaint(client: Client, said: &str) -> anyhow::Result<String> {
    let (from, to) = match client {
        Client::Console => ("org.apache.kafka.common.errors.", '\n'),
        Client::Kafkajs => ("\"errors\":[\"", '"'),
        Client::Kcat | Client::Confluent => ("SASL authentication error: ", '('),
    };
    let at = said
        .find(from)
        .with_context(|| format!("{client:?} does not complain: {said}"))?;
    let rest = &said[at..];
    let end = rest[from.len()..]
        .find(to)
        .map_or(rest.len(), |i| i + from.len());
    Ok(rest[..end].to_owned())
}

#[test]
fn a_wrong_password_is_told_as_the_broker_tells_it() -> Outcome {
    let (broker, gateway) = relaying()?;
    let topic = broker.topic("plain", 1)?;
    for client in CLIENTS {
        let direct = Target::user(&broker.scram(), SCRAM, (ALICE.0, "wrong"));
        let through = direct.at(&gateway.bootstrap());
        let produce = Produce::new(&topic, &["x"]).patience(Duration::from_secs(6));
        alike_refused(client, [&direct, &through], &produce)?;
    }
    await_entries(
        &gateway,
        &["login_refused", "broker_refused", "alice", SCRAM],
    )?;
    ensure!(broker.end_offset(&topic, 0)? == 0, "it landed");
    end(&gateway)
}

#[test]
fn a_mechanism_that_the_broker_lacks_is_refused_with_its_own_list() -> Outcome {
    let (broker, gateway) = relaying()?;
    let ask = |address: &str| {
        let mut wire = Wire::connect(address)?;
        login::exchange(&mut wire, "GSSAPI", vec![0])?
            .err()
            .context("it was taken")
    };
    let (direct, through) = (ask(&broker.scram())?, ask(&gateway.bootstrap())?);
    ensure!(
        direct == through,
        "{direct:?}, through the gateway {through:?}"
    );
    ensure!(
        through.code == code::UNSUPPORTED_SASL_MECHANISM,
        "{through:?}"
    );
    end(&gateway)
}

#[test]
fn rules_know_whom_the_broker_accepted() -> Outcome {
    let (broker, gateway) = relaying()?;
    let (masked, shut) = (broker.topic("masked", 1)?, broker.topic("shut", 1)?);
    let batch = || Batch::values(&[SSN]).encode();
    for user in [ALICE, BOB] {
        let mut wire = wire_as(&gateway, user)?;
        let landed = produce_one(&mut wire, &masked, 0, batch()?)?;
        ensure!(landed.code == code::NONE, "{user:?}: {landed:?}");
        let landed = produce_one(&mut wire, &shut, 0, batch()?)?;
        let blocked = landed.code != code::NONE;
        ensure!(blocked == (user == ALICE), "{user:?}: {landed:?}");
    }
    let values = broker.values(&masked, 0)?;
    ensure!(
        values[0].contains(SSN_KEPT) && !values[0].contains(SSN_DIGITS),
        "alice: {}",
        values[0]
    );
    ensure!(values[1] == SSN, "bob: {}", values[1]);
    ensure!(broker.values(&shut, 0)? == [SSN], "only bob may");
    await_entries(&gateway, &["verdict", "alice-is-masked", "\"alice\""])?;
    end(&gateway)
}

/// Day one: nothing changes for anybody, and the audit says what would have.
#[test]
fn observing_a_relayed_client_changes_nothing() -> Outcome {
    let broker = Broker::shared()?;
    let settings = Settings::new()?.relay()?.rules(RULES).mode("observe");
    let gateway = Gateway::start(&settings)?;
    let target = Target::user(&gateway.bootstrap(), SCRAM, ALICE);
    for stem in ["masked", "shut"] {
        let topic = broker.topic(stem, 1)?;
        let told = Client::Confluent.produce(&target, &Produce::new(&topic, &[SSN]))?;
        ensure!(told.clean, "{stem}: {}", told.said);
        ensure!(broker.values(&topic, 0)? == [SSN], "{stem}: it was changed");
        let seen = await_entries(&gateway, &["verdict", &topic, "\"alice\""])?;
        ensure!(seen[0]["enforced"] == false, "{stem}: {seen:?}");
    }
    end(&gateway)
}

/// A token of OAUTHBEARER names its bearer; no issuer of the gateway's vouches for its groups.
#[test]
fn a_bearer_is_known_by_the_tokens_subject() -> Outcome {
    let (_, gateway) = relaying()?;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let claims = serde_json::json!({
        "sub": "carol", "groups": ["admins"],
        "iat": now.as_secs() - 5, "exp": now.as_secs() + 600,
    });
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let token = format!(
        "{}.{}.",
        encode(r#"{"alg":"none"}"#),
        encode(&claims.to_string())
    );
    let mut wire = login::connect(&Target::bearer(&gateway.bootstrap(), &token))?;
    metadata(&mut wire, &[])?;
    let opened = await_entries(&gateway, &["session_opened", "carol", "OAUTHBEARER"])?;
    ensure!(opened[0]["groups"] == serde_json::json!([]), "{opened:?}");
    end(&gateway)
}

#[test]
fn before_the_broker_has_accepted_nothing_else_is_passed() -> Outcome {
    let (_, gateway) = relaying()?;
    let mut silent = Wire::connect(&gateway.bootstrap())?;
    let early = metadata(&mut silent, &[]);
    ensure!(early.is_err(), "Metadata before login: {early:?}");

    let mut begun = Wire::connect(&gateway.bootstrap())?;
    let plain = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    ensure!(begun.call(&plain, 1)?.error_code == code::NONE, "handshake");
    let early = metadata(&mut begun, &[]);
    ensure!(early.is_err(), "Metadata within the login: {early:?}");

    let mut old = Wire::connect(&gateway.bootstrap())?;
    let told = old.call(&plain, 0)?;
    ensure!(told.error_code != code::NONE, "bare tokens: {told:?}");
    ensure!(old.closed_within(Duration::from_secs(5))?, "it stays open");
    await_entries(&gateway, &["login_refused", "not_logged_in"])?;
    end(&gateway)
}

/// KIP-368 through the gateway: the broker's lifetime is passed on, its renewals too, and it is
/// the broker that refuses another principal.
#[test]
fn a_relayed_login_is_renewed_by_its_own_user_alone() -> Outcome {
    let broker = Broker::fresh_with(Version::Newest, "connections.max.reauth.ms=20000\n")?;
    let settings = Settings::new()?.relay()?;
    let gateway = Gateway::start(&Settings {
        bootstrap: vec![broker.scram()],
        ..settings
    })?;
    let [alice, bob] = [ALICE, BOB].map(|user| Target::user(&gateway.bootstrap(), "PLAIN", user));
    let mut wire = Wire::connect(&gateway.bootstrap())?;
    for _ in 0..2 {
        let lifetime = login::login(&mut wire, &alice.login)?;
        ensure!(
            lifetime.as_ref().is_ok_and(|ms| (1..=20_000).contains(ms)),
            "the lifetime told is {lifetime:?}"
        );
        let owed = [
            metadata_later(&mut wire, &[])?,
            metadata_later(&mut wire, &[])?,
        ];
        for owed in owed {
            wire.receive(owed)?;
        }
    }
    await_entries(&gateway, &["session_closed", "the token was renewed"])?;

    let direct = changed_user(&broker.scram(), &alice.login, &bob.login)?;
    let through = changed_user(&gateway.bootstrap(), &alice.login, &bob.login)?;
    ensure!(
        direct == through,
        "{direct:?}, through the gateway {through:?}"
    );
    await_entries(&gateway, &["login_refused", "broker_refused", "bob"])?;
    end(&gateway)
}

/// How somebody is refused who is somebody else already; the connection must end.
fn changed_user(address: &str, first: &Login, then: &Login) -> anyhow::Result<(i16, String)> {
    let mut wire = Wire::connect(address)?;
    login::login(&mut wire, first)?
        .ok()
        .context("the first login was refused")?;
    let refused = login::login(&mut wire, then)?
        .err()
        .context("another principal was accepted")?;
    ensure!(wire.closed_within(Duration::from_secs(5))?, "it stays open");
    Ok((refused.code, refused.message))
}

/// Strangers who choose a mechanism and stop there hold broker connections, but not for long when
/// others want to log in.
#[test]
fn strangers_do_not_use_up_the_broker() -> Outcome {
    const STRANGERS: usize = 600;
    let (_, gateway) = relaying()?;
    let plain = SaslHandshakeRequest::default().with_mechanism(StrBytes::from_static_str("PLAIN"));
    let mut strangers = Vec::new();
    for _ in 0..STRANGERS {
        let mut wire = Wire::connect(&gateway.bootstrap())?;
        drop(wire.send(&plain, 1)?);
        strangers.push(wire);
    }
    let target = Target::user(&gateway.bootstrap(), "PLAIN", ALICE);
    let begun = Instant::now();
    wait::until_ok("a login among strangers", Duration::from_secs(10), || {
        metadata(&mut login::connect(&target)?, &[])
    })?;
    println!("logged in after {} ms", begun.elapsed().as_millis());
    drop(strangers);
    end(&gateway)
}

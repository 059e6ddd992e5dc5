//! Nobody gets in without a token that the issuer stands for, and whoever tried is written down.

use crate::Outcome;
use anyhow::{Context, ensure};
use lockgate_tests::audit::await_entries;
use lockgate_tests::batch::Batch;
use lockgate_tests::clients::{CLIENTS, Produce};
use lockgate_tests::gateway::Gateway;
use lockgate_tests::login::{self, exchange};
use lockgate_tests::oidc::{AUDIENCE, Oidc, forged, unsigned};
use lockgate_tests::requests::{code, metadata, produce_one};
use lockgate_tests::scene::Scene;
use lockgate_tests::settings::Settings;
use lockgate_tests::target::{Login, Target};
use lockgate_tests::wait;
use lockgate_tests::wire::Wire;
use serde_json::json;
use std::time::Duration;

/// Every way a token can be wrong that the login must see.
fn bad_tokens(oidc: &Oidc) -> anyhow::Result<Vec<(&'static str, String)>> {
    let good = oidc.token("mallory", &["producers"])?;
    let claims = |extra: serde_json::Value| {
        let mut claims = json!({"sub": "mallory", "groups": ["producers"], "aud": AUDIENCE});
        for (name, value) in extra.as_object().into_iter().flatten() {
            claims[name] = value.clone();
        }
        claims
    };
    Ok(vec![
        ("no token", String::new()),
        ("no JWT", "secret".to_owned()),
        ("half a JWT", good[..good.len() / 2].to_owned()),
        ("a signature that does not fit", forged(&good, "alice")?),
        ("no signature", unsigned(&good)?),
        ("expired", oidc.mint(&claims(json!({})), -3600)?),
        (
            "not yet valid",
            oidc.mint(&claims(json!({"nbf": 4_000_000_000_u64})), 3600)?,
        ),
        (
            "another audience",
            oidc.mint(&claims(json!({"aud": "billing"})), 3600)?,
        ),
        (
            "no audience",
            oidc.mint(&claims(json!({"aud": null})), 3600)?,
        ),
        (
            "another issuer",
            oidc.mint(&claims(json!({"iss": "https://evil.example"})), 3600)?,
        ),
        (
            "no subject",
            oidc.mint(&claims(json!({"sub": null})), 3600)?,
        ),
        ("no end", oidc.mint(&claims(json!({"exp": null})), 3600)?),
    ])
}

#[test]
fn a_bad_token_is_refused_with_the_standard_error() -> Outcome {
    let scene = Scene::start()?;
    for (how, token) in bad_tokens(scene.oidc)? {
        for login in [
            Login::Plain {
                token: token.clone(),
            },
            Login::Bearer {
                token: token.clone(),
            },
        ] {
            let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
            let refused = login::login(&mut wire, &login)?
                .err()
                .with_context(|| format!("{how}: {login:?} got in"))?;
            ensure!(
                refused.code == code::SASL_AUTHENTICATION_FAILED,
                "{how}: {refused:?}"
            );
            ensure!(
                token.is_empty() || !refused.message.contains(&token),
                "{how}: the error repeats the token"
            );
            let after = metadata(&mut wire, &[]);
            ensure!(
                after.is_err(),
                "{how}: the connection still serves: {after:?}"
            );
        }
    }
    let told = await_entries(&scene.gateway, &["login_refused"])?;
    ensure!(!told.is_empty(), "the audit is silent");
    ensure!(
        !scene.gateway.logged().contains("eyJ"),
        "a token lies in the log"
    );
    scene.end()
}

#[test]
fn before_login_nothing_but_login_is_served() -> Outcome {
    let scene = Scene::start()?;
    let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
    let served = metadata(&mut wire, &[]);
    let refused = served.as_ref().map_or(true, |told| told.brokers.is_empty());
    ensure!(refused, "Metadata was served: {served:?}");
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
    let landed = produce_one(&mut wire, &topic, 0, Batch::values(&["stowaway"]).encode()?);
    ensure!(
        landed.as_ref().map_or(true, |told| told.code != code::NONE),
        "Produce was served: {landed:?}"
    );
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it landed");
    scene.end()
}

#[test]
fn other_mechanisms_are_refused_and_ours_are_named() -> Outcome {
    let scene = Scene::start()?;
    for mechanism in ["SCRAM-SHA-256", "GSSAPI", "", "plain"] {
        let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
        let refused = exchange(&mut wire, mechanism, vec![0])?
            .err()
            .context("it was taken")?;
        ensure!(
            refused.code == code::UNSUPPORTED_SASL_MECHANISM,
            "{mechanism}: {refused:?}"
        );
        let both = ["PLAIN", "OAUTHBEARER"]
            .iter()
            .all(|ours| refused.message.contains(ours));
        ensure!(
            both && !refused.message.contains("SCRAM"),
            "{mechanism}: {refused:?}"
        );
    }
    scene.end()
}

#[test]
fn malformed_first_messages_are_refused() -> Outcome {
    let scene = Scene::start()?;
    let bad: [(&str, &[u8]); 7] = [
        ("PLAIN", b""),
        ("PLAIN", b"\0\0"),
        ("PLAIN", b"no separators"),
        ("PLAIN", &[0xff; 300]),
        ("OAUTHBEARER", b""),
        ("OAUTHBEARER", b"n,,\x01auth=Basic abc\x01\x01"),
        ("OAUTHBEARER", b"y,a=admin,\x01\x01\x01\x01"),
    ];
    for (mechanism, first) in bad {
        let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
        let refused = exchange(&mut wire, mechanism, first.to_vec())?
            .err()
            .context("it was taken")?;
        ensure!(
            refused.code == code::SASL_AUTHENTICATION_FAILED,
            "{mechanism} {first:?}: {refused:?}"
        );
    }
    scene.end()
}

#[test]
fn stock_clients_say_that_the_login_failed() -> Outcome {
    let scene = Scene::start()?;
    let topic = scene.broker.topic("plain", 1)?;
    let token = forged(&scene.oidc.token("mallory", &[])?, "alice")?;
    let target = Target::plain(&scene.gateway.bootstrap(), &token);
    for client in CLIENTS {
        let produce = Produce::new(&topic, &["x"]).patience(Duration::from_secs(8));
        let report = client.produce(&target, &produce)?;
        let said = report.said.to_lowercase();
        ensure!(!report.clean, "{client:?} is content: {}", report.said);
        ensure!(
            said.contains("auth"),
            "{client:?} does not tell: {}",
            report.said
        );
    }
    ensure!(scene.broker.end_offset(&topic, 0)? == 0, "it landed");
    scene.end()
}

/// A session does not outlive its token: told by `session_lifetime_ms` (KIP-368), and enforced.
#[test]
fn a_session_ends_with_its_token() -> Outcome {
    let scene = Scene::start()?;
    let claims = json!({"sub": "brief", "groups": ["producers"], "aud": AUDIENCE});
    let token = scene.oidc.mint(&claims, 4)?;
    let mut wire = Wire::connect(&scene.gateway.bootstrap())?;
    let lifetime = login::login(&mut wire, &Login::Plain { token })?;
    ensure!(
        lifetime.as_ref().is_ok_and(|ms| (1..=40_000).contains(ms)),
        "the lifetime told is {lifetime:?}"
    );
    ensure!(
        metadata(&mut wire, &[]).is_ok(),
        "the session does not serve"
    );
    // `exp` and the leeway for clocks, 30 s, at most.
    let ended = wait::until("the session's end", Duration::from_secs(45), || {
        metadata(&mut wire, &[]).err()
    });
    ensure!(ended.is_ok(), "the session outlives its token");
    scene.end()
}

#[test]
fn a_rotated_key_is_found() -> Outcome {
    let scene = Scene::start()?;
    let oidc = Oidc::start()?;
    let gateway = Gateway::start(&Settings::before(&scene.broker.plain(), &oidc.issuer))?;
    login::connect(&Target::plain(
        &gateway.bootstrap(),
        &oidc.token("before", &[])?,
    ))?;
    oidc.rotate()?;
    let token = oidc.token("after", &[])?;
    // The keys are fetched again for an unknown key id, at most so often; clients try again.
    wait::until_ok("the new key to be known", Duration::from_secs(40), || {
        login::connect(&Target::plain(&gateway.bootstrap(), &token)).map(drop)
    })
}

#[test]
fn sessions_are_written_down_with_who_and_when() -> Outcome {
    let scene = Scene::start()?;
    let started = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)?
        .as_secs();
    login::connect_as(
        &scene.target("ursula", &["producers", "night-shift"])?,
        "till-7",
    )?;
    let told = await_entries(
        &scene.gateway,
        &["session_opened", "ursula", "night-shift", "till-7"],
    )?;
    ensure!(told.len() == 1, "{told:?}");
    let at = told[0]["time"].as_str().context("no time in RFC 3339")?;
    ensure!(
        at.len() >= 20 && at.ends_with('Z'),
        "the time is {at}, started {started}"
    );
    scene.end()
}

/// KIP-368, on an open connection. The session with the old token is closed in the audit.
#[test]
fn a_token_is_renewed_by_its_own_principal_alone() -> Outcome {
    let scene = Scene::start()?;
    let mut renewed = login::connect(&scene.bearer("renata", &["producers"])?)?;
    let renewal = scene.bearer("renata", &["producers"])?;
    let told = login::login(&mut renewed, &renewal.login)?;
    ensure!(told.as_ref().is_ok_and(|ms| *ms > 0), "{told:?}");
    metadata(&mut renewed, &[])?;
    await_entries(&scene.gateway, &["session_closed", "the token was renewed"])?;
    let other = scene.bearer("mallory", &["producers"])?;
    let told = login::login(&mut renewed, &other.login)?;
    ensure!(
        told.as_ref()
            .is_err_and(|refused| refused.code == code::SASL_AUTHENTICATION_FAILED),
        "{told:?}"
    );
    await_entries(&scene.gateway, &["login_refused", "mallory"])?;
    scene.end()
}

//! Who may decide, what they are shown, and what their word does.

use super::{log_has, told_to_retry, told_written};
use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::Batch;
use lockgate_tests::holds::Hold;
use lockgate_tests::http;
use lockgate_tests::oidc::forged;
use lockgate_tests::requests::produce_one;
use lockgate_tests::scene::{CARD, PRODUCER, Scene};
use lockgate_tests::settings::REVIEWERS;
use serde_json::json;

/// A pending hold, its topic, and the batch it is about.
fn held(scene: &Scene) -> anyhow::Result<(String, Hold, bytes::Bytes)> {
    let topic = scene.broker.topic("hold", 1)?;
    let batch = Batch::values(&[CARD]).encode()?;
    told_to_retry(&produce_one(&mut scene.wire()?, &topic, 0, batch.clone())?)?;
    let hold = scene.reviewer()?.await_pending(&topic)?;
    Ok((topic, hold, batch))
}

#[test]
fn only_the_right_group_and_never_the_one_who_sent_it() -> Outcome {
    let scene = Scene::start()?;
    let (topic, hold, batch) = held(&scene)?;
    let strangers = [
        ("stan", vec!["staff"]),
        ("stan", vec![]),
        (PRODUCER, vec![REVIEWERS]),
    ];
    for (name, groups) in strangers {
        let told = scene
            .reviewer_as(name, &groups)?
            .review(&hold.id, "approve", "")?;
        ensure!(
            told.status == 403,
            "{name} of {groups:?} is answered {} {}",
            told.status,
            told.body
        );
    }
    told_to_retry(&produce_one(&mut scene.wire()?, &topic, 0, batch)?)?;
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

#[test]
fn nobody_without_a_token_the_issuer_stands_for() -> Outcome {
    let scene = Scene::start()?;
    let (topic, hold, batch) = held(&scene)?;
    let forged = forged(&scene.oidc.token("mallory", &[REVIEWERS])?, "rita")?;
    let path = format!("/v1/holds/{}/reviews", hold.id);
    for header in [
        "Authorization: Bearer x".to_owned(),
        format!("Authorization: Bearer {forged}"),
        "X: y".to_owned(),
    ] {
        let headers = [header];
        let told = http::post(
            &scene.gateway.page(),
            &path,
            &headers,
            &json!({"verdict": "approve"}),
        )?;
        ensure!(
            told.status == 401,
            "{headers:?} is answered {}",
            told.status
        );
        let list = http::get(&scene.gateway.page(), "/v1/holds?state=pending", &headers)?;
        ensure!(
            list.status == 401,
            "the list is shown to {headers:?}: {}",
            list.status
        );
    }
    told_to_retry(&produce_one(&mut scene.wire()?, &topic, 0, batch)?)?;
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

#[test]
fn the_same_word_again_is_fine_and_another_is_a_conflict() -> Outcome {
    let scene = Scene::start()?;
    let (topic, hold, batch) = held(&scene)?;
    let reviewer = scene.reviewer()?;
    reviewer.approve(&hold.id)?;
    reviewer.approve(&hold.id)?;
    let other = reviewer.review(&hold.id, "reject", "second thoughts")?;
    ensure!(
        other.status == 409,
        "a contradicting word is answered {}",
        other.status
    );
    told_written(&produce_one(&mut scene.wire()?, &topic, 0, batch)?, 0)?;
    scene.end()
}

#[test]
fn what_is_no_review_decides_nothing() -> Outcome {
    let scene = Scene::start()?;
    let (topic, hold, batch) = held(&scene)?;
    let bearer = [format!(
        "Authorization: Bearer {}",
        scene.oidc.token("rita", &[REVIEWERS])?
    )];
    let path = format!("/v1/holds/{}/reviews", hold.id);
    for body in [
        "",
        "{",
        "[]",
        "{}",
        r#"{"verdict":"maybe"}"#,
        r#"{"verdict":null}"#,
    ] {
        let told = http::request(&scene.gateway.page(), "POST", &path, &bearer, body)?;
        ensure!(
            (400..500).contains(&told.status),
            "`{body}` is answered {}",
            told.status
        );
    }
    for id in ["0000000000000", "nonsense", "..%2f..", &"9".repeat(5_000)] {
        let told = http::get(&scene.gateway.page(), &format!("/v1/holds/{id}"), &bearer)?;
        ensure!(
            (400..500).contains(&told.status),
            "hold {id:.20} is answered {}",
            told.status
        );
    }
    for path in [path.as_str(), &format!("{path}?verdict=approve"), "/"] {
        http::get(&scene.gateway.page(), path, &bearer)?; // a GET never decides
    }
    told_to_retry(&produce_one(&mut scene.wire()?, &topic, 0, batch)?)?;
    ensure!(
        scene.reviewer()?.hold(&hold.id)?.state == "pending",
        "something decided"
    );
    log_has(&scene, &topic, 0, &[])?;
    scene.end()
}

#[test]
fn they_see_what_it_is_and_never_the_number() -> Outcome {
    let scene = Scene::start()?;
    let (_, hold, _) = held(&scene)?;
    let shown = hold.all.to_string();
    for told in [
        PRODUCER,
        "payment_card",
        "cards-need-review",
        "deadline",
        "summary",
    ] {
        ensure!(shown.contains(told), "`{told}` is not shown: {shown}");
    }
    for raw in ["4111 1111 1111 1111", "4111111111111111", "4111 1111"] {
        ensure!(!shown.contains(raw), "the number is shown: {shown}");
    }
    scene.end()
}

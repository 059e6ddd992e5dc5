//! Who may see and decide what, and what each refusal looks like.

#![allow(clippy::unwrap_used)]

use super::*;

const APPROVE: &str = r#"{"verdict":"approve"}"#;

#[tokio::test]
async fn a_reviewer_lists_looks_and_approves() {
    let servers = start();
    let hold = servers.hold(1);
    let listed = servers
        .call(Method::GET, "/v1/holds?state=pending", "ann:security")
        .send()
        .await
        .unwrap();
    let (status, body) = read(listed).await;
    assert_eq!(
        (status, &body["total"], &body["holds"][0]["id"]),
        (StatusCode::OK, &json!(1), &json!(hold))
    );
    assert_eq!(
        body["holds"][0]["summary"]["samples"],
        json!(["<b>card ****</b>"])
    );
    let shown = servers
        .call(Method::GET, &format!("/v1/holds/{hold}"), "ann:security")
        .send()
        .await
        .unwrap();
    assert_eq!(shown.headers()["etag"], "\"1\"");
    let (status, body) = servers
        .review(&hold, "ann:security", json!({"verdict": "approve"}))
        .await;
    assert_eq!(
        (status, &body["state"], &body["reviews"][0]["by"]),
        (StatusCode::OK, &json!("sending"), &json!("ann"))
    );
    assert!(matches!(servers.rig.answer(), (1, Answer::Send { .. })));
    let (status, _) = servers
        .review(&hold, "ann:security", json!({"verdict": "approve"}))
        .await;
    assert_eq!(status, StatusCode::OK, "the same again");
}

#[tokio::test]
async fn every_refusal_has_its_status_and_code() {
    let servers = start();
    let hold = servers.hold(1);
    let approve = json!({"verdict": "approve"});
    let cases = [
        (
            "expired",
            hold.as_str(),
            approve.clone(),
            problem(401, "unauthenticated"),
        ),
        (
            "eve:staff",
            &hold,
            approve.clone(),
            problem(403, "not_a_reviewer"),
        ),
        (
            "svc:security",
            &hold,
            approve.clone(),
            problem(403, "own_data"),
        ),
        (
            "ann:security",
            "0000000000000",
            approve.clone(),
            problem(404, "no_such_hold"),
        ),
        (
            "ann:security",
            "..%2f..",
            approve.clone(),
            problem(404, "no_such_hold"),
        ),
        (
            "ann:security",
            &hold,
            json!({"verdict": "maybe"}),
            problem(422, "unreadable"),
        ),
        (
            "ann:security",
            &hold,
            json!({"verdict": "approve", "for": "30m"}),
            problem(422, "unreadable"),
        ),
        (
            "ann:security",
            &hold,
            json!({"verdict": "reject"}),
            problem(422, "reason_required"),
        ),
        (
            "ann:security",
            &hold,
            json!({"verdict": "reject", "reason": "x".repeat(1001)}),
            problem(422, "reason_too_long"),
        ),
        (
            "ann:security",
            &hold,
            json!({"verdict": "reject", "reason": "x".repeat(20_000)}),
            problem(413, "too_large"),
        ),
    ];
    for (token, id, body, expected) in cases {
        assert_eq!(
            refused(servers.review(id, token, body.clone()).await),
            expected,
            "{token} {id} {body}"
        );
    }
    let no = json!({"verdict": "reject", "reason": "not here"});
    assert_eq!(
        servers.review(&hold, "ann:security", no.clone()).await.0,
        StatusCode::OK
    );
    assert_eq!(
        refused(servers.review(&hold, "ann:security", approve.clone()).await),
        problem(409, "contradiction")
    );
    assert_eq!(
        refused(servers.review(&hold, "bob:security", no).await),
        problem(410, "too_late")
    );
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let servers = start();
    let hold = servers.hold(1);
    let path = format!("/v1/holds/{hold}/reviews");
    for (tag, status) in [
        ("\"9\"", 412),
        ("W/\"1\"", 412),
        ("nonsense", 412),
        ("\"1\"", 200),
    ] {
        let request = servers
            .call(Method::POST, &path, "ann:security")
            .header("if-match", tag);
        let response = request
            .json(&json!({"verdict": "approve"}))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{tag}");
        if status == 412 {
            assert_eq!(response.headers()["etag"], "\"1\"");
        }
    }
}

#[tokio::test]
async fn nothing_but_a_json_post_of_ours_decides() {
    let servers = start();
    let hold = servers.hold(1);
    let path = format!("/v1/holds/{hold}/reviews");
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let response = servers
            .call(method.clone(), &path, "ann:security")
            .body(APPROVE)
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 405, "{method}");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "",
    ] {
        let request = servers
            .call(Method::POST, &path, "ann:security")
            .header("content-type", kind);
        let answer = read(request.body(APPROVE).send().await.unwrap()).await;
        assert_eq!(refused(answer), problem(415, "not_json"), "{kind}");
    }
    let post = |origin: String| {
        let request = servers
            .call(Method::POST, &path, "ann:security")
            .header("origin", origin);
        request
            .header("content-type", "application/json; charset=utf-8")
            .body(APPROVE)
            .send()
    };
    assert_eq!(
        refused(read(post("https://evil.example".into()).await.unwrap()).await),
        problem(403, "foreign_origin")
    );
    assert_eq!(
        post(format!("http://{}", servers.page))
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn a_list_shows_only_what_the_caller_may_see() {
    let servers = start();
    servers.hold(1);
    let total = async |path: &str, token: &str| {
        let (status, body) =
            read(servers.call(Method::GET, path, token).send().await.unwrap()).await;
        if status.is_success() {
            body["total"].clone()
        } else {
            body["error"].clone()
        }
    };
    assert_eq!(total("/v1/holds", "ann:security").await, json!(1));
    assert_eq!(
        total("/v1/holds", "svc:staff").await,
        json!(1),
        "their own data"
    );
    assert_eq!(total("/v1/holds", "eve:staff").await, json!(0));
    assert_eq!(
        total("/v1/holds?state=rejected", "ann:security").await,
        json!(0)
    );
    assert_eq!(
        total("/v1/holds?state=lost", "ann:security").await,
        json!("unreadable")
    );
    assert_eq!(
        total("/v1/holds?colour=red", "ann:security").await,
        json!("unreadable")
    );
    assert_eq!(total("/v1/holds", "bad").await, json!("unauthenticated"));
    assert_eq!(
        total("/v1/hold", "ann:security").await,
        json!("no_such_path")
    );
}

//! The servers over loopback, with tokens that are what they say.

#![allow(clippy::unwrap_used)]

use super::{ReviewerAuth, Setup, surfaces};
use crate::chunk::Principal;
use crate::control::fixture::Rig;
use crate::hold::messages::Answer;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A token `name:group` is good and means that.
struct Trusting;

impl ReviewerAuth for Trusting {
    fn authenticate(&self, bearer: &str) -> Result<Principal, String> {
        let (name, group) = bearer.split_once(':').ok_or("the token has expired")?;
        Ok(Principal {
            name: name.into(),
            groups: vec![group.to_string()].into(),
            issuer: "idp".into(),
        })
    }
}

struct Servers {
    rig: Rig,
    page: SocketAddr,
    admin: SocketAddr,
    client: Client,
    _directory: TempDir,
}

fn bound() -> (Option<TcpListener>, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (Some(listener), address)
}

fn start() -> Servers {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let directory = tempfile::tempdir().unwrap();
    let ((page, page_at), (admin, admin_at)) = (bound(), bound());
    let setup = Setup {
        page,
        admin,
        verifier: Arc::new(Trusting),
        stats: Arc::new(|| "lockgate_up 1\n".into()),
        ready: Arc::new(|| Err("no broker".into())),
        public_url: None,
    };
    let rig = Rig::start(directory.path(), 60_000, surfaces(setup));
    Servers {
        rig,
        page: page_at,
        admin: admin_at,
        client: Client::new(),
        _directory: directory,
    }
}

impl Servers {
    /// Opens a hold and gives its name.
    fn hold(&self, n: u8) -> String {
        self.rig.ask(u64::from(n), n);
        match self.rig.answer() {
            (_, Answer::Pending { hold, .. }) => hold.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn call(&self, method: Method, path: &str, token: &str) -> RequestBuilder {
        self.client
            .request(method, format!("http://{}{path}", self.page))
            .bearer_auth(token)
    }

    async fn review(&self, hold: &str, token: &str, body: Value) -> (StatusCode, Value) {
        let path = format!("/v1/holds/{hold}/reviews");
        read(
            self.call(Method::POST, &path, token)
                .json(&body)
                .send()
                .await
                .unwrap(),
        )
        .await
    }
}

async fn read(response: Response) -> (StatusCode, Value) {
    (response.status(), response.json().await.unwrap())
}

fn refused((status, body): (StatusCode, Value)) -> (u16, String) {
    assert!(body["message"].is_string(), "{body}");
    (status.as_u16(), body["error"].as_str().unwrap().into())
}

fn problem(status: u16, code: &str) -> (u16, String) {
    (status, code.into())
}

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

#[tokio::test]
async fn every_answer_carries_the_security_headers() {
    let servers = start();
    for (address, path, status) in [
        (servers.page, "/", 200),
        (servers.page, "/v1/holds", 401),
        (servers.page, "/nothing", 404),
        (servers.admin, "/livez", 200),
        (servers.admin, "/readyz", 503),
    ] {
        let response = servers
            .client
            .get(format!("http://{address}{path}"))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), status, "{path}");
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(
            (header("x-content-type-options"), header("x-frame-options")),
            ("nosniff".into(), "DENY".into())
        );
        assert_eq!(header("cache-control"), "no-store");
        let policy = header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(policy.contains("script-src 'sha256-"), path == "/");
    }
}

#[tokio::test]
async fn the_admin_port_tells_how_it_is() {
    let servers = start();
    servers.hold(1);
    let get = async |path: &str| {
        let response = servers
            .client
            .get(format!("http://{}{path}", servers.admin))
            .send()
            .await
            .unwrap();
        response.text().await.unwrap()
    };
    assert_eq!(get("/livez").await, "ok\n");
    assert_eq!(get("/readyz").await, "not ready: no broker\n");
    let metrics = get("/metrics").await;
    assert!(
        metrics.starts_with("lockgate_up 1\n") && metrics.contains("\nlockgate_holds_pending 1\n"),
        "{metrics}"
    );
    assert_eq!(
        servers
            .client
            .get(format!("http://{}/v1/holds", servers.admin))
            .send()
            .await
            .unwrap()
            .status(),
        404
    );
}

#[tokio::test]
async fn garbage_and_silence_end_only_their_own_connection() {
    let servers = start();
    for bytes in [
        &b"\x00\x01\x02\x03\r\n\r\n"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/holds/x/reviews HTTP/1.1\r\n",
    ] {
        let mut stream = tokio::net::TcpStream::connect(servers.page).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"), "{bytes:?}");
    }
    let silent = tokio::net::TcpStream::connect(servers.page).await.unwrap();
    assert_eq!(
        servers
            .client
            .get(format!("http://{}/", servers.page))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    drop(silent);
}

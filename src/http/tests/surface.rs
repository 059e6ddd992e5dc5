//! Headers, the admin port, and peers that misbehave.

#![allow(clippy::unwrap_used)]

use super::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

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

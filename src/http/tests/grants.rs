//! Granted, listed, taken back: each answer comes when the cores know.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::chunk::{Covers, GrantKey, GrantOffer, GrantSubject, UnixMillis};

const KEY: GrantKey = GrantKey([7; 32]);

impl Servers {
    /// Asks for a grant and gives the hold's name.
    fn asked(&self) -> String {
        let subject = GrantSubject {
            key: KEY,
            covers: Covers::Schema,
            about: "version 2 of orders".into(),
            detail: Some("+ note: string".into()),
        };
        let offer = GrantOffer {
            subject,
            for_ms: None,
        };
        self.rig.ask_for(1, 1, Some(offer));
        match self.rig.answer() {
            (_, Answer::Pending { hold, .. }) => hold.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn admits(&self) -> bool {
        self.rig.grants.load().admits(&KEY, UnixMillis(0))
    }

    async fn grant(&self, method: Method, path: &str, token: &str) -> (StatusCode, Value) {
        let path = format!("/v1/grants{path}");
        read(self.call(method, &path, token).send().await.unwrap()).await
    }
}

#[tokio::test]
async fn cores_know_what_was_granted_and_revoked_before_anybody_is_told() {
    let servers = start();
    let hold = servers.asked();
    let one = format!("/{hold}");
    let early = servers.grant(Method::DELETE, &one, "ann:security").await;
    assert_eq!(refused(early), problem(410, "too_late"));
    let (status, body) = servers
        .review(&hold, "ann:security", json!({"verdict": "approve"}))
        .await;
    assert_eq!(
        (status, &body["state"]),
        (StatusCode::OK, &json!("granted"))
    );
    assert!(servers.admits(), "told before the cores were");
    let (_, listed) = servers.grant(Method::GET, "", "ann:security").await;
    assert_eq!(
        (&listed["total"], &listed["grants"][0]["id"]),
        (&json!(1), &json!(hold))
    );
    let shown = &listed["grants"][0]["grant"];
    let expected = json!({"covers": "schema", "about": "version 2 of orders",
        "detail": "+ note: string", "for_ms": null, "until": null});
    assert_eq!(shown, &expected);
    let (_, nothing) = servers.grant(Method::GET, "", "eve:staff").await;
    assert_eq!(nothing["total"], 0);
    let path = format!("{one}?reason=left");
    let (status, body) = servers.grant(Method::DELETE, &path, "bob:security").await;
    assert_eq!(
        (status, &body["state"]),
        (StatusCode::OK, &json!("revoked"))
    );
    assert!(!servers.admits());
    let again = servers.grant(Method::DELETE, &path, "bob:security").await;
    assert_eq!(again.0, StatusCode::OK, "the same again");
}

#[tokio::test]
async fn who_may_not_approve_may_not_revoke_and_a_get_revokes_nothing() {
    let servers = start();
    let hold = servers.asked();
    servers
        .review(&hold, "ann:security", json!({"verdict": "approve"}))
        .await;
    let one = format!("/{hold}");
    for (path, token, expected) in [
        (one.as_str(), "expired", problem(401, "unauthenticated")),
        (&one, "eve:staff", problem(403, "not_a_reviewer")),
        (&one, "svc:security", problem(403, "own_data")),
        (
            "/0000000000000",
            "ann:security",
            problem(404, "no_such_hold"),
        ),
        (
            &format!("{one}?colour=red"),
            "ann:security",
            problem(422, "unreadable"),
        ),
    ] {
        let told = servers.grant(Method::DELETE, path, token).await;
        assert_eq!(refused(told), expected, "{path} {token}");
    }
    let (status, _) = servers.grant(Method::GET, &one, "ann:security").await;
    assert_eq!(status, StatusCode::OK);
    let foreign = servers
        .call(Method::DELETE, &format!("/v1/grants{one}"), "ann:security")
        .header("origin", "http://evil.example")
        .send();
    assert_eq!(foreign.await.unwrap().status(), StatusCode::FORBIDDEN);
    assert!(servers.admits());
}

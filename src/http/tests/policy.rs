//! Who may ask for the policy, and who may have it read again.

use super::*;

#[tokio::test]
async fn everybody_who_is_somebody_may_see_which_policy_is_in_force() {
    let servers = start();
    let url = format!("http://{}/v1/policy", servers.page);
    let answer = servers.client.get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let asked = servers.client.get(&url).bearer_auth("ann:analysts");
    let told: Value = asked.send().await.unwrap().json().await.unwrap();
    assert_eq!(
        told,
        json!({"hash": "07".repeat(32), "since": 1, "fault": null})
    );
}

#[tokio::test]
async fn operators_alone_have_it_read_again() {
    let servers = start();
    let url = format!("http://{}/v1/policy/reload", servers.page);
    let asked = |token: &str| servers.client.post(&url).bearer_auth(token).send();
    assert_eq!(
        servers.client.get(&url).send().await.unwrap().status(),
        StatusCode::METHOD_NOT_ALLOWED
    );
    let refused = asked("ann:analysts").await.unwrap();
    assert_eq!(refused.status(), StatusCode::FORBIDDEN);
    assert_eq!(
        refused.json::<Value>().await.unwrap()["error"],
        "not_an_operator"
    );
    let failed = asked("bob:platform").await.unwrap();
    assert_eq!(failed.status(), StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        failed.json::<Value>().await.unwrap()["message"],
        "bob of idp: no such file"
    );
}

//! The servers over loopback, with tokens that are what they say.

#![allow(clippy::unwrap_used)]

mod grants;
mod reviews;
mod surface;

use super::{ReviewerAuth, Setup, surfaces};
use crate::chunk::Principal;
use crate::control::fixture::Rig;
use crate::hold::messages::Answer;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tempfile::TempDir;

/// A token `name:group` is good and means that.
struct Trusting;

impl ReviewerAuth for Trusting {
    fn authenticate(&self, bearer: &str) -> Result<Principal, String> {
        let (name, group) = bearer.split_once(':').ok_or("the token has expired")?;
        Ok(Principal {
            name: name.into(),
            groups: vec![group.to_string()].into(),
            issuer: "idp".into(),
            claims: Default::default(),
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

//! One connection of the demo's Kafka client: frames, versions, login.
//!
//! Owns: a socket, correlation ids, and which version of each API both sides speak. Refuses: an
//! answer to another request than the last one, and frames larger than the demo has any use for.
//! Stays true: one request at a time. The messages themselves are kafka-protocol's.

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::{
    ApiVersionsRequest, FetchRequest, ProduceRequest, RequestHeader, ResponseHeader,
    SaslAuthenticateRequest, SaslHandshakeRequest,
};
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The version of ApiVersions that is asked first; every broker since 2.4 and Lockgate speak it.
const API_VERSIONS_VERSION: i16 = 3;
/// After these, topics are named by ids (KIP-516), which this client does not keep.
const NEWEST: [(i16, i16); 2] = [(ProduceRequest::KEY, 12), (FetchRequest::KEY, 12)];
const FRAME_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longer than any reply is withheld.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Who connects.
#[derive(Clone)]
pub struct Login {
    /// The client's own name for itself (`client.id`).
    pub client_id: String,
    /// The token, sent as password of SASL/PLAIN; `None` does not log in.
    pub token: Option<String>,
}

/// A connection that is logged in.
pub struct Connection {
    /// Where it leads.
    pub peer: SocketAddr,
    stream: TcpStream,
    client_id: StrBytes,
    correlation_id: i32,
    versions: BTreeMap<i16, (i16, i16)>,
}

impl Connection {
    /// Connects, learns the versions and logs in.
    pub async fn open(peer: SocketAddr, login: &Login) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(peer)
            .await
            .with_context(|| format!("cannot connect to {peer}"))?;
        stream.set_nodelay(true)?;
        let client_id = StrBytes::from_string(login.client_id.clone());
        let mut connection = Connection {
            peer,
            stream,
            client_id,
            correlation_id: 0,
            versions: BTreeMap::new(),
        };
        connection.learn_versions().await?;
        if let Some(token) = &login.token {
            connection.log_in(token).await?;
        }
        Ok(connection)
    }

    async fn learn_versions(&mut self) -> anyhow::Result<()> {
        let ask = ApiVersionsRequest::default()
            .with_client_software_name("lockgate-demo".into())
            .with_client_software_version(env!("CARGO_PKG_VERSION").into());
        let answer = self.exchange(&ask, API_VERSIONS_VERSION).await?;
        ensure!(
            answer.error_code == 0,
            "ApiVersions was answered with error {}",
            answer.error_code
        );
        self.versions = answer
            .api_keys
            .iter()
            .map(|api| (api.api_key, (api.min_version, api.max_version)))
            .collect();
        Ok(())
    }

    /// SASL/PLAIN (RFC 4616): no authorisation identity, any user name, the token as password.
    async fn log_in(&mut self, token: &str) -> anyhow::Result<()> {
        let ask = SaslHandshakeRequest::default().with_mechanism("PLAIN".into());
        let answer = self.ask(&ask).await?;
        ensure!(
            answer.error_code == 0,
            "PLAIN is not offered (error {})",
            answer.error_code
        );
        let message = Bytes::from(format!("\0token\0{token}"));
        let answer = self
            .ask(&SaslAuthenticateRequest::default().with_auth_bytes(message))
            .await?;
        let text = answer.error_message.unwrap_or_default();
        ensure!(
            answer.error_code == 0,
            "login refused with error {}: {}",
            answer.error_code,
            text.as_str()
        );
        Ok(())
    }

    /// Sends a request in the newest version that both sides speak.
    pub async fn ask<Q: Request>(&mut self, request: &Q) -> anyhow::Result<Q::Response> {
        let Some((min, max)) = self.versions.get(&Q::KEY).copied() else {
            bail!("the other side does not offer API {}", Q::KEY);
        };
        let newest = NEWEST
            .iter()
            .find(|(key, _)| *key == Q::KEY)
            .map_or(Q::VERSIONS.max, |(_, version)| *version);
        let version = max.min(newest);
        ensure!(
            version >= min.max(Q::VERSIONS.min),
            "no common version of API {}",
            Q::KEY
        );
        self.exchange(request, version).await
    }

    async fn exchange<Q: Request>(
        &mut self,
        request: &Q,
        version: i16,
    ) -> anyhow::Result<Q::Response> {
        self.correlation_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(Q::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some(self.client_id.clone()));
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        header.encode(&mut frame, Q::header_version(version))?;
        request.encode(&mut frame, version)?;
        let size = i32::try_from(frame.len() - 4)?;
        frame[..4].copy_from_slice(&size.to_be_bytes());
        self.stream.write_all(&frame).await?;
        let read = tokio::time::timeout(ANSWER_WITHIN, self.read_frame());
        let mut answer = read
            .await
            .context("no answer in 30 s")?
            .context("the connection was closed")?;
        let header = ResponseHeader::decode(&mut answer, Q::Response::header_version(version))?;
        ensure!(
            header.correlation_id == self.correlation_id,
            "the answer is to another request"
        );
        let response = Q::Response::decode(&mut answer, version)?;
        ensure!(
            !answer.has_remaining(),
            "the answer is longer than its message"
        );
        Ok(response)
    }

    async fn read_frame(&mut self) -> anyhow::Result<Bytes> {
        let size = usize::try_from(self.stream.read_i32().await?)?;
        ensure!(size <= FRAME_BYTES_MAX, "an answer of {size} bytes");
        let mut frame = vec![0; size];
        self.stream.read_exact(&mut frame).await?;
        Ok(frame.into())
    }
}

//! A broker for tests that says what it is told to, encoded by kafka-protocol.

#![allow(clippy::unwrap_used)]

use crate::kafka::api::{API_VERSIONS, METADATA};
use crate::kafka::error::UNSUPPORTED_VERSION;
use crate::kafka::frame::request_header;
use bytes::BytesMut;
use kafka_protocol::messages as theirs;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::metadata_response::MetadataResponseBroker;
use kafka_protocol::protocol::{Encodable, StrBytes};
use rustls::ServerConfig;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// What the fake broker says, to be changed by a test.
#[derive(Clone)]
pub(super) struct Says {
    pub(super) versions_max: i16,
    pub(super) metadata: (i16, i16),
    pub(super) cluster: &'static str,
    pub(super) brokers: Vec<(i32, &'static str, i32)>,
    pub(super) raw: Option<Vec<u8>>,
}

pub(super) fn usual() -> Says {
    let brokers = vec![(1, "kafka-1", 9092), (2, "::1", 9093)];
    Says {
        versions_max: 4,
        metadata: (0, 13),
        cluster: "c1",
        brokers,
        raw: None,
    }
}

pub(super) async fn broker(says: Says) -> (String, Arc<Mutex<Says>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let says = Arc::new(Mutex::new(says));
    let script = says.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let script = script.clone();
            tokio::spawn(async move { serve(stream, &script).await });
        }
    });
    (address, says)
}

/// The same behind TLS.
pub(super) async fn tls_broker(says: Says, config: Arc<ServerConfig>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (script, acceptor) = (Mutex::new(says), TlsAcceptor::from(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve(stream, &script).await;
            }
        }
    });
    address
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    script: &Mutex<Says>,
) -> Option<()> {
    loop {
        let size = stream.read_u32().await.ok()?;
        let mut frame = size.to_be_bytes().to_vec();
        (&mut stream)
            .take(size.into())
            .read_to_end(&mut frame)
            .await
            .ok()?;
        let says = script.lock().unwrap().clone();
        let reply = says.raw.clone().unwrap_or_else(|| says.reply(&frame));
        stream.write_all(&reply).await.ok()?;
    }
}

impl Says {
    fn reply(&self, request: &[u8]) -> Vec<u8> {
        let header = request_header(request).unwrap();
        let mut body = BytesMut::new();
        if header.api_key == METADATA {
            body.extend_from_slice(&[0][..usize::from(header.api_version >= 9)]);
            self.metadata()
                .encode(&mut body, header.api_version)
                .unwrap();
        } else {
            let known = header.api_version <= self.versions_max;
            let version = if known { header.api_version } else { 0 };
            let error = if known { 0 } else { UNSUPPORTED_VERSION };
            self.versions()
                .with_error_code(error)
                .encode(&mut body, version)
                .unwrap();
        }
        let id = header.correlation_id.to_be_bytes();
        [&(body.len() as u32 + 4).to_be_bytes()[..], &id, &body].concat()
    }

    fn versions(&self) -> theirs::ApiVersionsResponse {
        let range = |key, min, max| {
            let range = ApiVersion::default()
                .with_api_key(key)
                .with_min_version(min);
            range.with_max_version(max)
        };
        let metadata = range(METADATA, self.metadata.0, self.metadata.1);
        let apis = vec![range(API_VERSIONS, 0, self.versions_max), metadata];
        theirs::ApiVersionsResponse::default().with_api_keys(apis)
    }

    fn metadata(&self) -> theirs::MetadataResponse {
        let broker = |(id, host, port): &(i32, &'static str, i32)| {
            let broker = MetadataResponseBroker::default().with_node_id((*id).into());
            broker
                .with_host(StrBytes::from_static_str(host))
                .with_port(*port)
        };
        let cluster = Some(StrBytes::from_static_str(self.cluster));
        let message = theirs::MetadataResponse::default().with_cluster_id(cluster);
        message.with_brokers(self.brokers.iter().map(broker).collect())
    }
}

//! Which brokers a cluster has, kept current as one snapshot for all cores.
//!
//! Owns: when the cluster is looked at, whom is asked, and what becomes of the answer. Refuses:
//! an answer from another cluster than the first one seen, because holds and offsets of the old
//! one would be taken for the new one's. Stays true: the snapshot is what the last good answer
//! said, so a broker that is down for a moment is missing from it while it is down, and a cluster
//! that is down altogether leaves it unchanged.

use super::discovery::ask;
use crate::chunk::UnixMillis;
use crate::identity::scram::Credential;
use crate::limits::{BROKERS_REFRESH_S, BROKERS_RETRY_S};
use crate::tls::Dialer;
use arc_swap::ArcSwap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;

pub use super::broker_link::LinkFault;
pub use super::discovery::{Discovered, DiscoveryFault};

/// A cluster to look at.
#[derive(Clone, Debug)]
pub struct ClusterSource {
    /// `host:port` of some brokers, asked in turn.
    pub bootstrap: Vec<String>,
    /// The gateway's own login; `None` where the brokers want none.
    pub credential: Option<Arc<Credential>>,
    /// How they are dialled in TLS, if they are.
    pub dialer: Option<Dialer>,
}

/// How the looking goes, for `/readyz` and the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClusterHealth {
    /// When the last good look was.
    pub seen: Option<UnixMillis>,
    /// Why the last look failed.
    pub fault: Option<String>,
}

/// The looker; `run` is its life.
pub struct Brokers {
    source: ClusterSource,
    found: Arc<ArcSwap<Discovered>>,
    health: Arc<ArcSwap<ClusterHealth>>,
    changed: watch::Sender<u64>,
    wake: Arc<Notify>,
}

impl Brokers {
    /// Prepares to look at this cluster, and gives the snapshot, without brokers until `run` has
    /// found some.
    pub fn new(source: ClusterSource) -> (Brokers, Arc<ArcSwap<Discovered>>) {
        let found = Arc::new(ArcSwap::from_pointee(Discovered::nothing()));
        let brokers = Brokers {
            source,
            found: found.clone(),
            health: Arc::default(),
            changed: watch::Sender::new(0),
            wake: Arc::default(),
        };
        (brokers, found)
    }

    /// Counts the good looks; wait on it to follow the snapshot and the addresses of its hosts.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// `notify_one` causes a look soon: a broker could not be reached, or a reply named one that
    /// is not in the snapshot. Works on any thread; many calls cause one look a second at most.
    pub fn wake(&self) -> Arc<Notify> {
        self.wake.clone()
    }

    /// How it goes.
    pub fn health(&self) -> Arc<ArcSwap<ClusterHealth>> {
        self.health.clone()
    }

    /// Looks again and again until dropped.
    pub async fn run(self) {
        let (least, most) = (
            Duration::from_secs(BROKERS_RETRY_S),
            Duration::from_secs(BROKERS_REFRESH_S),
        );
        let mut retry = least;
        loop {
            let pause = match self.look().await {
                Ok(found) => {
                    self.publish(found);
                    retry = least;
                    most
                }
                Err(fault) => {
                    self.fail(&fault);
                    let pause = retry;
                    retry = (retry * 2).min(most);
                    pause
                }
            };
            sleep(least).await;
            tokio::select! {
                () = sleep(pause.saturating_sub(least)) => {}
                () = self.wake.notified() => {}
            }
        }
    }

    /// One look: the configured addresses in turn, then the brokers that were there last time.
    async fn look(&self) -> Result<Discovered, DiscoveryFault> {
        let known = self.found.load_full();
        let learnt = known
            .brokers
            .values()
            .map(|(host, port)| address(host, *port));
        let mut last = DiscoveryFault::NoAddress;
        for address in self.source.bootstrap.iter().cloned().chain(learnt) {
            match ask(&address, &self.source).await {
                Ok(found) => return same_cluster(&known, found),
                Err(fault) => {
                    last = DiscoveryFault::NoBroker {
                        address,
                        fault: Box::new(fault),
                    }
                }
            }
        }
        Err(last)
    }

    fn publish(&self, found: Discovered) {
        let was = self.health.swap(Arc::new(ClusterHealth {
            seen: Some(UnixMillis::now()),
            fault: None,
        }));
        if was.fault.is_some() {
            tracing::info!("the cluster answers again");
        }
        if **self.found.load() != found {
            tracing::info!(brokers = ?found.brokers, cluster = found.cluster_id, "brokers found");
            self.found.store(Arc::new(found));
        }
        // told of even when nothing changed: the same names may stand for other addresses now
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn fail(&self, fault: &DiscoveryFault) {
        let was = self.health.load_full();
        let text = fault.to_string();
        if was.fault.as_deref() != Some(&text) {
            tracing::warn!("brokers not found: {text}");
        }
        self.health.store(Arc::new(ClusterHealth {
            seen: was.seen,
            fault: Some(text),
        }));
    }
}

/// `host:port`, with brackets around an IPv6 address that has none.
pub(super) fn address(host: &str, port: impl std::fmt::Display) -> String {
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

fn same_cluster(known: &Discovered, found: Discovered) -> Result<Discovered, DiscoveryFault> {
    match (&known.cluster_id, &found.cluster_id) {
        (Some(known), Some(now)) if known != now => Err(DiscoveryFault::OtherCluster {
            known: known.clone(),
            found: now.clone(),
        }),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::control::discovery::common;
    use crate::control::test_broker::{Says, broker, tls_broker, usual};
    use crate::identity::scram::Hash;
    use crate::kafka::api::METADATA;
    use crate::tls::test_authority::Authority;
    use crate::tls::{Acceptor, Certificates};

    fn source(bootstrap: &[&str]) -> ClusterSource {
        let bootstrap = bootstrap.iter().map(|a| (*a).to_owned()).collect();
        ClusterSource {
            bootstrap,
            credential: None,
            dialer: None,
        }
    }

    #[tokio::test]
    async fn brokers_of_every_age_are_found() {
        for (versions_max, metadata_max) in [(4, 13), (3, 12), (2, 9), (0, 1)] {
            let metadata = (0, metadata_max);
            let (address, _) = broker(Says {
                versions_max,
                metadata,
                ..usual()
            })
            .await;
            let (brokers, _) = Brokers::new(source(&["127.0.0.1:1", &address]));
            let found = brokers.look().await.unwrap();
            assert_eq!(found.brokers[&1], ("kafka-1".to_owned(), 9092));
            assert_eq!(found.brokers[&2], ("::1".to_owned(), 9093));
            assert_eq!(found.cluster_id.is_some(), metadata_max >= 2);
            assert_eq!(
                common(&found.offered, METADATA, 12),
                Some(metadata_max.min(12))
            );
        }
    }

    #[tokio::test]
    async fn changes_are_announced_and_an_outage_changes_nothing() {
        let (address, says) = broker(usual()).await;
        let (brokers, found) = Brokers::new(source(&[&address]));
        assert!(found.load().brokers.is_empty());
        let (mut changes, wake, health) = (brokers.changes(), brokers.wake(), brokers.health());
        let task = tokio::spawn(brokers.run());
        changes.changed().await.unwrap();
        assert_eq!(found.load().brokers.len(), 2);
        says.lock().unwrap().brokers.truncate(1);
        wake.notify_one();
        changes.changed().await.unwrap();
        assert_eq!(found.load().brokers.len(), 1);
        says.lock().unwrap().cluster = "c2";
        wake.notify_one();
        while health.load().fault.is_none() {
            sleep(Duration::from_millis(10)).await;
        }
        assert!(
            health
                .load()
                .fault
                .as_ref()
                .unwrap()
                .contains("`c2` answers where `c1` was")
        );
        assert_eq!(
            (found.load().brokers.len(), changes.has_changed().unwrap()),
            (1, false)
        );
        task.abort();
    }

    #[tokio::test]
    async fn hostile_brokers_give_a_fault() {
        let bad = |brokers| Says { brokers, ..usual() };
        let raw = |bytes: &[u8]| Says {
            raw: Some(bytes.to_vec()),
            ..usual()
        };
        let table = [
            (bad(vec![]), "empty"),
            (bad(vec![(1, "h", 0)]), "bad address"),
            (bad(vec![(1, "h", 65_536)]), "bad address"),
            (bad(vec![(1, "", 9092)]), "bad address"),
            (bad(vec![(-1, "h", 9092)]), "bad address"),
            (
                Says {
                    metadata: (14, 15),
                    ..usual()
                },
                "no version of Metadata",
            ),
            (raw(b"\x15\x03\x03\x00\x02\x02\x50"), "plaintext"), // a TLS alert
            (raw(&[0x7f, 0xff, 0xff, 0xff]), "plaintext"),
            (raw(&[0, 0, 0, 4, 0, 0, 0, 9]), "another request"),
            (raw(&[0, 0, 0, 6, 0, 0, 0, 1, 0, 0]), "malformed"),
        ];
        for (says, want) in table {
            let (address, _) = broker(says).await;
            let (brokers, _) = Brokers::new(source(&[&address]));
            let fault = brokers.look().await.unwrap_err().to_string();
            assert!(fault.contains(want), "{want}: {fault}");
        }
        let fault = Brokers::new(source(&[])).0.look().await.unwrap_err();
        assert!(matches!(fault, DiscoveryFault::NoAddress));
    }

    #[tokio::test]
    async fn brokers_are_found_through_tls_and_only_the_right_ones() {
        let dir = tempfile::tempdir().unwrap();
        let authority = Authority::new(dir.path());
        let files = authority.issue("broker", &["127.0.0.1", "kafka.example"]);
        let pair = Certificates::load(&files.certificate, &files.key).unwrap();
        let acceptor = Acceptor::of_any_name(Arc::new(pair)).unwrap();
        let address = tls_broker(usual(), acceptor.config()).await;
        let other = Authority::new(tempfile::tempdir().unwrap().keep().as_path());
        for (authorities, name, found) in [
            (authority.path(), None, true),
            (authority.path(), Some("kafka.example"), true),
            (authority.path(), Some("other.example"), false),
            (other.path(), None, false),
        ] {
            let mut source = source(&[&address]);
            source.dialer = Some(Dialer::new(&authorities, name).unwrap());
            match Brokers::new(source).0.look().await {
                Ok(_) => assert!(found, "{name:?}"),
                Err(fault) => assert!(!found && fault.to_string().contains("no TLS"), "{fault}"),
            }
        }
    }

    /// With a Kafka of one's own: `LOCKGATE_TEST_KAFKA=HOST:PORT` (plain) and
    /// `LOCKGATE_TEST_KAFKA_SCRAM=HOST:PORT` (alice / alice-secret, SCRAM-SHA-256).
    #[tokio::test]
    #[ignore = "needs a Kafka broker"]
    async fn a_real_cluster() {
        let var = |name: &str| std::env::var(name).unwrap();
        let plain = Brokers::new(source(&[&var("LOCKGATE_TEST_KAFKA")]))
            .0
            .look()
            .await
            .unwrap();
        assert!(!plain.brokers.is_empty() && plain.cluster_id.is_some());
        let mut scram = source(&[&var("LOCKGATE_TEST_KAFKA_SCRAM")]);
        for (password, works) in [("alice-secret", true), ("wrong", false)] {
            let credential = Credential::new(Hash::Sha256, "alice", password).unwrap();
            scram.credential = Some(Arc::new(credential));
            let got = Brokers::new(scram.clone()).0.look().await;
            eprintln!("{password}: {:?}", got.as_ref().map(|found| &found.brokers));
            assert_eq!(got.is_ok(), works);
            if let Ok(found) = got {
                assert_eq!(found.cluster_id, plain.cluster_id);
            }
        }
    }
}

//! The policy changes without a restart.
//!
//! Owns: when its files are read again (at SIGHUP, when one changes, when a person asks), and the order in which
//! a new policy takes effect: checked whole, told to the audit and synced, then the desk, then the cores.
//! Refuses: a configuration with a fault, and one that changes what only a start reads: both leave everything
//! as it was. Stays true: no connection is closed and no frame sees two policies; what `/readyz` and the
//! metrics say of the last attempt is so.

use super::approvals;
use crate::chunk::UnixMillis;
use crate::config::{self, Config, diff};
use crate::control::{DeskClient, PolicyChange};
use crate::data_plane::core::Shared;
use crate::data_plane::inspect::Rules;
use crate::http::policy::{PolicyFiles, PolicyStatus, Reloading};
use crate::limits::{POLICY_CHANGES_TOLD_MAX, POLICY_LOOK_MS};
use crate::policy::diff::Change;
use crate::scan::Engine;
use arc_swap::ArcSwap;
use data_encoding::HEXLOWER;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;

/// Reads the policy again.
pub struct Reloader {
    /// None: nothing was read from a file.
    path: Option<PathBuf>,
    operators: Vec<String>,
    shared: Arc<Shared>,
    /// What is in force; locked over an attempt, so that there is one at a time.
    current: Mutex<Arc<Config>>,
    status: ArcSwap<PolicyStatus>,
    loaded: AtomicU64,
    failed: AtomicU64,
}

impl Reloader {
    /// `config` is what the gateway started with.
    pub fn new(config: Config, shared: Arc<Shared>) -> Reloader {
        let status = PolicyStatus {
            hash: config.policy.hash,
            since: UnixMillis::now(),
            fault: None,
        };
        Reloader {
            path: config.file.clone(),
            operators: config.http.operators.clone(),
            shared,
            current: Mutex::new(Arc::new(config)),
            status: ArcSwap::from_pointee(status),
            loaded: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    /// Reads the files and puts what they say in force: what differs, or none where nothing does. `by`: what
    /// asked for it, for the audit.
    ///
    /// # Errors
    /// Why nothing changed, for whoever asked.
    pub async fn reload(&self, desk: &DeskClient, by: &str) -> Result<Option<Vec<Change>>, String> {
        let mut current = self.current.lock().await;
        let attempt = self.attempt(&current, desk, by).await;
        let status = self.status.load_full();
        match attempt {
            Ok(None) => {
                let fault = None;
                self.status.store(Arc::new(PolicyStatus {
                    fault,
                    ..(*status).clone()
                }));
                Ok(None)
            }
            Ok(Some((config, changes))) => {
                let hash = HEXLOWER.encode(&config.policy.hash);
                let weakens = changes.iter().any(|change| change.way.weakens());
                tracing::info!(
                    by,
                    policy = hash,
                    weakens,
                    changes = changes.len(),
                    "another policy is in force"
                );
                self.loaded.fetch_add(1, Relaxed);
                self.status.store(Arc::new(PolicyStatus {
                    hash: config.policy.hash,
                    since: UnixMillis::now(),
                    fault: None,
                }));
                *current = config;
                Ok(Some(changes))
            }
            Err(fault) => {
                tracing::error!(by, %fault, "the policy was not replaced; the old one stays in force");
                self.failed.fetch_add(1, Relaxed);
                let told = Some(fault.clone());
                self.status.store(Arc::new(PolicyStatus {
                    fault: told,
                    ..(*status).clone()
                }));
                Err(fault)
            }
        }
    }

    async fn attempt(
        &self,
        current: &Arc<Config>,
        desk: &DeskClient,
        by: &str,
    ) -> Result<Option<(Arc<Config>, Vec<Change>)>, String> {
        let path = self
            .path
            .clone()
            .ok_or("the configuration came from no file")?;
        // the disk may be slow, and the engine takes a while to build; a panic in there is a failed attempt
        let read = move || {
            let config = config::load(&path).map_err(|faults| faults.to_string())?;
            let engine = Engine::with(Arc::clone(&config.detectors), config.policy.detectors());
            Ok::<_, String>((config, engine))
        };
        let (config, engine) = tokio::task::spawn_blocking(read)
            .await
            .map_err(|e| e.to_string())??;
        let fixed = diff::needs_restart(current, &config);
        if !fixed.is_empty() {
            return Err(format!(
                "what changed needs a restart: {}",
                fixed.join(", ")
            ));
        }
        if config.policy.hash == current.policy.hash {
            return Ok(None);
        }
        config
            .warnings
            .iter()
            .for_each(|warning| tracing::warn!("{warning}"));
        let changes = diff::changes(current, &config);
        let change = told(current, &config, &changes, by);
        desk.change_policy(change, approvals(&config))
            .await
            .map_err(|refusal| format!("the audit cannot be told: {refusal}"))?;
        self.shared.rules.store(Arc::new(Rules {
            policy: config.policy.clone(),
            engine,
            mask_keys: config.mask_keys.clone(),
        }));
        Ok(Some((Arc::new(config), changes)))
    }

    /// Prometheus text.
    pub fn metrics(&self) -> String {
        let [loaded, failed] = [&self.loaded, &self.failed].map(|count| count.load(Relaxed));
        let broken = i32::from(self.status.load().fault.is_some());
        format!(
            "# HELP lockgate_policy_reloads Attempts to read the policy again, by what they came to\n\
             # TYPE lockgate_policy_reloads counter\n\
             lockgate_policy_reloads_total{{outcome=\"changed\"}} {loaded}\n\
             lockgate_policy_reloads_total{{outcome=\"failed\"}} {failed}\n\
             # HELP lockgate_policy_broken 1 while the policy's files cannot be used and an older policy is in force\n\
             # TYPE lockgate_policy_broken gauge\nlockgate_policy_broken {broken}\n"
        )
    }

    /// Reads again at SIGHUP, and when a file changes. Runs until dropped.
    pub async fn follow(&self, desk: &DeskClient) {
        let Ok(mut hangups) = signal(SignalKind::hangup()) else {
            return tracing::error!(
                "signals cannot be received: SIGHUP does not read the policy again"
            );
        };
        let mut seen = self.look().await;
        loop {
            tokio::select! {
                _ = hangups.recv() => {
                    seen = self.look().await;
                    let _ = self.reload(desk, "SIGHUP").await; // told in the log
                }
                () = tokio::time::sleep(Duration::from_millis(POLICY_LOOK_MS)) => {
                    let now = self.look().await;
                    if now != seen {
                        let by = changed(&seen, &now);
                        seen = now;
                        let _ = self.reload(desk, &by).await;
                    }
                }
            }
        }
    }

    async fn look(&self) -> Vec<Seen> {
        let watched = self.current.lock().await.watched.clone();
        let looks = tokio::task::spawn_blocking(move || {
            watched.iter().map(|path| Seen::of(path)).collect()
        });
        looks.await.unwrap_or_default()
    }
}

impl PolicyFiles for Reloader {
    fn status(&self) -> PolicyStatus {
        (*self.status.load_full()).clone()
    }

    fn reload<'a>(&'a self, desk: &'a DeskClient, by: &'a str) -> Reloading<'a> {
        Box::pin(self.reload(desk, by))
    }

    fn operators(&self) -> &[String] {
        &self.operators
    }
}

/// A file as it was met: an editor that writes another and renames it makes another inode.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    path: PathBuf,
    /// Inode, length, change in seconds and nanoseconds, owner; none where there is no such file.
    is: Option<(u64, u64, i64, i64, u32)>,
}

impl Seen {
    fn of(path: &Path) -> Seen {
        let is = std::fs::metadata(path).ok();
        Seen {
            path: path.to_owned(),
            is: is.map(|it| (it.ino(), it.len(), it.ctime(), it.ctime_nsec(), it.uid())),
        }
    }
}

/// Which file changed, and whose it is.
fn changed(before: &[Seen], now: &[Seen]) -> String {
    let file = now.iter().find(|seen| !before.contains(seen));
    match file.map(|seen| (seen.path.display(), seen.is)) {
        Some((path, Some((.., owner)))) => format!("the file {path} of user {owner}"),
        Some((path, None)) => format!("the file {path}, which is gone"),
        None => "a file".to_owned(),
    }
}

fn told(old: &Config, new: &Config, changes: &[Change], by: &str) -> PolicyChange {
    let line = |change: &Change| {
        let way = format!("{:?}", change.way).to_lowercase();
        format!("{way}: {}: {}", change.what, change.how)
    };
    let mut lines: Vec<String> = changes
        .iter()
        .take(POLICY_CHANGES_TOLD_MAX)
        .map(line)
        .collect();
    if changes.len() > lines.len() {
        lines.push(format!("and {} more", changes.len() - lines.len()));
    }
    PolicyChange {
        at: UnixMillis::now(),
        before: old.policy.hash,
        hash: new.policy.hash,
        text: new.policy_text.clone(),
        by: by.to_owned(),
        weakens: changes.iter().any(|change| change.way.weakens()),
        changes: lines,
    }
}

//! Everything the story needs, up and ready: embedded broker, issuer, gateway.
//!
//! Owns: free ports, a temporary directory, the threads. Refuses: to go on before the gateway says
//! that it is ready. Stays true: everything listens on loopback; the gateway is the real one, started
//! from the text that `--show-config` prints, and stopped by the signal that stops the real one.

use crate::issuer::{AUDIENCE, Issuer};
use anyhow::{Context, bail};
use std::fs::OpenOptions;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::oneshot;

const CONFIG: &str = include_str!("demo.yaml");
const READY_WITHIN: Duration = Duration::from_secs(20);

/// The scene.
pub struct Stage {
    /// The embedded broker itself, which clients never see.
    pub broker: SocketAddr,
    /// Where clients connect.
    pub gateway: SocketAddr,
    /// The one port on which the gateway stands for the broker.
    pub gateway_broker: SocketAddr,
    /// The reviewers' page, without a slash at its end.
    pub page: String,
    /// Health and metrics, likewise.
    pub admin: String,
    /// Who vouches for everybody.
    pub issuer: Issuer,
    /// The configuration the gateway runs on.
    pub config: String,
    /// For calls to page and admin port.
    pub http: reqwest::Client,
    /// Audit, holds, tokens, log; gone at the end.
    pub directory: TempDir,
}

/// A gateway that runs.
pub struct Running(oneshot::Receiver<anyhow::Result<()>>);

impl Stage {
    /// Starts all of it.
    pub async fn set() -> anyhow::Result<(Stage, Running)> {
        lockgate::control::keys::install_crypto_provider();
        let private = std::fs::Permissions::from_mode(0o700);
        let directory = tempfile::Builder::new()
            .prefix("lockgate-demo-")
            .permissions(private)
            .tempdir()?;
        start_log(directory.path().join("gateway.log"))?;
        let broker =
            noida::kafka::spawn("127.0.0.1:0").context("the embedded broker cannot start")?;
        let issuer = Issuer::start()
            .await
            .context("the demo's issuer cannot start")?;
        let Ports {
            gateway,
            node_0,
            node_1,
            page,
            admin,
        } = Ports::free()?;
        let config = fill(&[
            ("DIRECTORY", directory.path().display().to_string()),
            (
                "BROKER_PORTS",
                format!("{}-{}", node_0.port(), node_1.port()),
            ),
            ("BROKER", broker.to_string()),
            ("GATEWAY", gateway.to_string()),
            ("ISSUER", issuer.url.clone()),
            ("AUDIENCE", AUDIENCE.to_owned()),
            ("PAGE", page.to_string()),
            ("ADMIN", admin.to_string()),
        ]);
        let running = start_gateway(&config)?;
        let stage = Stage {
            broker,
            gateway,
            gateway_broker: node_1,
            page: format!("http://{page}"),
            admin: format!("http://{admin}"),
            issuer,
            config,
            http: reqwest::Client::builder()
                .no_proxy()
                .tls_certs_only([])
                .build()?,
            directory,
        };
        Ok((stage, running))
    }

    /// Waits until the gateway would serve a client.
    pub async fn ready(&self) -> anyhow::Result<()> {
        let started = tokio::time::Instant::now();
        loop {
            let asked = self.http.get(format!("{}/readyz", self.admin)).send().await;
            let said = match asked {
                Ok(answer) if answer.status().is_success() => return Ok(()),
                Ok(answer) => answer.text().await.unwrap_or_default(),
                Err(error) => error.to_string(),
            };
            if started.elapsed() > READY_WITHIN {
                bail!(
                    "the gateway is not ready after {} s: {said}",
                    READY_WITHIN.as_secs()
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Where the gateway writes its audit.
    pub fn audit(&self) -> PathBuf {
        self.directory.path().join("audit")
    }

    /// Puts a token where only this user can read it.
    pub fn save_token(&self, name: &str, token: &str) -> anyhow::Result<PathBuf> {
        let path = self.directory.path().join(format!("{name}.token"));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)?;
        file.write_all(token.as_bytes())?;
        Ok(path)
    }
}

impl Running {
    /// Waits until the gateway ends by itself, as it does on Ctrl-C.
    pub async fn ended(&mut self) -> anyhow::Result<()> {
        (&mut self.0).await.context("the gateway's thread died")?
    }

    /// Sends this process SIGTERM, which the gateway answers by draining and stopping.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM)?;
        self.ended().await
    }
}

/// The configuration with its blanks filled in, in this order: `BROKER` begins `BROKER_PORTS`.
fn fill(blanks: &[(&str, String)]) -> String {
    blanks
        .iter()
        .fold(CONFIG.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
}

fn start_gateway(config: &str) -> anyhow::Result<Running> {
    let config = lockgate::config::parse(config, "demo.yaml", &|_| None)
        .map_err(|faults| anyhow::anyhow!("the demo's own configuration is wrong:\n{faults}"))?;
    let (sender, receiver) = oneshot::channel();
    std::thread::Builder::new()
        .name("gateway".into())
        .spawn(move || {
            let _ = sender.send(lockgate::gateway::run(config));
        })?;
    Ok(Running(receiver))
}

/// The gateway logs into a file: the terminal is for the story.
fn start_log(path: PathBuf) -> anyhow::Result<()> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    let log = tracing_subscriber::fmt()
        .with_ansi(false)
        .with_max_level(tracing_subscriber::filter::LevelFilter::INFO);
    log.with_writer(std::sync::Mutex::new(file))
        .try_init()
        .map_err(|error| anyhow::anyhow!("{error}"))
}

/// Ports that are free now. Another process could take one before the gateway does; then it says so.
struct Ports {
    gateway: SocketAddr,
    /// A broker's port is the range's first plus its node id, and the embedded broker is node 1.
    node_0: SocketAddr,
    node_1: SocketAddr,
    page: SocketAddr,
    admin: SocketAddr,
}

impl Ports {
    /// Five neighbours below the range from which the kernel takes ports for outgoing connections
    /// (32,768 and up): none of those gets in between choosing and binding, however many there are.
    fn free() -> anyhow::Result<Ports> {
        const FROM: u16 = 16_000;
        const SLOTS: u16 = 800;
        const EACH: u16 = 5;
        let start = (std::process::id() % u32::from(SLOTS)) as u16; // demos side by side
        let at = |port| SocketAddr::from(([127, 0, 0, 1], port));
        let first = (0..SLOTS)
            .map(|slot| FROM + (start + slot) % SLOTS * EACH)
            .find(|first| (*first..first + EACH).all(|port| TcpListener::bind(at(port)).is_ok()))
            .context("no five free ports in a row on loopback")?;
        Ok(Ports {
            gateway: at(first),
            node_0: at(first + 1),
            node_1: at(first + 2),
            page: at(first + 3),
            admin: at(first + 4),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_configuration_is_sound_and_has_no_warnings() {
        let text = fill(&[
            ("DIRECTORY", "/tmp/demo".into()),
            ("BROKER_PORTS", "19100-19101".into()),
            ("BROKER", "127.0.0.1:9092".into()),
            ("GATEWAY", "127.0.0.1:19092".into()),
            ("ISSUER", "http://127.0.0.1:5000".into()),
            ("AUDIENCE", AUDIENCE.into()),
            ("PAGE", "127.0.0.1:5001".into()),
            ("ADMIN", "127.0.0.1:5002".into()),
        ]);
        let config = lockgate::config::parse(&text, "demo.yaml", &|_| None).unwrap();
        assert!(config.warnings.is_empty(), "{:?}", config.warnings);
    }

    #[test]
    fn a_broker_of_node_1_has_the_second_port_of_the_range() {
        let ports = Ports::free().unwrap();
        assert_eq!(ports.node_0.port() + 1, ports.node_1.port());
    }
}

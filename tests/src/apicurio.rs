//! A registry of schemas: Apicurio from Maven Central, which speaks Confluent's API beside its own.
//!
//! Owns: fetching it once, and running it with its schemas in memory; and Confluent's own serialisers, which
//! write and read records by it.

use crate::process::{self, Process};
use crate::toolbox::{self, FETCH_LIMIT};
use crate::{http, node, ports, wait};
use anyhow::{Context, Result};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// The last version that runs on Java 17.
const VERSION: &str = "2.6.13.Final";

/// A running registry.
#[derive(Debug)]
pub struct Apicurio {
    address: String,
    _process: Process,
}

impl Apicurio {
    /// The registry that all tests share.
    pub fn shared() -> Result<&'static Apicurio> {
        static SHARED: OnceLock<Result<Apicurio, String>> = OnceLock::new();
        let started = SHARED.get_or_init(|| Apicurio::start().map_err(|e| format!("{e:#}")));
        let started = started.as_ref();
        started.map_err(|e| anyhow::anyhow!("the schema registry did not start: {e}"))
    }

    fn start() -> Result<Apicurio> {
        let app = app()?;
        let address = format!("127.0.0.1:{}", ports::one()?);
        let (host, port) = address.split_once(':').context("an address has a port")?;
        let mut java = toolbox::command("java")?;
        java.args(["-Xmx256m", &format!("-Dquarkus.http.host={host}")]);
        java.arg(format!("-Dquarkus.http.port={port}"));
        let jar = format!("apicurio-registry-app-{VERSION}-runner.jar");
        java.arg("-jar").arg(app.join(jar)).current_dir(&app);
        let log = toolbox::fresh_dir("apicurio")?.join("log");
        let process = Process::start("Apicurio", java, &log, false)?;
        wait::until("the registry answers", Duration::from_secs(120), || {
            let told = http::get(&address, "/apis/ccompat/v7/subjects", &[]).ok();
            told.filter(|told| told.status == 200)
        })?;
        Ok(Apicurio {
            address,
            _process: process,
        })
    }

    /// Where Confluent's API is.
    pub fn url(&self) -> String {
        format!("http://{}/apis/ccompat/v7", self.address)
    }

    /// The bytes of a customer, by Confluent's serialiser of this format (`avro`, `protobuf`), whose schema is
    /// registered for the topic.
    pub fn write(&self, format: &str, topic: &str, value: &Value) -> Result<Vec<u8>> {
        let told =
            self.serdes(json!({"do": "write", "format": format, "topic": topic, "value": value}))?;
        let hex = told["bytes"].as_str().context("no bytes")?;
        Ok(HEXLOWER.decode(hex.as_bytes())?)
    }

    /// What Confluent's deserialiser makes of these bytes.
    pub fn read(&self, format: &str, topic: &str, bytes: &[u8]) -> Result<Value> {
        let bytes = HEXLOWER.encode(bytes);
        let job = json!({"do": "read", "format": format, "topic": topic, "bytes": bytes});
        Ok(self.serdes(job)?["value"].take())
    }

    fn serdes(&self, mut job: Value) -> Result<Value> {
        job["registry"] = json!(self.url());
        let script = node::python_of("schemas", "serdes.py")?;
        let output = process::run(script, job.to_string().as_bytes(), Duration::from_secs(60))?;
        let line = output.out.lines().last().unwrap_or_default();
        serde_json::from_str(line)
            .with_context(|| format!("the serialisers said:\n{}\n{}", output.out, output.err))
    }
}

/// The program, unpacked.
fn app() -> Result<PathBuf> {
    toolbox::cached(&format!("apicurio-{VERSION}"), |dir| {
        let mut mvn = toolbox::command("mvn")?;
        mvn.args(["-B", "-q", "-ntp", "dependency:copy"]);
        let artifact = format!("io.apicurio:apicurio-registry-app:{VERSION}:tar.gz:all");
        mvn.arg(format!("-Dartifact={artifact}"));
        mvn.arg(format!("-DoutputDirectory={}", dir.display()));
        toolbox::must(mvn, FETCH_LIMIT)?;
        let archive = dir.join(format!("apicurio-registry-app-{VERSION}-all.tar.gz"));
        let mut tar = Command::new("tar");
        tar.arg("-xzf").arg(&archive).arg("-C").arg(dir);
        toolbox::must(tar, FETCH_LIMIT)?;
        Ok(fs::remove_file(archive)?)
    })
}

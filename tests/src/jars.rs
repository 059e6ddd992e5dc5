//! Apache Kafka from Maven Central: the class path, and a command for any class on it.

use crate::toolbox::{self, FETCH_LIMIT};
use anyhow::Result;
use std::path::PathBuf;
use std::process::Command;

/// The version that `kafka/pom.xml` pins.
pub const KAFKA_VERSION: &str = "4.3.1";

fn jars() -> Result<PathBuf> {
    toolbox::cached(&format!("kafka-{KAFKA_VERSION}"), |dir| {
        let mut mvn = toolbox::command("mvn")?;
        mvn.args([
            "-B",
            "-q",
            "-ntp",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-f",
        ]);
        mvn.arg(toolbox::own_file("kafka/pom.xml"));
        mvn.arg(format!("-DoutputDirectory={}", dir.display()));
        toolbox::must(mvn, FETCH_LIMIT).map(drop)
    })
}

/// The jar of kafka-clients of a release, which carries the definitions of all messages.
pub fn clients(release: &str) -> Result<PathBuf> {
    let name = format!("kafka-clients-{release}");
    let dir = toolbox::cached(&name, |dir| {
        let mut mvn = toolbox::command("mvn")?;
        mvn.args(["-B", "-q", "-ntp", "dependency:copy", "-f"]);
        mvn.arg(toolbox::own_file("kafka/pom.xml"));
        mvn.arg(format!(
            "-Dartifact=org.apache.kafka:{}",
            name.replace("clients-", "clients:")
        ));
        mvn.arg(format!("-DoutputDirectory={}", dir.display()));
        toolbox::must(mvn, FETCH_LIMIT).map(drop)
    })?;
    Ok(dir.join(format!("{name}.jar")))
}

/// A JVM with Kafka on its class path; `options` come before the class's name.
pub fn java(options: &[&str], class: &str) -> Result<Command> {
    let jars = jars()?;
    let mut java = toolbox::command("java")?;
    java.args(options);
    java.arg(format!(
        "-Dlog4j2.configurationFile={}",
        toolbox::own_file("kafka/log4j2.properties").display()
    ));
    java.arg("-cp")
        .arg(format!("{}/*", jars.display()))
        .arg(class);
    Ok(java)
}

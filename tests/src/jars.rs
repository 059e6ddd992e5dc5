//! Apache Kafka from Maven Central, in the versions the tests know: a JVM with it on the class path.
//!
//! Owns: fetching each version once, on first use, and compiling the few Java files of `kafka/` and
//! `clients/java/`.
//! Refuses: to guess a version; what is pinned here is what runs.

use crate::toolbox::{self, FETCH_LIMIT};
use anyhow::Result;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, iter};

/// A version of Apache Kafka.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// The newest 4.x.
    Newest,
    /// The last 3.x: without share groups, without transactions of the second protocol, and with
    /// the old message formats still readable.
    V3_9,
}

impl Version {
    /// The broker's version, and that of its libraries, the Java client among them.
    pub fn broker(self) -> &'static str {
        match self {
            Version::Newest => "4.4.0",
            Version::V3_9 => "3.9.2",
        }
    }

    /// The version of the command-line tools. Maven Central has the broker and the Java client of
    /// 4.4.0, but not its kafka-tools, Streams and Connect; the tools of 4.3.1 do not run on the
    /// libraries of 4.4.0 (a class they use has moved), so they come with libraries of their own.
    pub fn tools(self) -> &'static str {
        match self {
            Version::Newest => "4.3.1",
            Version::V3_9 => "3.9.2",
        }
    }
}

/// The directory of the broker's jars, or of everything the tools need.
fn jars(version: &str, tools: bool) -> Result<PathBuf> {
    let (stem, profiles): (_, &[&str]) = match tools {
        true => ("kafka-tools", &["-Ptools"]),
        false => ("kafka", &[]),
    };
    toolbox::cached(&format!("{stem}-{version}"), |dir| {
        let mut mvn = toolbox::command("mvn")?;
        mvn.args(["-B", "-q", "-ntp", "dependency:copy-dependencies"]);
        mvn.args(["-DincludeScope=runtime", "-f"]);
        mvn.arg(toolbox::own_file("kafka/pom.xml"));
        mvn.args(profiles).arg(format!("-Dkafka.version={version}"));
        mvn.arg(format!("-DoutputDirectory={}", dir.display()));
        toolbox::must(mvn, FETCH_LIMIT).map(drop)
    })
}

/// The broker's jar of kafka-clients, which carries the definitions of all messages.
pub fn clients(version: Version) -> Result<PathBuf> {
    let release = version.broker();
    Ok(jars(release, false)?.join(format!("kafka-clients-{release}.jar")))
}

/// A JVM with the command-line tools on its class path.
pub fn tool(version: Version, options: &[&str], class: &str) -> Result<Command> {
    let jars = jars(version.tools(), true)?;
    run(options, format!("{}/*", jars.display()), class)
}

/// A JVM with the broker on its class path, and the classes of `kafka/`; `options` come before the
/// class's name.
pub fn java(version: Version, options: &[&str], class: &str) -> Result<Command> {
    with_own(version, options, "kafka", class)
}

/// A JVM with the newest Java client on its class path, and the classes of `clients/java/`.
pub fn client(options: &[&str], class: &str) -> Result<Command> {
    with_own(Version::Newest, options, "clients/java", class)
}

fn with_own(version: Version, options: &[&str], own: &str, class: &str) -> Result<Command> {
    let jars = jars(version.broker(), false)?;
    let classes = compiled(version, &jars, own)?;
    run(options, format!("{}/*:{classes}", jars.display()), class)
}

fn run(options: &[&str], class_path: String, class: &str) -> Result<Command> {
    let mut java = toolbox::command("java")?;
    java.args(options);
    java.arg(format!(
        "-Dlog4j2.configurationFile={}",
        toolbox::own_file("kafka/log4j2.properties").display()
    ));
    java.arg("-cp").arg(class_path).arg(class);
    Ok(java)
}

/// The classes of the Java files in a directory of this crate, compiled against this version.
fn compiled(version: Version, jars: &Path, own: &str) -> Result<String> {
    let mut files = fs::read_dir(toolbox::own_file(own))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>>>()?;
    files.retain(|file| file.extension().is_some_and(|e| e == "java"));
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in &files {
        fs::read(file)?.hash(&mut hasher);
    }
    let name = format!(
        "java-{}-{}-{:016x}",
        own.replace('/', "-"),
        version.broker(),
        hasher.finish()
    );
    let classes = toolbox::cached(&name, |dir| {
        let mut javac = toolbox::command("javac")?;
        javac.arg("-cp").arg(format!("{}/*", jars.display()));
        javac.args(["-proc:none", "-nowarn", "-d"]);
        javac.args(iter::once(dir).chain(files.iter().map(PathBuf::as_path)));
        toolbox::must(javac, FETCH_LIMIT).map(drop)
    })?;
    Ok(classes.display().to_string())
}

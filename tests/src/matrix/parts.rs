//! What the client programs are made of: fetched or built once and kept in the work directory.
//!
//! Stays true: every version is pinned by a file in `matrix/`, and what a row says of its version is
//! read from that file or from what was fetched.

use crate::node;
use crate::toolbox::{self, FETCH_LIMIT};
use anyhow::{Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// For compilers.
const BUILD_LIMIT: Duration = Duration::from_secs(600);
/// Small: several run at once beside a broker.
const JVM: [&str; 4] = [
    "-Xmx256m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
];

/// The jars of `matrix/java/NAME.xml`.
pub fn class_path(name: &str) -> Result<PathBuf> {
    let pom = toolbox::own_file(&format!("matrix/java/{name}.xml"));
    let digest = node::digest(&fs::read(&pom)?);
    toolbox::cached(&format!("matrix-java-{name}-{digest:016x}"), |dir| {
        let mut mvn = toolbox::command("mvn")?;
        mvn.args(["-B", "-q", "-ntp", "dependency:copy-dependencies"]);
        mvn.args(["-DincludeScope=runtime", "-f"]).arg(&pom);
        mvn.arg(format!("-DoutputDirectory={}", dir.display()));
        toolbox::must(mvn, FETCH_LIMIT).map(drop)
    })
}

/// A JVM with that class path.
pub fn jvm(name: &str) -> Result<Command> {
    let mut java = toolbox::command("java")?;
    java.args(JVM)
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    java.arg("-cp")
        .arg(format!("{}/*", class_path(name)?.display()));
    Ok(java)
}

/// The same with the classes of a file of `matrix/java`; the class to run is still to be named.
pub fn jvm_with(name: &str, source: &str) -> Result<Command> {
    let jars = format!("{}/*", class_path(name)?.display());
    let file = toolbox::own_file(&format!("matrix/java/{source}"));
    let digest = node::digest(&fs::read(&file)?);
    let classes = toolbox::cached(&format!("matrix-java-{source}-{digest:016x}"), |dir| {
        let mut javac = toolbox::command("javac")?;
        javac.args(["-proc:none", "-cp", &jars, "-d"]);
        javac.arg(dir).arg(&file);
        toolbox::must(javac, BUILD_LIMIT).map(drop)
    })?;
    let mut java = toolbox::command("java")?;
    java.args(JVM)
        .arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    java.arg("-cp").arg(format!("{jars}:{}", classes.display()));
    Ok(java)
}

/// A program of `matrix/java`, compiled as it starts.
pub fn java(name: &str, source: &str) -> Result<Command> {
    let mut java = jvm(name)?;
    java.arg(toolbox::own_file(&format!("matrix/java/{source}")));
    Ok(java)
}

/// The version of a jar.
pub fn jar(name: &str, artifact: &str) -> Result<String> {
    let files = fs::read_dir(class_path(name)?)?.flatten();
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned());
    let mut versions = names.filter_map(|file| {
        let rest = file.strip_prefix(artifact)?.strip_prefix('-')?;
        Some(rest.strip_suffix(".jar")?.to_owned())
    });
    versions
        .next()
        .with_context(|| format!("no {artifact} among the jars"))
}

/// A program of `matrix/python`.
pub fn python(script: &str) -> Result<Command> {
    node::python_of("matrix/python", script)
}

/// The version of a Python package.
pub fn wheel(package: &str) -> Result<String> {
    let pins = fs::read_to_string(toolbox::own_file("matrix/python/requirements.txt"))?;
    let pin = pins
        .lines()
        .find_map(|line| line.strip_prefix(package)?.strip_prefix("=="));
    pin.map(str::to_owned)
        .with_context(|| format!("{package} is not pinned"))
}

/// A program of `matrix/node`, by the Node.js that is pinned beside it.
pub fn node(script: &str) -> Result<Command> {
    let modules = node::modules("matrix/node")?;
    for file in ["contract.mjs", script] {
        let from = toolbox::own_file(&format!("matrix/node/{file}"));
        let partial = modules.join(crate::names::unique("partial"));
        fs::copy(from, &partial)?;
        fs::rename(&partial, modules.join(file))?;
    }
    let own = ["x64", "arm64"]
        .map(|kind| modules.join(format!("node_modules/node-linux-{kind}/bin/node")));
    let mut command = match own.iter().find(|path| path.is_file()) {
        Some(path) => Command::new(path),
        None => toolbox::command("node")?,
    };
    command.arg(modules.join(script));
    Ok(command)
}

/// The version of an npm package.
pub fn package(name: &str) -> Result<String> {
    let lock = fs::read_to_string(toolbox::own_file("matrix/node/package-lock.json"))?;
    let lock: serde_json::Value = serde_json::from_str(&lock)?;
    let version = &lock["packages"][format!("node_modules/{name}")]["version"];
    version
        .as_str()
        .map(str::to_owned)
        .with_context(|| format!("{name} is not pinned"))
}

/// The program of `matrix/go`, as the client `which`.
pub fn go(which: &str) -> Result<Command> {
    let sources = toolbox::own_file("matrix/go");
    let name = format!(
        "matrix-go-{:016x}",
        node::digest(&all_of(&sources, &["go", "mod", "sum"])?)
    );
    let built = toolbox::cached(&name, |dir| {
        let mut go = toolbox::command("go")?;
        go.args(["build", "-trimpath", "-o"])
            .arg(dir.join("matrix"))
            .arg(".");
        go.current_dir(&sources).env("CGO_ENABLED", "0");
        toolbox::must(go, BUILD_LIMIT).map(drop)
    })?;
    let mut command = Command::new(built.join("matrix"));
    command.arg(which);
    Ok(command)
}

/// The version of a Go module.
pub fn module(path: &str) -> Result<String> {
    let pins = fs::read_to_string(toolbox::own_file("matrix/go/go.mod"))?;
    let pin = pins
        .lines()
        .find_map(|line| line.trim().strip_prefix(path)?.strip_prefix(" v"));
    pin.map(str::to_owned)
        .with_context(|| format!("{path} is not pinned"))
}

/// The program of `matrix/rust`: a crate outside the workspace, since its dependencies are nobody
/// else's.
pub fn rust() -> Result<Command> {
    let sources = toolbox::own_file("matrix/rust");
    let mut text = all_of(&sources, &["toml", "lock"])?;
    text.extend(all_of(&sources.join("src"), &["rs"])?);
    let built = toolbox::cached(
        &format!("matrix-rust-{:016x}", node::digest(&text)),
        |dir| {
            let mut cargo = toolbox::command("cargo")?;
            cargo.args(["build", "--locked", "--quiet", "--manifest-path"]);
            cargo.arg(sources.join("Cargo.toml"));
            // Kept beside the cache, so that a change of the source builds no dependency again.
            let target = toolbox::work_dir().join("matrix-rust-target");
            cargo.arg("--target-dir").arg(&target);
            toolbox::must(cargo, BUILD_LIMIT)?;
            fs::copy(target.join("debug/lockgate-matrix"), dir.join("matrix"))?;
            Ok(())
        },
    )?;
    Ok(Command::new(built.join("matrix")))
}

/// The version of a crate.
pub fn krate(name: &str) -> Result<String> {
    let lock = fs::read_to_string(toolbox::own_file("matrix/rust/Cargo.lock"))?;
    let after = lock
        .split(&format!("name = \"{name}\"\nversion = \""))
        .nth(1);
    let version = after.and_then(|rest| rest.split('"').next());
    version
        .map(str::to_owned)
        .with_context(|| format!("{name} is not pinned"))
}

fn all_of(dir: &Path, endings: &[&str]) -> Result<Vec<u8>> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)?
        .flatten()
        .map(|file| file.path())
        .collect();
    files.retain(|file| {
        let ending = file.extension().map(|e| e.to_string_lossy().into_owned());
        ending.is_some_and(|e| endings.contains(&e.as_str()))
    });
    files.sort();
    let mut all = Vec::new();
    for file in files {
        all.extend(fs::read(file)?);
    }
    Ok(all)
}

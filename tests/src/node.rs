//! The JavaScript and Python that the tests run: packages fetched once, scripts of this crate.
//!
//! Owns: `node_modules` per package and one Python environment, in the work directory. The name
//! of a cache carries a digest of what pins it, so a changed pin is a new cache.

use crate::toolbox::{self, FETCH_LIMIT};
use anyhow::Result;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::Command;

/// A command that runs `script` of the directory `package` (`oidc`, `clients`) of this crate.
pub fn script(package: &str, script: &str) -> Result<Command> {
    let modules = modules(package)?;
    // Imports are resolved from where the script lies, so it is copied beside its node_modules;
    // under a name of its own per run, since two runs may do this at once.
    let copy = modules.join(format!("{}-{script}", std::process::id()));
    if !copy.exists() {
        let partial = modules.join(crate::names::unique("partial"));
        fs::copy(toolbox::own_file(&format!("{package}/{script}")), &partial)?;
        fs::rename(&partial, &copy)?;
    }
    let mut command = toolbox::command("node")?;
    command.arg(copy);
    Ok(command)
}

/// The directory of this crate's `package`, with its `node_modules` fetched.
pub fn modules(package: &str) -> Result<PathBuf> {
    let pin = toolbox::own_file(&format!("{package}/package-lock.json"));
    let stem = package.replace('/', "-");
    let name = format!("node-{stem}-{:016x}", digest(&fs::read(&pin)?));
    toolbox::cached(&name, |dir| {
        for file in ["package.json", "package-lock.json"] {
            fs::copy(
                toolbox::own_file(&format!("{package}/{file}")),
                dir.join(file),
            )?;
        }
        let mut npm = toolbox::command("npm")?;
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(dir);
        toolbox::must(npm, FETCH_LIMIT).map(drop)
    })
}

/// A command that runs a Python script of `clients/` with confluent-kafka at hand.
pub fn python(script: &str) -> Result<Command> {
    python_of("clients", script)
}

/// A command that runs a Python script of the directory `package` of this crate.
pub fn python_of(package: &str, script: &str) -> Result<Command> {
    let pin = toolbox::own_file(&format!("{package}/requirements.txt"));
    let name = format!("python-{:016x}", digest(&fs::read(&pin)?));
    // `--target` and not a virtual environment: those remember the path they were made at.
    let packages = toolbox::cached(&name, |dir| {
        let mut venv = toolbox::command("python3")?;
        venv.args(["-m", "venv"]).arg(dir.join("venv"));
        toolbox::must(venv, FETCH_LIMIT)?;
        let mut pip = Command::new(dir.join("venv/bin/python3"));
        pip.args(["-m", "pip", "install", "--quiet", "--target"])
            .arg(dir.join("packages"));
        pip.arg("--requirement").arg(&pin);
        toolbox::must(pip, FETCH_LIMIT)?;
        Ok(fs::remove_dir_all(dir.join("venv"))?)
    })?;
    let mut command = toolbox::command("python3")?;
    command.env("PYTHONPATH", packages.join("packages"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    command.arg(toolbox::own_file(&format!("{package}/{script}")));
    Ok(command)
}

/// Names what a cache was made of.
pub fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}

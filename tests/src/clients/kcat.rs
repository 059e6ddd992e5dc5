//! kcat, as Debian ships it.

use super::{Consume, Produce, RUN_LIMIT, Report};
use crate::target::{Login, Target};
use crate::{process, toolbox};
use anyhow::{Result, bail};
use std::process::Command;

pub(super) fn produce(target: &Target, produce: &Produce) -> Result<Report> {
    let mut kcat = kcat(target)?;
    kcat.args(["-P", "-t", &produce.topic, "-z", produce.codec]);
    set(&mut kcat, "acks", &produce.acks.to_string());
    set(
        &mut kcat,
        "enable.idempotence",
        &produce.idempotent.to_string(),
    );
    set(
        &mut kcat,
        "message.timeout.ms",
        &produce.patience.as_millis().to_string(),
    );
    let output = process::run(
        kcat,
        (produce.lines.join("\n") + "\n").as_bytes(),
        RUN_LIMIT,
    )?;
    let clean = output.success && !output.err.contains("failed");
    Ok(Report {
        clean,
        said: output.err + &output.out,
    })
}

pub(super) fn consume(target: &Target, consume: &Consume) -> Result<(Vec<String>, String)> {
    let mut kcat = kcat(target)?;
    kcat.args(["-q", "-c", &consume.count.to_string()]);
    set(&mut kcat, "auto.offset.reset", "earliest");
    set(&mut kcat, "check.crcs", "true");
    set(&mut kcat, "session.timeout.ms", "10000");
    kcat.args(["-G", &consume.group]).args(&consume.topics);
    let output = process::run(kcat, b"", consume.patience.max(RUN_LIMIT / 3))?;
    Ok((output.out.lines().map(str::to_owned).collect(), output.err))
}

fn kcat(target: &Target) -> Result<Command> {
    let mut kcat = toolbox::command("kcat")?;
    kcat.args(["-b", &target.bootstrap]);
    set(&mut kcat, "security.protocol", target.protocol());
    if let Some(authority) = &target.authority {
        let file = authority.display().to_string();
        set(&mut kcat, "ssl.ca.location", &file);
    }
    match &target.login {
        Login::None => {}
        Login::Plain { token } => {
            set(&mut kcat, "sasl.mechanisms", "PLAIN");
            set(&mut kcat, "sasl.username", "token");
            set(&mut kcat, "sasl.password", token);
        }
        Login::User {
            mechanism,
            name,
            password,
        } => {
            set(&mut kcat, "sasl.mechanisms", mechanism);
            set(&mut kcat, "sasl.username", name);
            set(&mut kcat, "sasl.password", password);
        }
        Login::Bearer { .. } => bail!("Debian's kcat has no OAUTHBEARER with tokens of an issuer"),
    }
    Ok(kcat)
}

fn set(kcat: &mut Command, key: &str, value: &str) {
    kcat.args(["-X", &format!("{key}={value}")]);
}

//! Kafka's own console tools: the Java client, in the version of the tools.
//!
//! The consumer checks every CRC (`check.crcs`, on by default).

use super::{Consume, Produce, RUN_LIMIT, Report};
use crate::jars::{self, Version};
use crate::process;
use crate::target::{Login, Target};
use crate::{tls, toolbox};
use anyhow::Result;
use std::fs;
use std::path::Path;

const PRODUCER: &str = "org.apache.kafka.tools.ConsoleProducer";
const CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleConsumer";
const SHARE_CONSUMER: &str = "org.apache.kafka.tools.consumer.ConsoleShareConsumer";
const JVM: [&str; 4] = [
    "-Xmx192m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-Xshare:auto",
];

pub(super) fn produce(target: &Target, produce: &Produce) -> Result<Report> {
    let dir = toolbox::fresh_dir("console")?;
    let mut config = login(target, &dir)?;
    let patience = produce.patience.as_millis();
    config.push_str(&format!(
        "acks={}\ncompression.type={}\nenable.idempotence={}\nretries=2147483647\nlinger.ms=50\n\
         delivery.timeout.ms={patience}\nrequest.timeout.ms={}\n",
        produce.acks,
        produce.codec,
        produce.idempotent,
        patience / 2,
    ));
    fs::write(dir.join("client.properties"), config)?;
    let mut java = jars::tool(
        Version::Newest,
        &jvm(&dir)?.iter().map(String::as_str).collect::<Vec<_>>(),
        PRODUCER,
    )?;
    java.args([
        "--bootstrap-server",
        &target.bootstrap,
        "--topic",
        &produce.topic,
    ]);
    // The tool writes settings of its own over the file's, unless they are given as properties.
    for key in [
        "acks",
        "compression.type",
        "retries",
        "linger.ms",
        "delivery.timeout.ms",
        "request.timeout.ms",
    ] {
        let text = fs::read_to_string(dir.join("client.properties"))?;
        if let Some(line) = text
            .lines()
            .find(|line| line.starts_with(&format!("{key}=")))
        {
            java.args(["--command-property", line]);
        }
    }
    java.arg("--command-config")
        .arg(dir.join("client.properties"));
    java.args(["--compression-codec", produce.codec]);
    let output = process::run(
        java,
        (produce.lines.join("\n") + "\n").as_bytes(),
        RUN_LIMIT,
    )?;
    // Failed sends are logged; the exit code knows nothing of them.
    let clean = output.success && !output.err.contains("ERROR");
    Ok(Report {
        clean,
        said: output.err + &output.out,
    })
}

pub(super) fn consume(target: &Target, consume: &Consume) -> Result<(Vec<String>, String)> {
    let dir = toolbox::fresh_dir("console")?;
    fs::write(dir.join("client.properties"), login(target, &dir)?)?;
    let mut java = jars::tool(
        Version::Newest,
        &jvm(&dir)?.iter().map(String::as_str).collect::<Vec<_>>(),
        CONSUMER,
    )?;
    java.args([
        "--bootstrap-server",
        &target.bootstrap,
        "--include",
        &consume.topics.join("|"),
    ]);
    java.args(["--group", &consume.group, "--from-beginning"]);
    java.args(["--max-messages", &consume.count.to_string()]);
    java.args(["--timeout-ms", &consume.patience.as_millis().to_string()]);
    java.args(["--command-property", "check.crcs=true"]);
    java.arg("--command-config")
        .arg(dir.join("client.properties"));
    let output = process::run(java, b"", RUN_LIMIT)?;
    Ok((output.out.lines().map(str::to_owned).collect(), output.err))
}

/// The same as a member of a share group (KIP-932).
pub(super) fn share_consume(target: &Target, consume: &Consume) -> Result<(Vec<String>, String)> {
    let dir = toolbox::fresh_dir("console")?;
    fs::write(dir.join("client.properties"), login(target, &dir)?)?;
    let mut java = jars::tool(
        Version::Newest,
        &jvm(&dir)?.iter().map(String::as_str).collect::<Vec<_>>(),
        SHARE_CONSUMER,
    )?;
    java.args(["--bootstrap-server", &target.bootstrap]);
    java.args([
        "--topic",
        &consume.topics.join(","),
        "--group",
        &consume.group,
    ]);
    java.args(["--max-messages", &consume.count.to_string()]);
    java.args(["--timeout-ms", &consume.patience.as_millis().to_string()]);
    java.arg("--command-config")
        .arg(dir.join("client.properties"));
    let output = process::run(java, b"", RUN_LIMIT)?;
    Ok((output.out.lines().map(str::to_owned).collect(), output.err))
}

/// One of Kafka's tools for administrators, with a login in `--command-config`.
pub(super) fn tool(target: &Target, class: &str, args: &[&str]) -> Result<Report> {
    let dir = toolbox::fresh_dir("tool")?;
    // A tool goes on trying for a minute otherwise.
    let patience = "default.api.timeout.ms=20000\nrequest.timeout.ms=10000\n";
    fs::write(
        dir.join("client.properties"),
        login(target, &dir)? + patience,
    )?;
    let mut java = jars::tool(
        Version::Newest,
        &jvm(&dir)?.iter().map(String::as_str).collect::<Vec<_>>(),
        class,
    )?;
    java.args(["--bootstrap-server", &target.bootstrap]);
    java.arg("--command-config")
        .arg(dir.join("client.properties"));
    java.args(args);
    let output = process::run(java, b"", RUN_LIMIT)?;
    Ok(Report {
        clean: output.success,
        said: output.err + &output.out,
    })
}

/// The JVM's options; the address of the token's file must be allowed by name.
fn jvm(dir: &Path) -> Result<Vec<String>> {
    let mut options: Vec<String> = JVM.iter().map(|o| (*o).to_owned()).collect();
    options.push(format!(
        "-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={}",
        token_url(dir)
    ));
    // the names of gateways, for this JVM alone
    let hosts = dir.join("hosts");
    fs::write(&hosts, tls::hosts())?;
    options.push(format!("-Djdk.net.hosts.file={}", hosts.display()));
    Ok(options)
}

fn token_url(dir: &Path) -> String {
    format!("file://{}", dir.join("token.jwt").display())
}

fn login(target: &Target, dir: &Path) -> Result<String> {
    const MODULES: &str = "org.apache.kafka.common.security";
    let mut config = format!("security.protocol={}\n", target.protocol());
    if let Some(authority) = &target.authority {
        let file = authority.display();
        config += &format!("ssl.truststore.type=PEM\nssl.truststore.location={file}\n");
    }
    config += &match &target.login {
        Login::None => String::new(),
        Login::Plain { token } => format!(
            "sasl.mechanism=PLAIN\n\
             sasl.jaas.config={MODULES}.plain.PlainLoginModule required username=\"token\" password=\"{token}\";\n"
        ),
        Login::User {
            mechanism,
            name,
            password,
        } => {
            let module = match *mechanism {
                "PLAIN" => "plain.PlainLoginModule",
                _ => "scram.ScramLoginModule",
            };
            format!(
                "sasl.mechanism={mechanism}\n\
                 sasl.jaas.config={MODULES}.{module} required username=\"{name}\" password=\"{password}\";\n"
            )
        }
        Login::Bearer { token } => {
            fs::write(dir.join("token.jwt"), token)?;
            format!(
                "sasl.mechanism=OAUTHBEARER\n\
                 sasl.jaas.config={MODULES}.oauthbearer.OAuthBearerLoginModule required;\n\
                 sasl.login.callback.handler.class={MODULES}.oauthbearer.OAuthBearerLoginCallbackHandler\n\
                 sasl.oauthbearer.token.endpoint.url={}\n",
                token_url(dir)
            )
        }
    };
    Ok(config)
}

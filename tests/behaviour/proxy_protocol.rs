//! Where a client comes from, when a load balancer is in between.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::audit::await_entries;
use lockgate_tests::clients::{Client, Produce};
use lockgate_tests::process::Process;
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::settings::BROKER_PORTS;
use lockgate_tests::tls::Authority;
use lockgate_tests::wire::Wire;
use lockgate_tests::{login, ports, toolbox, wait};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// A header for a client at 192.0.2.7:32769, as HAProxy writes it.
const HEADER: &[u8] =
    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c\xc0\x00\x02\x07\x0a\x00\x00\x01\x80\x01\x23\x84";
/// The same in the text form of version 1.
const TEXT: &[u8] = b"PROXY TCP4 192.0.2.7 10.0.0.1 32769 9092\r\n";
/// A health check.
const LOCAL: &[u8] = b"\r\n\r\n\0\r\nQUIT\n\x20\x00\x00\x00";

fn scene() -> anyhow::Result<Scene> {
    Scene::with(|settings| settings.listener("proxy_protocol: true"))
}

/// A connection that begins with these bytes.
fn beginning(scene: &Scene, bytes: &[u8]) -> anyhow::Result<Wire> {
    let mut stream = TcpStream::connect(scene.gateway.bootstrap())?;
    stream.set_nodelay(true)?;
    for some in bytes.chunks(11) {
        stream.write_all(some)?;
    }
    Wire::over(stream, "lockgate-test")
}

#[test]
fn the_audit_names_the_client_and_not_the_proxy() -> Outcome {
    let scene = scene()?;
    let target = scene.producer()?;
    let mut wire = beginning(&scene, HEADER)?;
    ensure!(login::login(&mut wire, &target.login)?.is_ok(), "no login");
    await_entries(&scene.gateway, &["session_opened", "\"192.0.2.7:32769\""])?;
    let mut refused = beginning(&scene, HEADER)?;
    let _ = login::exchange(&mut refused, "PLAIN", b"\0token\0nonsense".to_vec())?;
    await_entries(&scene.gateway, &["login_refused", "\"192.0.2.7:32769\""])?;
    let mut check = beginning(&scene, LOCAL)?;
    ensure!(login::login(&mut check, &target.login)?.is_ok(), "no login");
    await_entries(&scene.gateway, &["session_opened", "\"127.0.0.1:"])?;
    scene.end()
}

#[test]
fn a_connection_without_the_header_is_closed() -> Outcome {
    let scene = scene()?;
    for bytes in [
        TEXT,
        &[0, 0, 0, 35, 0, 18, 0, 4],
        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\0",
    ] {
        let closed = beginning(&scene, bytes)?.closed_within(SOON)?;
        ensure!(closed, "{bytes:?} is taken for a header");
    }
    ensure!(
        scene.gateway.logged().contains("no PROXY header"),
        "nobody is told"
    );
    scene.end()
}

#[test]
fn a_header_where_none_is_due_is_no_request() -> Outcome {
    let scene = Scene::start()?;
    let closed = beginning(&scene, HEADER)?.closed_within(SOON)?;
    ensure!(closed, "anybody may say where they come from");
    scene.end()
}

/// HAProxy in TCP mode in front of all of a gateway's ports, TLS through it.
#[test]
fn stock_clients_pass_a_real_haproxy() -> Outcome {
    let authority = Authority::new()?;
    let (first, ports) = (ports::block(3 + BROKER_PORTS)?, 3 + BROKER_PORTS);
    let told = format!("advertised_ports: {}-{}", first + 3, first + ports - 1);
    let pair = authority.for_gateway()?.words();
    let scene = Scene::with(|settings| {
        let settings = settings.listener("proxy_protocol: true");
        settings.listener(&pair).listener(&told)
    })?;
    let shift = i32::from(scene.gateway.ports.listener) - i32::from(first);
    let _proxy = haproxy(first, first + ports - 1, shift)?;
    let at = format!("127.0.0.1:{first}");
    let target = scene.producer()?.trusting(&authority.path()).at(&at);
    let wire = wait::until_ok("HAProxy to listen", SOON, || login::connect(&target))?;
    let own = format!("\"{}\"", wire.local_address()?);
    await_entries(&scene.gateway, &["session_opened", &own])?;
    let topic = scene.broker.topic("plain", 1)?;
    for client in [Client::Kcat, Client::Confluent] {
        let report = client.produce(&target, &Produce::new(&topic, &[CLEAN]))?;
        ensure!(report.clean, "{client:?}: {}", report.said);
    }
    ensure!(scene.broker.values(&topic, 0)?.len() == 2, "not all landed");
    scene.end()
}

/// HAProxy on the ports `first` to `last`, each before the gateway's port that is `shift` further on.
fn haproxy(first: u16, last: u16, shift: i32) -> anyhow::Result<Process> {
    let dir = toolbox::fresh_dir("haproxy")?;
    let config = format!(
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 60s\n  timeout server 60s\n\
         listen gateway\n  bind 127.0.0.1:{first}-{last}\n  server gateway 127.0.0.1:{shift:+} send-proxy-v2\n"
    );
    std::fs::write(dir.join("haproxy.cfg"), config)?;
    let mut command = toolbox::command("haproxy")?;
    command.arg("-db").arg("-f").arg(dir.join("haproxy.cfg"));
    Process::start("HAProxy", command, &dir.join("log"), false)
}

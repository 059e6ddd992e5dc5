//! io_uring where there is one, epoll where there is not, and never in silence.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::batch::Batch;
use lockgate_tests::gateway::Gateway;
use lockgate_tests::http;
use lockgate_tests::limits::{self, Rings};
use lockgate_tests::requests::{code, fetch_all, produce_one};
use lockgate_tests::scene::{CLEAN, Scene};
use lockgate_tests::settings::Settings;

fn works(io: &'static str) -> Outcome {
    let scene = Scene::with(|s| s.io(io))?;
    let topic = scene.broker.topic("plain", 1)?;
    let mut wire = scene.wire()?;
    let large = "y".repeat(700_000);
    for value in [CLEAN, &large] {
        let landed = produce_one(&mut wire, &topic, 0, Batch::values(&[value]).encode()?)?;
        ensure!(landed.code == code::NONE, "{landed:?}");
    }
    let read = fetch_all(&mut wire, &topic, 0)?.map_err(|c| anyhow::anyhow!("Fetch says {c}"))?;
    ensure!(
        read.len() == 2 && read[1].decode()?.records[0].text() == large,
        "read otherwise than sent"
    );
    scene.end()
}

#[test]
fn epoll_works() -> Outcome {
    works("epoll")
}

#[test]
fn uring_works_where_the_kernel_has_it() -> Outcome {
    if limits::io_uring_is_allowed() {
        return works("uring");
    }
    let (code, said) = Gateway::refuses(&Settings::new()?.io("uring"))?;
    ensure!(
        code != Some(0) && said.contains("io_uring"),
        "it ended with {code:?} and said {said}"
    );
    Ok(())
}

#[test]
fn uring_refuses_to_start_where_rings_are_forbidden() -> Outcome {
    let gateway = Gateway::unstarted(&Settings::new()?.io("uring"))?;
    let started = gateway.restart_with(Rings::Forbidden);
    let said = gateway.logged();
    ensure!(started.is_err(), "it started without a ring");
    ensure!(said.contains("io_uring"), "it does not say why: {said}");
    Ok(())
}

#[test]
fn auto_falls_back_loudly_where_rings_are_forbidden() -> Outcome {
    let gateway = Gateway::unstarted(&Settings::new()?.io("auto"))?;
    gateway.restart_with(Rings::Forbidden)?;
    ensure!(
        gateway.logged().contains("epoll"),
        "the log is silent: {}",
        gateway.logged()
    );
    let ready = http::get(&gateway.admin(), "/readyz", &[])?;
    ensure!(
        ready.body.contains("epoll"),
        "/readyz is silent: {}",
        ready.body
    );
    Ok(())
}

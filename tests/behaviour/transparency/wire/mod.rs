//! Requests that no stock client can be made to send, answered by the broker and by the gateway: the
//! codes must be the same, also where the gateway looks first and the broker never sees the request.

mod batches;
mod reads;
mod transactions;

use crate::Outcome;
use anyhow::{Context, ensure};
use bytes::Bytes;
use kafka_protocol::messages::{FetchRequest, FindCoordinatorRequest, GroupId};
use lockgate_tests::names;
use lockgate_tests::requests::{Send, produce, producer_id, text};
use lockgate_tests::scene::Scene;
use lockgate_tests::wait;
use lockgate_tests::wire::Wire;
use std::time::Duration;

/// What came of one case: codes, or how the connection ended.
type Said = String;

/// One request to one of the two; `run` makes names of its own.
pub struct Case {
    pub wire: Wire,
    pub topic: String,
    pub run: String,
}

pub type Ask = fn(&mut Case) -> anyhow::Result<Vec<i16>>;

impl Case {
    pub fn produce(&mut self, batch: impl Into<Bytes>) -> anyhow::Result<Vec<i16>> {
        self.send(Send::one(&self.topic, 0, batch.into()))
    }

    pub fn send(&mut self, send: Send) -> anyhow::Result<Vec<i16>> {
        let landed = produce(&mut self.wire, &send)?;
        Ok(landed.iter().map(|l| l.code).collect())
    }

    pub fn fetch(&mut self, request: &FetchRequest) -> anyhow::Result<Vec<i16>> {
        let reply = self.wire.call(request, 12)?;
        let parts = reply.responses.iter().flat_map(|t| &t.partitions);
        let codes = parts.map(|p| p.error_code);
        Ok(std::iter::once(reply.error_code).chain(codes).collect())
    }

    pub fn group(&self) -> GroupId {
        GroupId(text(&format!("group-{}", self.run)))
    }
}

fn ask(wire: Wire, topic: &str, run: &str, ask: Ask) -> anyhow::Result<Said> {
    let mut case = Case {
        wire,
        topic: topic.to_owned(),
        run: names::unique(run),
    };
    match ask(&mut case) {
        Ok(codes) => Ok(format!("{codes:?}")),
        Err(_) if case.wire.closed_within(Duration::from_millis(200))? => Ok("closed".to_owned()),
        Err(error) => Err(error),
    }
}

/// `named` are the cases that Kafka has no name for, and what the gateway says instead.
pub fn compare(cases: &[(&str, Ask)], named: &[(&str, &str)]) -> Outcome {
    let scene = Scene::start()?;
    // A group coordinator and a producer id must be there before the first case.
    let mut first = Wire::connect(&scene.broker.plain())?;
    producer_id(&mut first, None)?;
    let wake = names::unique("wake");
    wait::until_ok("the coordinator of groups", Duration::from_secs(30), || {
        let mut case = Case {
            wire: Wire::connect(&scene.broker.plain())?,
            topic: "none".to_owned(),
            run: wake.clone(),
        };
        let key = vec![text(&format!("group-{wake}"))];
        let asked = FindCoordinatorRequest::default().with_coordinator_keys(key);
        case.wire.call(&asked, 4)?;
        reads::join(&mut case)?;
        let told = reads::commit(&mut case, -1, "", "")?;
        ensure!(![vec![14], vec![15], vec![16]].contains(&told), "it loads");
        Ok(())
    })?;
    let mut different = Vec::new();
    for (name, case) in cases {
        let topic = scene.broker.topic("plain", 1)?;
        let direct = Wire::connect(&scene.broker.plain())?;
        let direct = ask(direct, &topic, "direct", *case).with_context(|| (*name).to_owned())?;
        let before = scene.broker.end_offset(&topic, 0)?;
        let through = ask(scene.wire()?, &topic, "through", *case);
        let through = through.with_context(|| (*name).to_owned())?;
        println!("{name}: {direct}, through the gateway {through}");
        let wanted = match named.iter().find(|(it, _)| it == name) {
            Some((_, wanted)) if direct == "[-1]" => wanted,
            _ => direct.as_str(),
        };
        if through != wanted {
            different.push(format!(
                "{name}: {direct}, but through the gateway {through}"
            ));
        }
        let landed = scene.broker.end_offset(&topic, 0)? - before;
        ensure!(landed <= before, "{name}: more landed through the gateway");
    }
    ensure!(different.is_empty(), "{}", different.join("\n"));
    scene.end()
}

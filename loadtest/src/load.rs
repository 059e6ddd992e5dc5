//! The load test proper: the same load straight to the broker and through the gateway, in turns.
//!
//! Owns: the order A B A B, so that what the machine does meanwhile hits both alike. Refuses: loads
//! out of bounds. Stays true: one gateway and one broker serve the whole run, and both are gone
//! after it.

use crate::children::{Gateway, GatewayArgs, Sink, binary, sink_listen};
use crate::client::{Address, Link, Op, Question, loopback, wait_for_leaders};
use crate::measure::{Measured, Run, run};
use crate::payload::Payload;
use crate::process;
use crate::report::{Pair, Report};
use anyhow::{Context, bail, ensure};

const CONNECTIONS_MAX: usize = 1024;
const SECONDS_MAX: f64 = 3600.0;
const PAIRS_MAX: usize = 100;
const IN_FLIGHT_MAX: usize = 1000;
const RATE_MAX: f64 = 10_000_000.0;

/// What is driven, and how hard.
#[derive(Debug, clap::Args)]
pub struct LoadArgs {
    /// What the requests do.
    #[arg(long, value_enum, default_value = "produce")]
    pub op: Op,
    /// Connections at once.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub connections: usize,
    /// Requests a connection may have unanswered; Java's default is 5.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub in_flight: usize,
    /// Requests a second over all connections, at set times (open loop); 0: as fast as they are
    /// answered (closed loop).
    #[arg(long, value_name = "PER_SECOND", default_value_t = 0.0)]
    pub rate: f64,
    /// Length of a measurement.
    #[arg(long, default_value_t = 5.0)]
    pub seconds: f64,
    /// The same load before each measurement, not measured.
    #[arg(long, value_name = "SECONDS", default_value_t = 1.0)]
    pub warmup: f64,
    /// Pairs of measurements, without and with the gateway.
    #[arg(long, value_name = "N", default_value_t = 3)]
    pub pairs: usize,
    /// Acknowledgements asked for: 1, or -1 for all.
    #[arg(long, default_value = "-1", allow_hyphen_values = true, value_parser = clap::value_parser!(i16).range(-1..=1))]
    pub acks: i16,
    /// The topic; one of its own when absent.
    #[arg(long)]
    pub topic: Option<String>,
    /// Threads of the sink broker.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub broker_threads: usize,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub payload: Payload,
    #[command(flatten)]
    pub gateway: GatewayArgs,
}

impl LoadArgs {
    fn check(&self) -> anyhow::Result<()> {
        self.payload.check()?;
        let within = |n: usize, max: usize| (1..=max).contains(&n);
        ensure!(
            within(self.connections, CONNECTIONS_MAX),
            "--connections is 1 to {CONNECTIONS_MAX}"
        );
        ensure!(within(self.pairs, PAIRS_MAX), "--pairs is 1 to {PAIRS_MAX}");
        ensure!(
            within(self.in_flight, IN_FLIGHT_MAX),
            "--in-flight is 1 to {IN_FLIGHT_MAX}"
        );
        ensure!(
            (0.0..=RATE_MAX).contains(&self.rate),
            "--rate is 0 to {RATE_MAX}"
        );
        ensure!(
            (0.1..=SECONDS_MAX).contains(&self.seconds),
            "--seconds is 0.1 to {SECONDS_MAX}"
        );
        ensure!(
            (0.0..=SECONDS_MAX).contains(&self.warmup),
            "--warmup is 0 to {SECONDS_MAX}"
        );
        ensure!(
            !self.gateway.tls || self.rate == 0.0,
            "--tls is for the closed loop"
        );
        ensure!(self.acks != 0, "--acks 0 has no reply to be measured by");
        Ok(())
    }
}

/// Runs all pairs and prints them. False when a request failed or was never sent.
///
/// # Errors
/// A request that failed, or what kept the run from starting.
pub fn load(args: &LoadArgs) -> anyhow::Result<bool> {
    args.check()?;
    let own = format!("lockgate-loadtest-{}", std::process::id());
    let topic = args.topic.clone().unwrap_or(own);
    binary(&args.gateway)?;
    let (_sink, bootstrap) = broker(args, &topic)?;
    let direct = wait_for_leaders(&loopback(&bootstrap)?, &topic, || Ok(()))?;
    if args.op == Op::Fetch && args.gateway.bootstrap.is_some() {
        fill(args, &topic, &direct)?;
    }
    let mut gateway = Gateway::start(&args.gateway, &bootstrap)?;
    let address = gateway.address.clone();
    let through = wait_for_leaders(&address, &topic, || gateway.check_alive())?;
    let sockets = |all: &[Address]| all.iter().map(|a| a.sockets.clone()).collect::<Vec<_>>();
    ensure!(
        sockets(&through) != sockets(&direct),
        "the gateway names the broker's own address"
    );
    let mut pairs = Vec::new();
    for number in 1..=args.pairs {
        let direct = measure(args, &topic, &direct, None)
            .with_context(|| format!("pair {number}, direct"))?;
        let through = measure(args, &topic, &through, Some(gateway.pid()));
        let through = through.map_err(|fault| gateway.explain(fault));
        let gateway = through.with_context(|| format!("pair {number}, through the gateway"))?;
        pairs.push(Pair { direct, gateway });
    }
    let memory = process::memory(gateway.pid())?;
    gateway.stop()?;
    let report = Report {
        args,
        pairs,
        memory,
    };
    if args.json {
        println!("{:#}", report.json());
    } else {
        print!("{}", report.table());
    }
    Ok(report.unsent() == 0)
}

fn broker(args: &LoadArgs, topic: &str) -> anyhow::Result<(Option<Sink>, String)> {
    if let Some(bootstrap) = &args.gateway.bootstrap {
        return Ok((None, bootstrap.clone()));
    }
    let listen = sink_listen(&args.gateway)?;
    let sink = Sink::start(
        &listen,
        topic,
        args.connections,
        args.broker_threads,
        &args.payload,
    )?;
    let address = sink.address.clone();
    Ok((Some(sink), address))
}

/// Gives a real broker the batches that will be fetched.
fn fill(args: &LoadArgs, topic: &str, leaders: &[Address]) -> anyhow::Result<()> {
    for (partition, leader) in leaders.iter().enumerate() {
        let mut question = Question::new(Op::Produce, &args.payload, topic, partition as i32, -1)?;
        let mut link = Link::open(leader)?;
        let reply = link.ask(question.numbered(0))?;
        let filled = question.check(reply, 0, false, &mut Default::default());
        filled.context("the topic cannot be filled")?;
    }
    Ok(())
}

fn measure(
    args: &LoadArgs,
    topic: &str,
    leaders: &[Address],
    pid: Option<u32>,
) -> anyhow::Result<Measured> {
    let mut asked = Vec::new();
    for connection in 0..args.connections {
        let partition = connection % leaders.len();
        let Some(leader) = leaders.get(partition) else {
            bail!("the topic has no partition");
        };
        let question = Question::new(args.op, &args.payload, topic, partition as i32, args.acks)?;
        asked.push((Link::open(leader)?, question));
    }
    let run_args = Run {
        in_flight: args.in_flight,
        rate: args.rate,
        seconds: args.seconds,
        warmup: args.warmup,
        pid,
    };
    run(&run_args, asked)
}

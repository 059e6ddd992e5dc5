//! The sink broker: acknowledges every Produce, serves every Fetch from a batch made beforehand.
//!
//! Owns: its threads and connections. Refuses: whatever it does not advertise (the connection is
//! closed, as Kafka does). Stays true: it looks at no record, so that it is never the bottleneck; it
//! listens on loopback only; an idle connection keeps no buffer.

mod answers;

use crate::payload::Payload;
use answers::{Answer, Answers};
use anyhow::{Context, ensure};
use lockgate::kafka::frame::frame_size;
use lockgate::limits::FRAME_BYTES_MAX;
use std::cell::RefCell;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::rc::Rc;
use std::sync::Arc;
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Read buffers start at this size and grow to the largest frame.
const BUFFER_BYTES: usize = 256 * 1024;
/// Idle buffers a thread keeps.
const BUFFERS_KEPT: usize = 64;

/// The sink broker as a program of its own.
#[derive(Debug, clap::Args)]
pub struct BrokerArgs {
    /// Where to listen; loopback only.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:9092")]
    pub listen: SocketAddr,
    /// The one topic it has.
    #[arg(long, default_value = "loadtest")]
    pub topic: String,
    /// Partitions of that topic.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub partitions: i32,
    /// Threads that serve connections.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: usize,
    #[command(flatten)]
    pub payload: Payload,
    /// Stop when standard input ends: how the load test keeps no broker behind.
    #[arg(long, hide = true)]
    pub until_stdin_ends: bool,
}

/// Serves until it is killed, or standard input ends.
///
/// # Errors
/// It cannot listen.
pub fn run(args: &BrokerArgs) -> anyhow::Result<()> {
    let (address, serve) = start(args)?;
    writeln!(std::io::stdout(), "listening on {address}")?;
    if args.until_stdin_ends {
        std::thread::spawn(serve);
        std::io::stdin().read_to_end(&mut Vec::new())?;
    } else {
        serve();
    }
    Ok(())
}

/// Listens; connections are accepted while what is returned runs.
///
/// # Errors
/// It cannot listen.
pub fn start(args: &BrokerArgs) -> anyhow::Result<(SocketAddr, impl FnOnce() + Send + 'static)> {
    args.payload.check()?;
    let (threads, partitions) = (args.threads, args.partitions);
    ensure!(
        args.listen.ip().is_loopback(),
        "the sink broker listens on loopback only"
    );
    ensure!((1..=64).contains(&threads), "--threads is 1 to 64");
    ensure!(
        (1..=1024).contains(&partitions),
        "--partitions is 1 to 1024"
    );
    let listener = TcpListener::bind(args.listen);
    let listener = listener.with_context(|| format!("cannot listen on {}", args.listen))?;
    let address = listener.local_addr()?;
    let batches = (0..partitions).map(|which| args.payload.batch(which as u64));
    let answers = Arc::new(Answers {
        address,
        topic: args.topic.clone(),
        batches: batches.collect::<Result<_, _>>()?,
        records_per_batch: args.payload.records() as i64,
    });
    let mut workers = Vec::new();
    for _ in 0..threads {
        let (sender, receiver) = unbounded_channel();
        let answers = Arc::clone(&answers);
        std::thread::spawn(move || work(receiver, answers));
        workers.push(sender);
    }
    Ok((address, move || accept(&listener, &workers)))
}

/// Hands connections to the threads in turn.
fn accept(listener: &TcpListener, workers: &[tokio::sync::mpsc::UnboundedSender<TcpStream>]) {
    for worker in workers.iter().cycle() {
        match listener.accept() {
            Ok((stream, _)) => {
                let _ = worker.send(stream);
            }
            // Out of descriptors, mostly: others will be closed.
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(50)),
        }
    }
}

/// One thread: every connection it was handed, on one runtime.
fn work(mut incoming: UnboundedReceiver<TcpStream>, answers: Arc<Answers>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build();
    let Ok(runtime) = runtime else {
        eprintln!("the sink broker cannot start a thread");
        return;
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async move {
        let pool = Rc::new(Pool::default());
        while let Some(stream) = incoming.recv().await {
            let (answers, pool) = (Arc::clone(&answers), Rc::clone(&pool));
            tokio::task::spawn_local(async move {
                let ended = serve(stream, &answers, &pool).await;
                // A client that goes away is no news; one that is not understood is.
                if let Err(fault) = ended
                    && !fault.is::<std::io::Error>()
                {
                    eprintln!("sink broker: {fault:#}");
                }
            });
        }
    });
}

/// Buffers between two uses.
#[derive(Default)]
struct Pool(RefCell<Vec<Vec<u8>>>);

impl Pool {
    fn take(&self) -> Vec<u8> {
        let kept = self.0.borrow_mut().pop();
        kept.unwrap_or_else(|| vec![0; BUFFER_BYTES])
    }

    fn give(&self, buffer: Vec<u8>) {
        let mut kept = self.0.borrow_mut();
        if kept.len() < BUFFERS_KEPT && !buffer.is_empty() {
            kept.push(buffer);
        }
    }
}

/// One connection, until it is closed.
async fn serve(stream: TcpStream, answers: &Answers, pool: &Pool) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let mut stream = tokio::net::TcpStream::from_std(stream)?;
    let (mut buffer, mut filled) = (Vec::new(), 0);
    let mut last = answers::Last::default();
    loop {
        stream.readable().await?;
        if buffer.is_empty() {
            buffer = pool.take();
        }
        match stream.try_read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error.into()),
        }
        let done = answer_frames(&mut stream, answers, &mut last, &buffer[..filled]).await?;
        buffer.copy_within(done..filled, 0);
        filled -= done;
        if filled == 0 {
            pool.give(std::mem::take(&mut buffer));
        } else if let Some(size) = frame_size(&buffer[..filled], FRAME_BYTES_MAX)? {
            let wanted = size.max(filled + 1);
            if buffer.len() < wanted {
                buffer.resize(wanted, 0);
            }
        }
    }
    pool.give(buffer);
    Ok(())
}

/// Answers every whole frame in `bytes`; how many bytes they took.
async fn answer_frames(
    stream: &mut tokio::net::TcpStream,
    answers: &Answers,
    last: &mut answers::Last,
    bytes: &[u8],
) -> anyhow::Result<usize> {
    let (mut at, mut out) = (0, Vec::new());
    while let Some(size) = frame_size(&bytes[at..], FRAME_BYTES_MAX)? {
        let Some(frame) = bytes.get(at..at + size) else {
            break;
        };
        match answers.answer(frame, last)? {
            Answer::None => {}
            Answer::Small(reply) => out.extend_from_slice(&reply),
            Answer::Fetched(reply) => {
                stream.write_all(&out).await?;
                out.clear();
                stream.write_all(reply).await?;
            }
        }
        at += size;
    }
    stream.write_all(&out).await?;
    Ok(at)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::client::{Address, Op, Question, loopback, wait_for_leaders};
    use crate::measure::{Run, run};
    use crate::payload::Codec;

    fn broker(payload: &Payload) -> Vec<Address> {
        let args = BrokerArgs {
            listen: "127.0.0.1:0".parse().unwrap(),
            topic: "t".into(),
            partitions: 2,
            threads: 2,
            payload: payload.clone(),
            until_stdin_ends: false,
        };
        let (address, serve) = start(&args).unwrap();
        std::thread::spawn(serve);
        wait_for_leaders(&loopback(&address.to_string()).unwrap(), "t", || Ok(())).unwrap()
    }

    #[test]
    fn every_request_of_either_kind_is_answered() {
        let payload = Payload {
            frame_bytes: 300_000,
            record_bytes: 1000,
            codec: Codec::Lz4,
            hit_rate: 0.0,
            seed: 1,
        };
        let leaders = broker(&payload);
        assert_eq!(leaders.len(), 2);
        for (op, rate) in [
            (Op::Produce, 0.0),
            (Op::Fetch, 0.0),
            (Op::Produce, 200.0),
            (Op::Fetch, 200.0),
        ] {
            let args = Run {
                in_flight: 3,
                rate,
                seconds: 0.3,
                warmup: 0.1,
                pid: Some(std::process::id()),
            };
            let asked = (0..3).map(|connection| {
                let partition = connection % leaders.len();
                let question = Question::new(op, &payload, "t", partition as i32, -1).unwrap();
                (
                    crate::client::Link::open(&leaders[partition]).unwrap(),
                    question,
                )
            });
            let found = run(&args, asked.collect()).unwrap();
            if rate == 0.0 {
                assert!(
                    found.requests > 0 && found.mb_per_s > 0.0,
                    "{op:?} {found:?}"
                );
            } else {
                assert_eq!((found.requests, found.unsent), (60, 0), "{op:?}");
            }
        }
    }

    #[test]
    fn an_unknown_partition_fails_the_run() {
        let payload = Payload {
            frame_bytes: 1000,
            record_bytes: 1000,
            codec: Codec::None,
            hit_rate: 0.0,
            seed: 1,
        };
        let leaders = broker(&payload);
        let mut link = crate::client::Link::open(&leaders[0]).unwrap();
        let mut question = Question::new(Op::Fetch, &payload, "t", 2, -1).unwrap();
        let reply = link.ask(question.numbered(5)).unwrap();
        let found = question.check(reply, 5, true, &mut Default::default());
        assert!(found.unwrap_err().to_string().contains("error 3"));
    }
}

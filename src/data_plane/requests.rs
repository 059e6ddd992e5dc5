//! From the client to the broker.
//!
//! Owns: the loop that takes whole frames, has each dealt with, and sends what goes on in as few
//! writes as possible, straight from the buffer it was read into. Refuses: an API or version that
//! the table does not name; anything but Produce behind a withheld reply (some clients share that
//! connection with heartbeats, so the hold is hurried instead). Stays true: nothing is written to
//! the broker without the turn, and a reply is owed in the order of the writes.

use super::answers::{Owed, Relay, Slot};
use super::buffers::Buffer;
use super::connection::{Cause, Connection};
use super::inflow::{Inflow, InflowFault};
use super::learn::{self, Learning};
use super::made::Made;
use super::{fetch, holding, operations, produce, renewal, schemas, share_fetch, versions};
use crate::kafka::api::{self, Treatment};
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::topic::TopicId;
use crate::kafka::{error, refusal};
use crate::schema::wire::SchemaId;
use std::rc::Rc;

/// What is to be done with a request frame.
pub enum Step {
    /// It goes on, as it lies in the buffer.
    Forward,
    /// This goes on in its place.
    Replace(Vec<u8>),
    /// Nothing goes on: it was answered, held or dropped.
    Done,
    /// Nothing goes on yet: these topics must be named first, and then it is looked at again.
    Learn(Vec<TopicId>),
    /// Nothing goes on yet: these schemas are waited for, and then it is looked at again.
    Await(Vec<SchemaId>),
    /// It was answered with a refusal, after which the connection ends.
    Refused(Cause),
    /// The connection cannot go on.
    Close(Cause),
}

/// Serves the client's requests until one side ends; says why.
pub async fn run(connection: &Rc<Connection>, mut inflow: Inflow<'_>) -> Cause {
    loop {
        match inflow.fill().await {
            Ok(true) => {}
            Ok(false) => return half_closed(connection).await,
            Err(fault) => return client_fault(&fault),
        }
        let Some(buffer) = inflow.take() else {
            return Cause::OwnFault;
        };
        connection.deadlines.read_client(connection.core.now());
        connection.take_upstream_turn().await;
        let result = pass_frames(connection, &inflow, buffer).await;
        connection.give_upstream_turn().await;
        match result {
            Ok(buffer) => inflow.keep(buffer),
            Err(cause) => return cause,
        }
        connection.write_ready().await;
        if connection.is_closed() {
            return Cause::ClientClosed;
        }
        while must_wait(connection, &inflow) {
            connection.changed.wait().await;
        }
    }
}

/// The client has sent its last request and may still read: it gets what it is owed, in bounded
/// time. A withheld reply is not waited for: a client that is gone looks the same.
async fn half_closed(connection: &Connection) -> Cause {
    connection.deadlines.half_closed(connection.core.now());
    while connection.owes_client() && !connection.answers().is_merging() && !connection.is_closed()
    {
        connection.changed.wait().await;
    }
    Cause::ClientClosed
}

fn client_fault(fault: &InflowFault) -> Cause {
    match fault {
        InflowFault::Io(_) => Cause::ClientFault("the client's connection broke"),
        InflowFault::Frame(_) => {
            Cause::ClientFault("the client sent a frame of an impossible size")
        }
        InflowFault::Cut => Cause::ClientFault("the client closed in the middle of a frame"),
    }
}

/// Whether no further request is taken now. A request other than Produce behind a withheld reply
/// makes the hold answer soon.
fn must_wait(connection: &Connection, inflow: &Inflow<'_>) -> bool {
    if connection.is_closed() {
        return false;
    }
    let asked = [&connection.learning, &connection.schemas];
    if asked.iter().any(|about| about.get() == Learning::Asked) {
        return true;
    }
    let next_key = inflow.peek().and_then(|filled| filled.get(4..6));
    let next_key = next_key.map(|b| i16::from_be_bytes([b[0], b[1]]));
    if connection.answers().is_merging() && next_key.is_some_and(|key| key != api::PRODUCE) {
        holding::hurry(connection);
        return true;
    }
    connection.is_full()
}

/// Deals with every whole frame of the buffer; returns it with what is left over. Stops early at
/// a frame that must wait.
async fn pass_frames(
    connection: &Rc<Connection>,
    inflow: &Inflow<'_>,
    mut buffer: Buffer,
) -> Result<Buffer, Cause> {
    let mut run = 0..0; // frames that go on as they lie, not written yet
    loop {
        let at = run.end;
        let found = inflow.frame_at(buffer.filled(), at);
        let size = found
            .map_err(|_| Cause::ClientFault("the client sent a frame of an impossible size"))?;
        let Some(size) = size else { break };
        if waits(connection, &buffer.filled()[at..]) {
            break;
        }
        connection.count_behind(size);
        let step = handle(connection, &mut buffer.filled_mut()[at..at + size]);
        if !matches!(step, Step::Learn(_) | Step::Await(_)) {
            connection.learning.set(Learning::No);
            connection.schemas.set(Learning::No);
            count(connection, size);
        }
        if let Step::Forward = step {
            run.end += size;
            continue;
        }
        if !run.is_empty() {
            buffer = write_run(connection, buffer, run.clone()).await?;
        }
        if let Step::Learn(ids) = step {
            run = at..at; // it stays, to be looked at again
            write_made(connection, learn::ask(connection, &ids)).await?;
            break;
        }
        if let Step::Await(ids) = step {
            run = at..at;
            schemas::begin(connection, ids);
            break;
        }
        run = at + size..at + size;
        match step {
            Step::Replace(bytes) => write_made(connection, bytes).await?,
            Step::Refused(cause) => {
                connection.write_ready().await;
                return Err(cause);
            }
            Step::Close(cause) => return Err(cause),
            Step::Forward | Step::Done | Step::Learn(_) | Step::Await(_) => {}
        }
    }
    if !run.is_empty() {
        buffer = write_run(connection, buffer, run.clone()).await?;
    }
    buffer.consume(run.end);
    Ok(buffer)
}

/// Counts a request that was dealt with.
fn count(connection: &Connection, size: usize) {
    connection.core.stats().requests.add(1);
    let before = connection.bytes.from_client.get();
    connection.bytes.from_client.set(before + size as u64);
}

fn waits(connection: &Connection, frame: &[u8]) -> bool {
    let key = frame.get(4..6).map(|b| i16::from_be_bytes([b[0], b[1]]));
    (connection.answers().is_merging() && key != Some(api::PRODUCE)) || connection.is_full()
}

async fn write_run(
    connection: &Connection,
    buffer: Buffer,
    run: std::ops::Range<usize>,
) -> Result<Buffer, Cause> {
    let upstream = connection.upstream().ok_or(Cause::OwnFault)?;
    let sent = run.len();
    connection.deadlines.writing_broker(connection.core.now());
    let result = upstream.write_all(buffer.into_part(run)).await;
    connection.deadlines.wrote_broker();
    connection.core.stats().bytes_to_brokers.add(sent as u64);
    result
        .map(|part| part.into_buffer())
        .map_err(|_| Cause::BrokerFault("writing to the broker failed"))
}

async fn write_made(connection: &Connection, bytes: Vec<u8>) -> Result<(), Cause> {
    let upstream = connection.upstream().ok_or(Cause::OwnFault)?;
    connection.deadlines.writing_broker(connection.core.now());
    let result = upstream.write_all(Made::new(bytes)).await;
    connection.deadlines.wrote_broker();
    result
        .map(|_| ())
        .map_err(|_| Cause::BrokerFault("writing to the broker failed"))
}

/// Decides what happens to one request, editing it in place where it goes on.
fn handle(connection: &Rc<Connection>, request: &mut [u8]) -> Step {
    let Ok(header) = frame::request_header(request) else {
        return Step::Close(Cause::ClientFault(
            "the client sent a malformed request header",
        ));
    };
    if header.api_key == api::API_VERSIONS {
        connection.answer_now(versions::answer(connection, &header, request));
        return Step::Done;
    }
    let known = api::lookup(header.api_key);
    // what the broker does not offer is not passed either: it would close the connection
    let Some(api) = known.filter(|_| connection.speaks(header.api_key, header.api_version)) else {
        return refuse(connection, &header, request, error::UNSUPPORTED_VERSION);
    };
    match (api.treatment, header.api_key) {
        (Treatment::Inspect, api::PRODUCE) => produce::handle(connection, &header, request),
        (Treatment::Inspect, api::FETCH) => {
            let prepared = fetch::prepare(connection, &header, request);
            relay_prepared(connection, &header, request, prepared)
        }
        (Treatment::Inspect, api::SHARE_FETCH) => {
            let prepared = share_fetch::prepare(connection, &header, request);
            relay_prepared(connection, &header, request, prepared)
        }
        (Treatment::Relay | Treatment::Rewrite, _) => {
            operations::handle(connection, &header, request)
        }
        (Treatment::Answer, api::SASL_HANDSHAKE | api::SASL_AUTHENTICATE) => {
            renewal::again(connection, &header, request)
        }
        _ => refuse(connection, &header, request, error::UNSUPPORTED_VERSION),
    }
}

/// Passes a request on as it lies, or made anew, unless it was dealt with otherwise.
fn relay_prepared(
    connection: &Connection,
    header: &RequestHeader,
    request: &mut [u8],
    prepared: Result<Option<Vec<u8>>, Step>,
) -> Step {
    match prepared {
        Ok(None) => relay(connection, header, request),
        Ok(Some(mut made)) => match relay(connection, header, &mut made) {
            Step::Forward => Step::Replace(made),
            step => step,
        },
        Err(step) => step,
    }
}

/// Passes a request on under a correlation id of the gateway's own.
pub fn relay(connection: &Connection, header: &RequestHeader, request: &mut [u8]) -> Step {
    let id = connection.next_correlation_id();
    frame::set_request_correlation_id(request, id);
    let mut answers = connection.answers();
    let number = answers.push(Slot::Relay(Relay {
        correlation_id: header.correlation_id,
        api_key: header.api_key,
        api_version: header.api_version,
    }));
    answers.owe(id, Owed::Reply(number));
    Step::Forward
}

/// Answers a request with an error in the shape its API has; closes where there is none.
pub fn refuse(connection: &Connection, header: &RequestHeader, request: &[u8], code: i16) -> Step {
    connection.core.stats().refused.add(1);
    tracing::info!(
        api_key = header.api_key,
        api_version = header.api_version,
        code,
        "request refused: the gateway does not pass this API in this version"
    );
    match refusal::refuse(header, request, code, "not passed by this gateway") {
        Some(reply) => {
            connection.answer_now(reply);
            Step::Done
        }
        None => Step::Close(Cause::ClientFault(
            "the client sent an API that the gateway does not know",
        )),
    }
}

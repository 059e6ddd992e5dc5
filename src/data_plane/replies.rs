//! From the broker to the client.
//!
//! Owns: the loop that takes the broker's replies, edits them where they carry addresses or
//! records, and sends each when its turn comes, straight from the buffer it was read into.
//! Refuses: a reply that nobody asked for. Stays true: replies leave in the order of the client's
//! requests; one that comes early, behind a withheld one, waits as a copy inside a bound.

use super::answers::{Owed, Relay, Slot};
use super::buffers::Buffer;
use super::connection::{Cause, Connection};
use super::inflow::{Inflow, InflowFault};
use super::made::Made;
use super::{
    ending, fetch, learn, operations, produce, relay_renewal, schemas, share_fetch, withheld,
};
use crate::kafka::addresses::{self, Cleaned};
use crate::kafka::api::{self, Treatment};
use crate::kafka::frame;
use crate::limits::BYTES_BEHIND_HOLD_MAX;
use crate::schema::wire::SchemaId;
use std::ops::Range;
use std::rc::Rc;

/// How a reply leaves.
pub enum Edit {
    /// As it lies in the buffer.
    InPlace,
    /// Rewritten.
    Made(Vec<u8>),
    /// Not yet: its records name these schemas.
    Await(Vec<SchemaId>),
    /// Not yet: people are asked whether its records may be read.
    Withhold,
}

/// Serves the broker's replies until one side ends; says why.
pub async fn run(connection: &Rc<Connection>, mut inflow: Inflow<'_>) -> Cause {
    loop {
        match inflow.fill().await {
            Ok(true) => {}
            Ok(false) => return Cause::BrokerClosed,
            Err(fault) => return broker_fault(&fault),
        }
        let Some(buffer) = inflow.take() else {
            return Cause::OwnFault;
        };
        connection.deadlines.read_broker(connection.core.now());
        let my_turn = connection.take_client_turn();
        let result = pass_frames(connection, &inflow, buffer, my_turn).await;
        if my_turn {
            connection.write_ready_in_turn().await;
            connection.give_client_turn();
            connection.changed.notify_all();
        } else {
            connection.write_ready().await;
        }
        match result {
            Ok(buffer) => inflow.keep(buffer),
            Err(cause) => return cause,
        }
        while is_behind(connection) && !connection.is_closed() {
            connection.changed.wait().await; // the client must take some first
        }
    }
}

/// Whether too much waits for the client to take it, or for people to decide. What waits for the
/// broker is no reason to stop reading from it.
fn is_behind(connection: &Connection) -> bool {
    let answers = connection.answers();
    answers.ready_bytes() > BYTES_BEHIND_HOLD_MAX && !answers.awaits_broker()
}

fn broker_fault(fault: &InflowFault) -> Cause {
    match fault {
        InflowFault::Io(_) => Cause::BrokerFault("the broker's connection broke"),
        InflowFault::Frame(_) => {
            Cause::BrokerFault("the broker sent a frame of an impossible size")
        }
        InflowFault::Cut => Cause::BrokerFault("the broker closed in the middle of a frame"),
    }
}

async fn pass_frames(
    connection: &Rc<Connection>,
    inflow: &Inflow<'_>,
    mut buffer: Buffer,
    my_turn: bool,
) -> Result<Buffer, Cause> {
    let mut run = 0..0; // replies that leave as they lie, not written yet
    loop {
        let at = run.end;
        let found = inflow.frame_at(buffer.filled(), at);
        let size = found
            .map_err(|_| Cause::BrokerFault("the broker sent a frame of an impossible size"))?;
        let Some(size) = size else { break };
        let reply = &mut buffer.filled_mut()[at..at + size];
        let out = take_reply(connection, reply, my_turn).await?;
        if let Out::InPlace = out {
            run.end += size;
            continue;
        }
        if !run.is_empty() {
            buffer = write_run(connection, buffer, run.clone()).await?;
        }
        run = at + size..at + size;
        if let Out::Made(bytes) = out {
            write_made(connection, bytes).await?;
        }
        if my_turn {
            connection.write_ready_in_turn().await;
        }
    }
    if !run.is_empty() {
        buffer = write_run(connection, buffer, run.clone()).await?;
    }
    buffer.consume(run.end);
    Ok(buffer)
}

/// What leaves now.
enum Out {
    InPlace,
    Made(Vec<u8>),
    Nothing,
}

/// Matches one reply of the broker to what it answers.
async fn take_reply(
    connection: &Rc<Connection>,
    reply: &mut [u8],
    my_turn: bool,
) -> Result<Out, Cause> {
    let id = frame::response_correlation_id(reply)
        .map_err(|_| Cause::BrokerFault("the broker sent a stub of a reply"))?;
    let owed = connection.answers().settle(id);
    let number = match owed {
        Some(Owed::Reply(number)) => number,
        Some(Owed::Names) => {
            learn::learnt(connection, reply)?;
            return Ok(Out::Nothing);
        }
        Some(Owed::Login) => {
            connection.upstream_session.answered(reply);
            connection.changed.notify_all();
            return Ok(Out::Nothing);
        }
        Some(Owed::Released(chunk)) => {
            ending::released(connection, chunk, reply);
            return Ok(Out::Nothing);
        }
        None => return Err(Cause::BrokerFault("the broker sent a reply out of turn")),
    };
    let patch = connection.answers().take_patch(number);
    // the queue is borrowed for this look only: merging borrows it again
    let relay = match connection.answers().slot(number) {
        Some(Slot::Relay(relay)) => Some(*relay),
        Some(Slot::Merge(_)) => None,
        Some(Slot::Ready(_) | Slot::Patched(..)) | None => return Err(Cause::OwnFault),
    };
    let Some(relay) = relay else {
        produce::merge_upstream(connection, number, reply)?;
        return Ok(Out::Nothing);
    };
    let edit = match patch {
        None => edit_once_known(connection, relay, reply).await?,
        Some(patch) => {
            let mut whole = operations::complete(connection, relay.api_key, &patch, reply)?;
            match edit(connection, relay, &mut whole, false)? {
                Edit::InPlace => Edit::Made(whole),
                made => made,
            }
        }
    };
    let mut answers = connection.answers();
    if my_turn && answers.is_first(number) {
        answers.pop_relayed();
        return Ok(match edit {
            Edit::InPlace => Out::InPlace,
            Edit::Made(bytes) => Out::Made(bytes),
            Edit::Await(_) | Edit::Withhold => return Err(Cause::OwnFault),
        });
    }
    let bytes = match edit {
        Edit::InPlace => reply.to_vec(),
        Edit::Made(bytes) => bytes,
        Edit::Await(_) | Edit::Withhold => return Err(Cause::OwnFault),
    };
    answers.set_ready(number, bytes);
    Ok(Out::Nothing)
}

/// The same, after a while if its records name schemas that have to be asked for. Replies behind it wait as
/// well, for they leave in order.
async fn edit_once_known(
    connection: &Rc<Connection>,
    relay: Relay,
    reply: &mut [u8],
) -> Result<Edit, Cause> {
    match edit(connection, relay, reply, true)? {
        Edit::Await(ids) => {
            Box::pin(schemas::wait(connection, &ids)).await; // boxed: few connections ever wait
            edit(connection, relay, reply, false)
        }
        Edit::Withhold => {
            Box::pin(withheld::wait(connection)).await;
            edit(connection, relay, reply, false)
        }
        edit => Ok(edit),
    }
}

/// Gives a relayed reply the client's correlation id and takes out what must not leave.
/// `waits`: whether it may ask for schemas first.
fn edit(
    connection: &Rc<Connection>,
    relay: Relay,
    reply: &mut [u8],
    waits: bool,
) -> Result<Edit, Cause> {
    frame::set_response_correlation_id(reply, relay.correlation_id);
    let Relay {
        api_key,
        api_version,
        ..
    } = relay;
    match (api::lookup(api_key).map(|api| api.treatment), api_key) {
        (Some(Treatment::Inspect), api::FETCH) => {
            fetch::inspect_reply(connection, api_version, reply, waits)
        }
        (Some(Treatment::Inspect), api::SHARE_FETCH) => {
            share_fetch::inspect_reply(connection, api_version, reply, waits)
        }
        (Some(Treatment::Inspect), _) => produce::clean_reply(connection, api_version, reply),
        (Some(Treatment::Answer), api::SASL_HANDSHAKE | api::SASL_AUTHENTICATE) => {
            relay_renewal::renewed(connection, relay, reply)?;
            Ok(Edit::InPlace)
        }
        _ => {
            if api_key == api::METADATA {
                learn::overhear(connection, api_version, reply)?;
            }
            let view = connection.cluster.view.load();
            let seen = connection.seen(&view);
            match addresses::clean_reply(api_key, api_version, reply, &seen) {
                Ok(Cleaned::AsIs) => Ok(Edit::InPlace),
                Ok(Cleaned::Made(reply)) => Ok(Edit::Made(reply)),
                Err(_) => Err(Cause::BrokerFault("the broker sent a malformed reply")),
            }
        }
    }
}

async fn write_run(
    connection: &Connection,
    buffer: Buffer,
    run: Range<usize>,
) -> Result<Buffer, Cause> {
    let sent = run.len();
    connection.deadlines.writing_client(connection.core.now());
    let result = connection.client.write_all(buffer.into_part(run)).await;
    connection.deadlines.wrote_client(connection.core.now());
    connection.sent_to_client(sent);
    connection.changed.notify_all();
    result
        .map(|part| part.into_buffer())
        .map_err(|_| Cause::ClientFault("writing to the client failed"))
}

async fn write_made(connection: &Connection, bytes: Vec<u8>) -> Result<(), Cause> {
    let sent = bytes.len();
    connection.deadlines.writing_client(connection.core.now());
    let result = connection.client.write_all(Made::new(bytes)).await;
    connection.deadlines.wrote_client(connection.core.now());
    connection.sent_to_client(sent);
    result
        .map(|_| ())
        .map_err(|_| Cause::ClientFault("writing to the client failed"))
}

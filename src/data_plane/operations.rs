//! Every request that moves no records: blocked, parted, or passed on.
//!
//! Owns: what follows from the rules for it, and the completion of its reply. Refuses: a request it
//! cannot read, once a rule might have something to say of it; a subscription by pattern where a
//! rule names topics (the broker alone would choose them). Stays true: where no rule can match and
//! nothing is changed, a request is not read at all; what goes on names nothing that is denied.

use super::answers::{Owed, Relay, Slot};
use super::connection::{Cause, Connection};
use super::hearing::Hearing;
use super::learn;
use super::requests::{Step, relay};
use crate::chunk::{Nature, Operation};
use crate::kafka::frame::{self, RequestHeader};
use crate::kafka::refusal::{self, Ask, Parted, Patch};
use crate::kafka::{error, messages};
use std::rc::Rc;

const MALFORMED: Step = Step::Close(Cause::ClientFault("the client sent a malformed request"));

/// Deals with a request of an API that the table passes.
pub fn handle(connection: &Rc<Connection>, header: &RequestHeader, request: &mut [u8]) -> Step {
    let Some(operation) = refusal::operation(header.api_key) else {
        return relay(connection, header, request);
    };
    let Some(session) = connection.session() else {
        return Step::Close(Cause::OwnFault);
    };
    let core = &connection.core;
    let rules = core.rules();
    let is_free = |operation| session.is_free(&rules.policy, operation, core.now());
    let may_create = operation != Operation::Metadata || is_free(Operation::CreateTopics);
    let free = is_free(operation) && may_create;
    if free && operation.nature() != Nature::Change {
        return relay(connection, header, request);
    }
    let names = &connection.cluster.topic_ids;
    let hear = |operation| Hearing::new(core, &session, &rules.policy, names, operation);
    let mut hearing = hear(operation);
    if !free && let Err(step) = prepare(connection, header, request, hearing.all_pass()) {
        return step;
    }
    let Ok(Some(mut ask)) = Ask::read(header, request) else {
        return MALFORMED;
    };
    let others = ask.others();
    let creating = hear(Operation::CreateTopics);
    if !may_create && !ask.without_creating(&mut |topic| creating.may_appear(topic)) {
        return too_old(connection, header, request);
    }
    let parted = ask.part(&mut |named| hearing.ask(named));
    let blocked = hearing.record(&others);
    let stats = core.stats();
    stats.operations_blocked.add(u64::from(blocked));
    if operation.nature() == Nature::Change && !matches!(parted, Parted::Refused(_)) {
        stats.changes_passed.add(1);
    }
    act(connection, header, request, parted)
}

/// What must be known of a request before it is judged.
///
/// A pattern passes where no topic would be denied: rules that only observe, or that are lifted,
/// hinder nobody.
fn prepare(
    connection: &Connection,
    header: &RequestHeader,
    request: &[u8],
    open_to_all: bool,
) -> Result<(), Step> {
    let message = messages::request(header.api_key, header.api_version);
    let (Some(message), Some(body)) = (message, request.get(header.body..)) else {
        return Err(MALFORMED);
    };
    let version = header.api_version;
    messages::check(message, version, body).map_err(|_| MALFORMED)?;
    let missing = learn::missing_of(connection, |each| {
        messages::topic_ids(message, version, body, each).map(drop)
    });
    if !missing.is_empty() {
        return Err(Step::Learn(missing));
    }
    let by_pattern = messages::has_topic_regex(message, header.api_version, body);
    if by_pattern.map_err(|_| MALFORMED)? && !open_to_all {
        return Err(refuse_pattern(connection, header, request));
    }
    Ok(())
}

/// A client from before Kafka 1.0 cannot ask for a topic without creating it.
fn too_old(connection: &Connection, header: &RequestHeader, request: &[u8]) -> Step {
    let why = "a rule forbids to create a topic, and this version of Metadata does";
    no(
        connection,
        header,
        request,
        error::TOPIC_AUTHORIZATION_FAILED,
        why,
    )
}

fn refuse_pattern(connection: &Connection, header: &RequestHeader, request: &[u8]) -> Step {
    let why = "rules name topics here: subscribe by names, since only the broker knows what a \
               pattern stands for";
    no(
        connection,
        header,
        request,
        error::INVALID_REGULAR_EXPRESSION,
        why,
    )
}

fn no(
    connection: &Connection,
    header: &RequestHeader,
    request: &[u8],
    code: i16,
    why: &str,
) -> Step {
    connection.core.stats().refused.add(1);
    match refusal::refuse(header, request, code, why) {
        Some(reply) => {
            connection.answer_now(reply);
            Step::Done
        }
        None => MALFORMED,
    }
}

fn act(
    connection: &Rc<Connection>,
    header: &RequestHeader,
    request: &mut [u8],
    parted: Parted,
) -> Step {
    match parted {
        Parted::All(patch) => {
            pass(connection, header, request, patch);
            Step::Forward
        }
        Parted::Part(mut left, patch) => {
            pass(connection, header, &mut left, patch);
            Step::Replace(left)
        }
        Parted::Refused(reply) => {
            connection.answer_now(reply);
            Step::Done
        }
        Parted::Unanswerable => Step::Close(Cause::Policy),
    }
}

/// Passes a request on; its reply is completed by the patch, if there is one.
fn pass(connection: &Connection, header: &RequestHeader, request: &mut [u8], patch: Option<Patch>) {
    let Some(patch) = patch else {
        relay(connection, header, request);
        return;
    };
    let id = connection.next_correlation_id();
    frame::set_request_correlation_id(request, id);
    let relay = Relay {
        correlation_id: header.correlation_id,
        api_key: header.api_key,
        api_version: header.api_version,
    };
    let mut answers = connection.answers();
    let number = answers.push(Slot::Patched(relay, Box::new(patch)));
    answers.owe(id, Owed::Reply(number));
}

/// Completes the broker's reply to a request that was passed on with a patch.
pub fn complete(
    connection: &Connection,
    api_key: i16,
    patch: &Patch,
    reply: &[u8],
) -> Result<Vec<u8>, Cause> {
    let session = connection.session().ok_or(Cause::OwnFault)?;
    let core = &connection.core;
    let rules = core.rules();
    let operation = refusal::operation(api_key).unwrap_or(Operation::Metadata);
    let names = &connection.cluster.topic_ids;
    let mut hearing = Hearing::new(core, &session, &rules.policy, names, operation);
    let whole = patch.apply(reply, &mut |named| hearing.ask(named));
    hearing.record(&[]);
    whole.map_err(|_| Cause::BrokerFault("the broker sent a malformed reply"))
}

//! "No" to one thing, or to all of a request, as a tree in the shape of the reply.
//!
//! Owns: following a row from the request to the reply. Refuses: more answers than
//! `limits::REFUSED_ELEMENTS_MAX`, since each may repeat the text. Stays true: an answer names only
//! what the request named.

use super::row::{Code, Each, Row};
use crate::kafka::error;
use crate::kafka::messages::Message;
use crate::kafka::messages::value::{Struct, Value};
use crate::limits::REFUSED_ELEMENTS_MAX;

/// What is said, and how often it still may be.
pub(super) struct No<'a> {
    pub(super) code: i16,
    pub(super) text: &'a str,
}

/// Answers that may still be given to one request.
pub(super) struct Budget(usize);

/// A request names more than anybody answers one by one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooMany;

impl Budget {
    pub(super) fn new() -> Budget {
        Budget(REFUSED_ELEMENTS_MAX)
    }

    fn spend(&mut self) -> Result<(), TooMany> {
        self.0 = self.0.checked_sub(1).ok_or(TooMany)?;
        Ok(())
    }
}

/// Adds the refusal of one element of `each` to a reply, or to the element of it that is above.
pub(super) fn refuse_one(
    each: &Each,
    element: &Value,
    into: &mut Struct,
    no: &No<'_>,
    budget: &mut Budget,
) -> Result<(), TooMany> {
    if each.told.is_empty() {
        return refuse_inner(each, element, into, no, budget);
    }
    budget.spend()?;
    let mut told = shell(each, element, into);
    if !each.code.is_empty() {
        told.set(each.code, no.code);
        told.set(each.message, no.text);
    }
    refuse_inner(each, element, &mut told, no, budget)?;
    into.push(each.told, told);
    Ok(())
}

/// Where an element says no itself, what is inside is left out, unless it is only named there.
fn refuse_inner(
    each: &Each,
    element: &Value,
    into: &mut Struct,
    no: &No<'_>,
    budget: &mut Budget,
) -> Result<(), TooMany> {
    let Some(element) = element.inner() else {
        return Ok(());
    };
    let said = !each.code.is_empty();
    for inner in each.inner.iter().filter(|it| !(said && it.says_code())) {
        for element in element.array(inner.asked) {
            refuse_one(inner, element, into, no, budget)?;
        }
    }
    Ok(())
}

/// The element of the reply that answers an element of the request, without a word yet.
pub(super) fn shell(each: &Each, element: &Value, into: &Struct) -> Struct {
    let mut told = into.element(each.told);
    for (from, to) in each.echo {
        let value = match element {
            Value::Struct(inner) => inner.get(from),
            plain => from.is_empty().then_some(plain),
        };
        if let Some(value) = value {
            told.set(to, value.clone());
        }
    }
    for (field, number) in each.set {
        told.set(field, *number);
    }
    told
}

/// The refusal of a whole request. `request` is decoded only when the reply answers item by item;
/// `None` when it cannot be, and when no field of the reply could say no.
pub(super) fn refuse_all(
    row: Option<&Row>,
    (response, version): (&Message, i16),
    request: impl FnOnce() -> Option<Struct>,
    no: &No<'_>,
) -> Option<Struct> {
    let mut reply = response.defaults();
    for (field, number) in row.map_or(&[][..], |row| row.set) {
        reply.set(field, *number);
    }
    let mut own = response.fields.iter().filter(|f| f.is_in(version));
    let own = own.any(|field| field.name == "ErrorCode");
    let by_item = row.filter(|row| !row.items.is_empty() && (row.by_item || !own));
    let Some(row) = by_item else {
        // A row whose reply has no place at all in this version says no by an empty reply.
        return (own || row.is_some()).then(|| say(reply, no));
    };
    let request = request()?;
    let mut budget = Budget::new();
    let mut said = false;
    for each in row.items {
        for element in request.array(each.asked) {
            refuse_one(each, element, &mut reply, no, &mut budget).ok()?;
            said = true;
        }
    }
    Some(match said {
        true => reply,
        false => say(reply, no),
    })
}

/// Says no in the fields of the reply itself, as far as it has them.
fn say(mut reply: Struct, no: &No<'_>) -> Struct {
    reply.set("ErrorCode", no.code);
    reply.set("ErrorMessage", no.text);
    reply
}

impl Code {
    /// The code where the request makes no difference.
    pub(super) fn always(self) -> i16 {
        match self {
            Code::Is(code) => code,
            Code::ByKeyType => error::GROUP_AUTHORIZATION_FAILED,
            Code::ByTransactionalId => error::CLUSTER_AUTHORIZATION_FAILED,
        }
    }

    /// The code for this request.
    pub(super) fn of(self, request: &Struct) -> i16 {
        match self {
            Code::ByKeyType if request.int("KeyType") == KEY_TYPE_TRANSACTION => {
                error::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            }
            Code::ByTransactionalId if !request.is_null("TransactionalId") => {
                error::TRANSACTIONAL_ID_AUTHORIZATION_FAILED
            }
            code => code.always(),
        }
    }
}

/// FindCoordinator's type of a transactional id; 0 is a group and 2 a share group's key.
const KEY_TYPE_TRANSACTION: i64 = 1;

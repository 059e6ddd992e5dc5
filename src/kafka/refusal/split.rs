//! Walking a decoded request along its row: each topic is asked about, and the denied ones move from
//! the request to the reply.
//!
//! Owns: the walk, and the words for what is no topic. Refuses: to believe one of two names: an
//! element that gives a name and an id is denied when either is. Stays true: an element is in the
//! request or in the reply, never in both; a null array stays null.

use super::answer::{Budget, No, TooMany, refuse_one, shell};
use super::ask::{Denied, Judge, Named};
use super::row::{Each, Names, Other, RESOURCE_TOPIC, Row};
use super::shape::shape;
use crate::kafka::messages::value::{Struct, Value};
use crate::kafka::messages::{Entity, Message};
use data_encoding::HEXLOWER;

/// What the walk came to.
pub(super) struct Split {
    row: &'static Row,
    version: i16,
    budget: Budget,
    /// Topics and resources that stay in the request.
    pub(super) kept: usize,
    /// Those that moved to the reply.
    pub(super) denied: usize,
    /// Whether something denied stood inside something else, which stays.
    pub(super) nested: bool,
    /// Whether the request asks for every topic there is.
    pub(super) all: bool,
}

impl Split {
    /// Walks `request` and gives the reply to what was denied. `None` when that is too much.
    pub(super) fn of(
        row: &'static Row,
        version: i16,
        request: &mut Struct,
        response: &'static Message,
        judge: &mut Judge<'_>,
    ) -> Option<(Split, Struct)> {
        let mut split = Split {
            row,
            version,
            budget: Budget::new(),
            kept: 0,
            denied: 0,
            nested: false,
            all: false,
        };
        let mut reply = response.defaults();
        split.level(row.items, request, &mut reply, judge).ok()?;
        Some((split, reply))
    }

    fn level(
        &mut self,
        items: &[Each],
        request: &mut Struct,
        reply: &mut Struct,
        judge: &mut Judge<'_>,
    ) -> Result<(), TooMany> {
        for each in items {
            match each.names {
                Names::Other => self.above(each, request, reply, judge)?,
                _ => self.topics(each, request, reply, judge)?,
            }
        }
        Ok(())
    }

    /// Elements that name no topic themselves; what is inside may.
    fn above(
        &mut self,
        each: &Each,
        request: &mut Struct,
        reply: &mut Struct,
        judge: &mut Judge<'_>,
    ) -> Result<(), TooMany> {
        for element in request.structs_mut(each.asked) {
            if each.told.is_empty() {
                self.level(each.inner, element, reply, judge)?;
                continue;
            }
            let before = self.denied;
            let mut told = shell(each, &Value::Struct(element.clone()), reply);
            self.level(each.inner, element, &mut told, judge)?;
            if self.denied > before {
                self.nested = true;
                reply.push(each.told, told);
            }
        }
        Ok(())
    }

    fn topics(
        &mut self,
        each: &Each,
        request: &mut Struct,
        reply: &mut Struct,
        judge: &mut Judge<'_>,
    ) -> Result<(), TooMany> {
        let Some(Value::Array(asked)) = request.get_mut(each.asked) else {
            self.all |= request.is_null(each.asked);
            return Ok(());
        };
        self.all |= asked.is_empty() && self.version <= self.row.empty_is_all_until;
        let mut kept = Vec::with_capacity(asked.len());
        for element in std::mem::take(asked) {
            match denied(self.row.key, each.names, &element, judge) {
                None => kept.push(element),
                Some(denied) => {
                    let no = No {
                        code: denied.code.unwrap_or(self.code(each.names, &element)),
                        text: &denied.text,
                    };
                    refuse_one(each, &element, reply, &no, &mut self.budget)?;
                    self.denied += 1;
                }
            }
        }
        self.kept += kept.len();
        *asked = kept;
        Ok(())
    }

    fn code(&self, names: Names, element: &Value) -> i16 {
        let topic = !matches!(
            (names, element),
            (Names::Resource, Value::Struct(resource)) if resource.int("ResourceType") != RESOURCE_TOPIC
        );
        match topic {
            true => self.row.topic_code,
            false => self.row.code.always(),
        }
    }
}

/// Asks about an element by every name it gives.
fn denied(api_key: i16, names: Names, element: &Value, judge: &mut Judge<'_>) -> Option<Denied> {
    let (name, id) = names_of(names, element);
    if let Named::Topic(topic) = name
        && let Some(shape) = shape(api_key, element)
    {
        return judge(Named::Shaped(topic, &shape));
    }
    match (name, id) {
        (Named::Topic(""), Some(id)) => judge(id),
        (name, None) => judge(name),
        (name, Some(id)) => {
            let first = judge(name);
            first.or_else(|| judge(id))
        }
    }
}

/// An element's name, and its id where it gives one.
fn names_of(names: Names, element: &Value) -> (Named<'_>, Option<Named<'_>>) {
    match (names, element) {
        (Names::Topic(..), Value::Text(name)) => (Named::Topic(name), None),
        (Names::Topic(name, id), Value::Struct(topic)) => {
            let id = topic.topic_id(id);
            let name = topic.text(name).unwrap_or("");
            (Named::Topic(name), id.is_some().then_some(Named::Id(id)))
        }
        (Names::Resource, Value::Struct(it)) if it.int("ResourceType") == RESOURCE_TOPIC => {
            (Named::Topic(it.text("ResourceName").unwrap_or("")), None)
        }
        _ => (Named::Nothing, None),
    }
}

/// What an element of a reply tells of: brokers know the name that belongs to an id.
pub(super) fn told_of(names: Names, element: &Value) -> Named<'_> {
    match names_of(names, element) {
        (Named::Topic(""), Some(id)) => id,
        (name, _) => name,
    }
}

/// Every topic name in a request, wherever it stands.
pub(super) fn topic_names(request: &Struct, found: &mut dyn FnMut(&str)) {
    for (field, value) in request.iter() {
        let named = field.entity == Some(Entity::TopicName);
        names_in(value, named, found);
    }
}

fn names_in(value: &Value, named: bool, found: &mut dyn FnMut(&str)) {
    match value {
        Value::Text(name) if named => found(name),
        Value::Struct(inner) => topic_names(inner, found),
        Value::Array(all) => all.iter().for_each(|value| names_in(value, named, found)),
        _ => {}
    }
}

/// A resource that is no topic, in words (`ConfigResource.Type`).
pub(super) fn resource(element: &Struct) -> String {
    let name = element.text("ResourceName").unwrap_or("");
    let kind = match element.int("ResourceType") {
        4 => "broker",
        8 => "broker logger",
        16 => "client metrics",
        32 => "group",
        _ => "resource",
    };
    match (kind, name) {
        ("broker", "") => "every broker".to_owned(),
        _ => format!("{kind} {name}"),
    }
}

/// Other things that a request is about, in words.
pub(super) fn others(other: &Other, path: &[&str], at: &Struct, found: &mut Vec<String>) {
    let Some((array, rest)) = path.split_first() else {
        found.extend(words(other, at.get(other.field), Some(at)));
        return;
    };
    for element in at.array(array) {
        match element {
            Value::Struct(inner) => others(other, rest, inner, found),
            plain => found.extend(words(other, Some(plain), None)),
        }
    }
}

fn words(other: &Other, value: Option<&Value>, beside: Option<&Struct>) -> Option<String> {
    let label = other
        .label
        .strip_prefix('[')
        .and_then(|it| it.strip_suffix(']'));
    let label = match label {
        Some(field) => beside?.text(field)?,
        None => other.label,
    };
    match value? {
        Value::Text(name) => Some(format!("{label} {name}")),
        Value::Int(number) => Some(format!("{label} {number}")),
        Value::Uuid(id) => Some(format!("{label} {}", HEXLOWER.encode(id))),
        Value::Null => Some(format!("{label} *")),
        Value::Bool(true) => Some(label.to_owned()),
        _ => None,
    }
}

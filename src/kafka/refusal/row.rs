//! The words that the table of refusals is written in.
//!
//! Owns: what one row says of an API: which operation it is, where its request names topics and other
//! things, where its reply answers each, and with which code. Refuses: versions: a field that a
//! version does not have is neither read nor written, so one row serves all of them. Stays true: a
//! row names fields by Kafka's own names, and a test finds each of them in the table of messages.

use crate::chunk::Operation;
use crate::kafka::error;

/// One API.
#[derive(Debug)]
pub struct Row {
    /// API key.
    pub key: i16,
    /// What a rule calls it.
    pub operation: Operation,
    /// What the request asks for and the reply answers one by one.
    pub items: &'static [Each],
    /// Whether a refusal of the whole is said item by item although the reply has a code of its own.
    pub by_item: bool,
    /// Fields of the reply itself that are not zero in a refusal.
    pub set: &'static [(&'static str, i64)],
    /// What a rule's block of the whole, or of something that is no topic, is answered with.
    pub code: Code,
    /// What a rule's block of one topic is answered with.
    pub topic_code: i16,
    /// What becomes of the others when a topic is denied.
    pub denial: Denial,
    /// Whether a request that names no topic any more goes on all the same.
    pub goes_on_empty: bool,
    /// Whether an empty list of topics means every topic, up to this version; a null one always does.
    pub empty_is_all_until: i16,
    /// Arrays of the reply that tell of topics which the request may not have named.
    pub tells: &'static [Tells],
    /// Other things that the request is about, for the audit.
    pub others: &'static [Other],
}

/// What becomes of the others when a topic is denied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// They are asked for; the reply says the one and the others.
    Alone,
    /// None is asked for, and the reply says so of each (a transaction is entered whole or not).
    Together,
    /// The request is refused: its reply has no place for a single topic.
    Whole,
}

/// The code of a refusal as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// Always this one.
    Is(i16),
    /// GROUP_ or TRANSACTIONAL_ID_AUTHORIZATION_FAILED, as the key's type says (FindCoordinator).
    ByKeyType,
    /// TRANSACTIONAL_ID_AUTHORIZATION_FAILED with an id, CLUSTER_ without (InitProducerId).
    ByTransactionalId,
}

/// An array of the request and the array of the reply that answers it, element by element.
#[derive(Clone, Copy, Debug)]
pub struct Each {
    /// The array in the request, or in the element above.
    pub asked: &'static str,
    /// The array in the reply, or in the element above. Empty when the reply has no such level: what
    /// is inside then answers one level higher.
    pub told: &'static str,
    /// What an element names.
    pub names: Names,
    /// Fields that come back: in the request, in the reply. An empty name is the element itself.
    pub echo: &'static [(&'static str, &'static str)],
    /// Fields of the reply that are not zero in a refusal.
    pub set: &'static [(&'static str, i64)],
    /// Where the code goes; empty when it goes into the elements inside.
    pub code: &'static str,
    /// Where the text goes, if anywhere.
    pub message: &'static str,
    /// Arrays in the element.
    pub inner: &'static [Each],
}

/// What an element names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Nothing that a rule asks about.
    Other,
    /// A topic, in a field by name and in a field by id; either may be empty or absent.
    Topic(&'static str, &'static str),
    /// A topic when the field of the type says so, and another resource otherwise (KIP-133).
    Resource,
}

/// An array of the reply whose elements tell of a topic each.
#[derive(Clone, Copy, Debug)]
pub struct Tells {
    /// The arrays on the way to it, itself last.
    pub path: &'static [&'static str],
    /// What an element names.
    pub names: Names,
}

/// Something that the request is about beside topics.
#[derive(Clone, Copy, Debug)]
pub struct Other {
    /// What it is. A field's name in brackets stands for that field's text.
    pub label: &'static str,
    /// The arrays on the way to it.
    pub path: &'static [&'static str],
    /// Its field; empty for the element itself.
    pub field: &'static str,
}

/// The type of a config resource, ACL or quota that is a topic (`ResourceType.java`).
pub const RESOURCE_TOPIC: i64 = 2;

pub(super) const fn row(key: i16, operation: Operation, code: i16) -> Row {
    Row {
        key,
        operation,
        items: &[],
        by_item: false,
        set: &[],
        code: Code::Is(code),
        topic_code: error::TOPIC_AUTHORIZATION_FAILED,
        denial: Denial::Alone,
        goes_on_empty: false,
        empty_is_all_until: -1,
        tells: &[],
        others: &[],
    }
}

impl Row {
    pub(super) const fn items(mut self, items: &'static [Each]) -> Row {
        self.items = items;
        self
    }

    pub(super) const fn by_item(mut self) -> Row {
        self.by_item = true;
        self
    }

    pub(super) const fn set(mut self, set: &'static [(&'static str, i64)]) -> Row {
        self.set = set;
        self
    }

    pub(super) const fn code(mut self, code: Code) -> Row {
        self.code = code;
        self
    }

    pub(super) const fn topic_code(mut self, code: i16) -> Row {
        self.topic_code = code;
        self
    }

    pub(super) const fn denial(mut self, denial: Denial) -> Row {
        self.denial = denial;
        self
    }

    pub(super) const fn goes_on_empty(mut self) -> Row {
        self.goes_on_empty = true;
        self
    }

    pub(super) const fn empty_is_all_until(mut self, version: i16) -> Row {
        self.empty_is_all_until = version;
        self
    }

    pub(super) const fn tells(mut self, tells: &'static [Tells]) -> Row {
        self.tells = tells;
        self
    }

    pub(super) const fn others(mut self, others: &'static [Other]) -> Row {
        self.others = others;
        self
    }
}

pub(super) const fn each(asked: &'static str, told: &'static str) -> Each {
    Each {
        asked,
        told,
        names: Names::Other,
        echo: &[],
        set: &[],
        code: "",
        message: "",
        inner: &[],
    }
}

impl Each {
    pub(super) const fn names(mut self, names: Names) -> Each {
        self.names = names;
        self
    }

    pub(super) const fn echo(mut self, echo: &'static [(&'static str, &'static str)]) -> Each {
        self.echo = echo;
        self
    }

    pub(super) const fn set(mut self, set: &'static [(&'static str, i64)]) -> Each {
        self.set = set;
        self
    }

    pub(super) const fn code(mut self, code: &'static str, message: &'static str) -> Each {
        self.code = code;
        self.message = message;
        self
    }

    pub(super) const fn inner(mut self, inner: &'static [Each]) -> Each {
        self.inner = inner;
        self
    }

    /// Whether the code goes into this element or into one inside it.
    pub(super) fn says_code(&self) -> bool {
        !self.code.is_empty() || self.inner.iter().any(Each::says_code)
    }
}

pub(super) const fn tells(path: &'static [&'static str], names: Names) -> Tells {
    Tells { path, names }
}

pub(super) const fn other(
    label: &'static str,
    path: &'static [&'static str],
    field: &'static str,
) -> Other {
    Other { label, path, field }
}

//! The words that the generated table is written in.
//!
//! Owns: what is known of a message, a field and a type. Refuses: a field that is tagged in some of
//! its versions only (Kafka has none). Stays true: plain fields stand in the order of the wire and
//! before the tagged ones, which stand in the order of their tags; a struct never holds itself, so
//! that walking a message goes no deeper than its table.

/// Layout of a request's or a response's body in all its versions.
#[derive(Debug, PartialEq)]
pub struct Message {
    /// API key.
    pub key: i16,
    /// Kafka's name of the API, `DeleteTopics`.
    pub name: &'static str,
    /// First and last version.
    pub versions: (i16, i16),
    /// First version with compact types and tagged fields (KIP-482); `i16::MAX` when none is.
    pub flexible: i16,
    /// The fields of the body.
    pub fields: &'static [Field],
}

impl Message {
    /// Whether the table describes this version.
    pub const fn has(&self, version: i16) -> bool {
        self.versions.0 <= version && version <= self.versions.1
    }

    /// Whether this version is flexible.
    pub const fn is_flexible(&self, version: i16) -> bool {
        version >= self.flexible
    }
}

/// One field of a struct.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Kafka's name, `ErrorCode`.
    pub name: &'static str,
    /// Type on the wire.
    pub kind: Kind,
    /// First and last version that have it.
    pub versions: (i16, i16),
    /// First and last version in which it may be null.
    pub nullable: (i16, i16),
    /// Its number when it is a tagged field.
    pub tag: Option<u32>,
    /// What stands for it when it is absent.
    pub default: Absent,
    /// What it, or each of its elements, names.
    pub entity: Option<Entity>,
}

/// Type of a field.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// One byte, 0 or 1.
    Bool,
    /// One byte.
    Int8,
    /// Two bytes.
    Int16,
    /// Two bytes, unsigned.
    Uint16,
    /// Four bytes.
    Int32,
    /// Eight bytes.
    Int64,
    /// Eight bytes, IEEE 754.
    Float64,
    /// Sixteen bytes.
    Uuid,
    /// A string.
    Text,
    /// Bytes, records among them.
    Bytes,
    /// An array.
    Array(&'static Kind),
    /// A struct in place; when it may be null, behind a byte that is 1 or -1.
    Struct(&'static [Field]),
}

/// What an absent field is worth. Kafka's definitions say so.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Absent {
    /// Zero, false, empty, a struct of defaults.
    Zero,
    /// Null.
    Null,
    /// True.
    True,
    /// A number.
    Int(i64),
}

/// What a field names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entity {
    /// A topic.
    TopicName,
    /// A group.
    GroupId,
    /// A transactional id.
    TransactionalId,
    /// A producer id.
    ProducerId,
    /// A broker.
    BrokerId,
}

/// An API's two messages.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) request: Message,
    pub(super) response: Message,
}

pub(super) use Absent::Int;
pub(super) use Entity::*;
pub(super) use Kind::*;

/// No newest version.
pub(super) const N: i16 = i16::MAX;
/// Versions of what is in no version.
const NEVER: (i16, i16) = (1, 0);

pub(super) const fn pair(
    key: i16,
    name: &'static str,
    versions: (i16, i16),
    flexible: i16,
    request: &'static [Field],
    response: &'static [Field],
) -> Pair {
    Pair {
        request: Message {
            key,
            name,
            versions,
            flexible,
            fields: request,
        },
        response: Message {
            key,
            name,
            versions,
            flexible,
            fields: response,
        },
    }
}

pub(super) const fn f(name: &'static str, first: i16, last: i16, kind: Kind) -> Field {
    Field {
        name,
        kind,
        versions: (first, last),
        nullable: NEVER,
        tag: None,
        default: Absent::Zero,
        entity: None,
    }
}

impl Field {
    pub(super) const fn null(mut self, first: i16, last: i16) -> Field {
        self.nullable = (first, last);
        self
    }

    pub(super) const fn tag(mut self, tag: u32) -> Field {
        self.tag = Some(tag);
        self
    }

    pub(super) const fn or(mut self, default: Absent) -> Field {
        self.default = default;
        self
    }

    pub(super) const fn of(mut self, entity: Entity) -> Field {
        self.entity = Some(entity);
        self
    }

    /// Whether this version has the field.
    pub const fn is_in(&self, version: i16) -> bool {
        self.versions.0 <= version && version <= self.versions.1
    }

    /// Whether it may be null in this version.
    pub const fn is_nullable(&self, version: i16) -> bool {
        self.nullable.0 <= version && version <= self.nullable.1
    }

    /// The fields of the struct that it is, or that its elements are.
    pub const fn fields(&self) -> Option<&'static [Field]> {
        match self.kind {
            Struct(fields) => Some(fields),
            Array(Struct(fields)) => Some(*fields),
            _ => None,
        }
    }

    /// The least that it takes on the wire.
    fn min_bytes(&self, version: i16, flexible: bool) -> usize {
        match self.kind {
            Struct(_) if self.is_nullable(version) => 1,
            kind => kind.min_bytes(version, flexible),
        }
    }
}

impl Kind {
    /// Bytes of a type that always has as many.
    pub(super) const fn fixed_bytes(&self) -> Option<usize> {
        match self {
            Bool | Int8 => Some(1),
            Int16 | Uint16 => Some(2),
            Int32 => Some(4),
            Int64 | Float64 => Some(8),
            Uuid => Some(16),
            Text | Bytes | Array(_) | Struct(_) => None,
        }
    }

    /// The least that a value takes on the wire.
    pub(super) fn min_bytes(&self, version: i16, flexible: bool) -> usize {
        match self {
            Struct(fields) => {
                let plain = plain(fields, version);
                let least = plain.map(|field| field.min_bytes(version, flexible));
                least.sum::<usize>() + usize::from(flexible)
            }
            Text | Bytes | Array(_) if flexible => 1,
            Text => 2,
            Bytes | Array(_) => 4,
            fixed => fixed.fixed_bytes().unwrap_or(0),
        }
    }
}

/// The fields of this version that are not tagged, in the order of the wire.
pub(super) fn plain(
    fields: &'static [Field],
    version: i16,
) -> impl Iterator<Item = &'static Field> {
    let plain = fields.iter().take_while(|field| field.tag.is_none());
    plain.filter(move |field| field.is_in(version))
}

/// The tagged fields of this version, in the order of tags.
pub(super) fn tagged(
    fields: &'static [Field],
    version: i16,
) -> impl Iterator<Item = &'static Field> {
    let tagged = fields.iter().rev().take_while(|field| field.tag.is_some());
    let count = tagged.count();
    let from = fields.len() - count;
    fields
        .iter()
        .skip(from)
        .filter(move |field| field.is_in(version))
}

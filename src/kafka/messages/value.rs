//! A message as a tree, for what is taken apart, changed or answered rarely.
//!
//! Owns: values by Kafka's names of fields. Refuses: a field that the struct's layout does not have:
//! reading one gives nothing, writing one says so. Stays true: a struct has a value for every field
//! of its layout, in whatever version it was read; absent ones hold Kafka's defaults.

use super::layout::{Absent, Field, Kind, Message};
use crate::kafka::topic::TopicId;
use std::fmt;

/// What a field holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing, where a field may be null.
    Null,
    /// A boolean.
    Bool(bool),
    /// An integer of any width; what does not fit the field's is cut when it is written.
    Int(i64),
    /// A floating-point number.
    Float(f64),
    /// A uuid's sixteen bytes.
    Uuid([u8; 16]),
    /// A string.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// An array.
    Array(Vec<Value>),
    /// A struct.
    Struct(Struct),
}

/// A struct and the layout that it follows.
#[derive(Clone, PartialEq)]
pub struct Struct {
    pub(super) fields: &'static [Field],
    /// One for each of `fields`.
    pub(super) values: Box<[Value]>,
}

impl Message {
    /// A body in which every field has Kafka's default.
    pub fn defaults(&self) -> Struct {
        Struct::defaults(self.fields)
    }
}

impl Struct {
    /// A struct in which every field has Kafka's default: zero, empty, -1, or null where Kafka says
    /// so. `Field::fields` and `Struct::element` lead to the layouts of structs inside.
    pub fn defaults(fields: &'static [Field]) -> Struct {
        Struct {
            fields,
            values: fields.iter().map(default).collect(),
        }
    }

    /// A new element, all defaults, for the array of structs `name`; it is not added. Empty when
    /// there is no such array.
    pub fn element(&self, name: &str) -> Struct {
        let field = self.fields.iter().find(|field| field.name == name);
        Struct::defaults(field.and_then(Field::fields).unwrap_or(&[]))
    }

    /// The layout.
    pub fn fields(&self) -> &'static [Field] {
        self.fields
    }

    /// Every field with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Field, &Value)> {
        self.fields.iter().zip(self.values.iter())
    }

    /// Every field with its value, to change.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&'static Field, &mut Value)> {
        self.fields.iter().zip(self.values.iter_mut())
    }

    /// A field's value; `None` when the layout has no such field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(self.place(name)?)
    }

    /// A field's value, to change.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Value> {
        let place = self.place(name)?;
        self.values.get_mut(place)
    }

    /// Gives a field a value; false when the layout has no such field. `()` is null.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> bool {
        match self.get_mut(name) {
            Some(place) => {
                *place = value.into();
                true
            }
            None => false,
        }
    }

    /// A string; `None` when null or when there is no such string.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.text()
    }

    /// An integer of any width, 0 when there is none.
    pub fn int(&self, name: &str) -> i64 {
        match self.get(name) {
            Some(Value::Int(number)) => *number,
            _ => 0,
        }
    }

    /// A field of two bytes, such as an error code.
    pub fn i16(&self, name: &str) -> i16 {
        self.int(name) as i16
    }

    /// A field of four bytes, such as a partition.
    pub fn i32(&self, name: &str) -> i32 {
        self.int(name) as i32
    }

    /// A boolean, false when there is none.
    pub fn bool(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Bool(true)))
    }

    /// A uuid, zero when there is none.
    pub fn uuid(&self, name: &str) -> [u8; 16] {
        match self.get(name) {
            Some(Value::Uuid(id)) => *id,
            _ => [0; 16],
        }
    }

    /// A topic's id; `TopicId::NONE` when there is none.
    pub fn topic_id(&self, name: &str) -> TopicId {
        TopicId(self.uuid(name))
    }

    /// A struct in place; `None` when null.
    pub fn inner(&self, name: &str) -> Option<&Struct> {
        self.get(name)?.inner()
    }

    /// An array's elements; none when it is null.
    pub fn array(&self, name: &str) -> &[Value] {
        match self.get(name) {
            Some(Value::Array(all)) => all,
            _ => &[],
        }
    }

    /// Whether a field is null; a field that the layout does not have is.
    pub fn is_null(&self, name: &str) -> bool {
        matches!(self.get(name), None | Some(Value::Null))
    }

    /// An array, to change; a null one becomes empty first. `None` when it is no array.
    pub fn array_mut(&mut self, name: &str) -> Option<&mut Vec<Value>> {
        let field = self.fields.get(self.place(name)?)?;
        let value = self.get_mut(name)?;
        if matches!(field.kind, Kind::Array(_)) && *value == Value::Null {
            *value = Value::Array(Vec::new());
        }
        match value {
            Value::Array(all) => Some(all),
            _ => None,
        }
    }

    /// The elements of an array of structs.
    pub fn structs(&self, name: &str) -> impl Iterator<Item = &Struct> {
        self.array(name).iter().filter_map(Value::inner)
    }

    /// The elements of an array of structs, to change; a null array stays null.
    pub fn structs_mut(&mut self, name: &str) -> impl Iterator<Item = &mut Struct> {
        let all = match self.get_mut(name) {
            Some(Value::Array(all)) => all.as_mut_slice(),
            _ => &mut [],
        };
        all.iter_mut().filter_map(|value| match value {
            Value::Struct(inner) => Some(inner),
            _ => None,
        })
    }

    /// The elements of an array of strings.
    pub fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        self.array(name).iter().filter_map(Value::text)
    }

    /// Adds an element to an array; false when there is no such array.
    pub fn push(&mut self, name: &str, value: impl Into<Value>) -> bool {
        match self.array_mut(name) {
            Some(all) => {
                all.push(value.into());
                true
            }
            None => false,
        }
    }

    /// Where a field stands. Two fields may share a name when no version has both (Kafka has none
    /// so far); the first is meant.
    fn place(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }
}

impl fmt::Debug for Struct {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields = self.iter().map(|(field, value)| (field.name, value));
        out.debug_map().entries(fields).finish()
    }
}

impl Value {
    /// A string; `None` for anything else.
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A struct; `None` for anything else.
    pub fn inner(&self) -> Option<&Struct> {
        match self {
            Value::Struct(inner) => Some(inner),
            _ => None,
        }
    }
}

/// What stands for an absent field.
pub(super) fn default(field: &Field) -> Value {
    match (field.default, &field.kind) {
        (Absent::Null, _) => Value::Null,
        (Absent::True, _) => Value::Bool(true),
        (Absent::Int(number), _) => Value::Int(number),
        (Absent::Zero, kind) => zero(kind),
    }
}

fn zero(kind: &Kind) -> Value {
    match kind {
        Kind::Bool => Value::Bool(false),
        Kind::Int8 | Kind::Int16 | Kind::Uint16 | Kind::Int32 | Kind::Int64 => Value::Int(0),
        Kind::Float64 => Value::Float(0.0),
        Kind::Uuid => Value::Uuid([0; 16]),
        Kind::Text => Value::Text(String::new()),
        Kind::Bytes => Value::Bytes(Vec::new()),
        Kind::Array(_) => Value::Array(Vec::new()),
        Kind::Struct(fields) => Value::Struct(Struct::defaults(fields)),
    }
}

macro_rules! from {
    ($($type:ty => $value:expr),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from(from: $type) -> Value {
                $value(from)
            }
        })*
    };
}

from! {
    () => |()| Value::Null,
    bool => Value::Bool,
    i8 => |n| Value::Int(i64::from(n)),
    i16 => |n| Value::Int(i64::from(n)),
    i32 => |n| Value::Int(i64::from(n)),
    i64 => Value::Int,
    f64 => Value::Float,
    [u8; 16] => Value::Uuid,
    TopicId => |id: TopicId| Value::Uuid(id.0),
    String => Value::Text,
    &str => |text: &str| Value::Text(text.to_owned()),
    Option<&str> => |text: Option<&str>| text.map_or(Value::Null, Value::from),
    Vec<u8> => Value::Bytes,
    Vec<Value> => Value::Array,
    Struct => Value::Struct,
}

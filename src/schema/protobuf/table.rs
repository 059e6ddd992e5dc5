//! A compiled schema: messages that refer to each other by index.
//!
//! Owns: the types. Refuses: options, services, extensions, defaults. Stays true: the fields of a
//! message ascend by number, and every index is within the table.

/// A compiled schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub(super) messages: Vec<Message>,
    /// Messages of the main file that are in no other, in its order.
    pub(super) top: Vec<MessageId>,
}

/// A message of a [`Schema`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageId(pub(super) u32);

#[derive(Clone, Debug, Default)]
pub(super) struct Message {
    /// Its full name.
    pub name: Box<str>,
    pub fields: Vec<Field>,
    /// Messages declared in it, without those that stand for entries of maps.
    pub nested: Vec<MessageId>,
    /// It stands for an entry of a map: key 1, value 2.
    pub entry: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Field {
    pub number: u32,
    pub name: Box<str>,
    pub label: Label,
    pub of: FieldType,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Label {
    Optional,
    Required,
    Repeated,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldType {
    Scalar(Scalar),
    Text,
    Bytes,
    Message(MessageId),
    /// Its type is defined nowhere: it is told by its look.
    Unknown,
}

/// Types whose length is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Double,
    Float,
    Int64,
    Uint64,
    Int32,
    Uint32,
    Sint32,
    Sint64,
    Fixed64,
    Fixed32,
    Sfixed32,
    Sfixed64,
    Boolean,
    Enum,
}

impl Schema {
    pub(super) fn message(&self, id: MessageId) -> Option<&Message> {
        self.messages.get(id.0 as usize)
    }

    /// The message that message indexes lead to, as [`crate::schema::wire::message_indexes`] reads
    /// them. As Confluent's Java serialiser counts, entries of maps are none.
    pub fn by_indexes(&self, indexes: &[u32]) -> Option<MessageId> {
        let (last, outer) = indexes.split_last()?;
        let inside = outer.iter().try_fold(self.top.as_slice(), |list, index| {
            let id = list.get(*index as usize)?;
            Some(self.message(*id)?.nested.as_slice())
        });
        inside?.get(*last as usize).copied()
    }

    /// The message of this full name: package, messages around it, name.
    pub fn by_name(&self, name: &str) -> Option<MessageId> {
        let found = self.messages.iter().position(|m| &*m.name == name)?;
        Some(MessageId(found as u32))
    }

    /// Messages and fields in it.
    pub fn size(&self) -> usize {
        let fields = self.messages.iter().map(|message| message.fields.len());
        self.messages.len() + fields.sum::<usize>()
    }
}

impl Message {
    pub fn field(&self, number: u32) -> Option<(u32, &Field)> {
        let at = self
            .fields
            .binary_search_by_key(&number, |f| f.number)
            .ok()?;
        Some((at as u32, self.fields.get(at)?))
    }
}

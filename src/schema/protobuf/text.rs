//! A schema from the text of `.proto` files (protobuf.dev, *Language Specification*).
//!
//! Owns: the statements that say how bytes are laid out: packages, messages, fields, maps, oneofs,
//! groups, enums. Refuses: to check what a compiler checks; options, services and extensions are
//! passed over. Stays true: time is linear in the text, and nesting is bounded.

use super::draft::{Draft, DraftField, DraftType, SchemaFault};
use super::lexer::{Lexer, Word};
use super::table::{FieldType, Label, MessageId, Scalar, Schema};
use crate::limits::{PROTO_NESTING_MAX, SCHEMA_BYTES_MAX};

/// The types that every compiler brings along, as far as people use them in records.
const WELL_KNOWN: &str = include_str!("well_known.proto");

impl Schema {
    /// Compiles a file. `imports` are the files that it imports, and those that they import, in any
    /// order; those of `google/protobuf` need not be among them.
    pub fn from_proto(text: &str, imports: &[&str]) -> Result<Schema, SchemaFault> {
        let bytes: usize = imports.iter().map(|text| text.len()).sum();
        if bytes.saturating_add(text.len()) > SCHEMA_BYTES_MAX {
            return Err(SchemaFault::TooLarge);
        }
        let mut draft = Draft::default();
        if imports
            .iter()
            .chain([&text])
            .any(|text| text.contains("google/protobuf/"))
        {
            File::read(&mut draft, WELL_KNOWN)?;
        }
        for import in imports {
            File::read(&mut draft, import)?;
        }
        for id in File::read(&mut draft, text)? {
            draft.top(id);
        }
        Ok(draft.finish())
    }
}

/// One file while it is read.
struct File<'t, 'd> {
    words: Lexer<'t>,
    draft: &'d mut Draft,
}

impl<'t> File<'t, '_> {
    /// Reads all of it; its messages that are in no other.
    fn read(draft: &mut Draft, text: &'t str) -> Result<Vec<MessageId>, SchemaFault> {
        let words = Lexer::new(text);
        let mut file = File { words, draft };
        let (mut package, mut top) = ("", Vec::new());
        loop {
            match file.words.peek() {
                Word::End => return Ok(top),
                Word::Mark(';') => drop(file.words.next()),
                Word::Name("package") => {
                    file.words.next();
                    package = file.words.name()?;
                    file.words.mark(';')?;
                }
                Word::Name("message") => top.push(file.message(package, 0)?),
                Word::Name("enum") => file.enumeration(package)?,
                _ => file.words.skip_statement()?,
            }
        }
    }

    fn enumeration(&mut self, scope: &str) -> Result<(), SchemaFault> {
        self.words.next();
        let name = self.words.name()?;
        self.draft.enumeration(scope, name)?;
        self.words.skip_statement()
    }

    fn message(&mut self, scope: &str, depth: usize) -> Result<MessageId, SchemaFault> {
        self.words.next();
        let name = self.words.name()?;
        let id = self.draft.message(scope, name, false)?;
        self.body(id, depth)?;
        Ok(id)
    }

    /// What stands between the braces of a message or a group.
    fn body(&mut self, of: MessageId, depth: usize) -> Result<(), SchemaFault> {
        if depth > PROTO_NESTING_MAX {
            return Err(SchemaFault::TooLarge);
        }
        let scope = self.draft.name(of).to_owned();
        self.words.mark('{')?;
        loop {
            match self.words.peek() {
                Word::Mark('}') => return self.words.mark('}'),
                Word::Mark(';') => drop(self.words.next()),
                Word::Name("message") if self.opens_block() => {
                    self.message(&scope, depth + 1)?;
                }
                Word::Name("enum") if self.opens_block() => self.enumeration(&scope)?,
                Word::Name("oneof") if self.opens_block() => self.oneof(of, depth)?,
                Word::Name("option" | "reserved" | "extensions" | "extend") => {
                    self.words.skip_statement()?;
                }
                Word::Name(_) => self.field(of, depth)?,
                _ => return Err(self.words.fault("a message's statement")),
            }
        }
    }

    /// Whether a keyword is one: a type may have its name.
    fn opens_block(&self) -> bool {
        let mut ahead = self.words.clone();
        ahead.next();
        ahead.next();
        ahead.next() == Word::Mark('{')
    }

    fn oneof(&mut self, of: MessageId, depth: usize) -> Result<(), SchemaFault> {
        self.words.next();
        self.words.name()?;
        self.words.mark('{')?;
        loop {
            match self.words.peek() {
                Word::Mark('}') => return self.words.mark('}'),
                Word::Mark(';') => drop(self.words.next()),
                Word::Name("option") => self.words.skip_statement()?,
                Word::Name(_) => self.field(of, depth)?,
                _ => return Err(self.words.fault("a oneof's statement")),
            }
        }
    }

    /// `[label] type name = number [options];`
    fn field(&mut self, of: MessageId, depth: usize) -> Result<(), SchemaFault> {
        let mut kind = self.words.name()?;
        let label = match kind {
            "required" => Label::Required,
            "repeated" => Label::Repeated,
            _ => Label::Optional,
        };
        if matches!(kind, "optional" | "required" | "repeated") {
            kind = self.words.name()?;
        }
        if kind == "map" && self.words.peek() == Word::Mark('<') {
            return self.map(of);
        }
        let name = self.words.name()?;
        let number = self.number()?;
        if kind == "group" {
            let scope = self.draft.name(of).to_owned();
            let group = self.draft.message(&scope, name, false)?;
            let of_group = DraftType::Known(FieldType::Message(group));
            let field = draft_field(number, &name.to_ascii_lowercase(), label, of_group);
            self.draft.field(of, field)?;
            self.options()?;
            return self.body(group, depth + 1);
        }
        let field = draft_field(number, name, label, type_of(kind));
        self.draft.field(of, field)?;
        self.words.skip_statement()
    }

    /// `map<key, value> name = number [options];` is a repeated message of a key and a value.
    fn map(&mut self, of: MessageId) -> Result<(), SchemaFault> {
        self.words.mark('<')?;
        let key = type_of(self.words.name()?);
        self.words.mark(',')?;
        let value = type_of(self.words.name()?);
        self.words.mark('>')?;
        let name = self.words.name()?;
        let number = self.number()?;
        let scope = self.draft.name(of).to_owned();
        // No name of a type can have a dash in it.
        let entry = self.draft.message(&scope, &format!("{name}-entry"), true)?;
        let optional = Label::Optional;
        let inside = |of: MessageId| DraftType::Known(FieldType::Message(of));
        self.draft
            .field(entry, draft_field(1, "key", optional, key))?;
        self.draft
            .field(entry, draft_field(2, "value", optional, value))?;
        let field = draft_field(number, name, Label::Repeated, inside(entry));
        self.draft.field(of, field)?;
        self.words.skip_statement()
    }

    /// `= number`
    fn number(&mut self) -> Result<u32, SchemaFault> {
        self.words.mark('=')?;
        let text = self.words.name()?;
        let number = match text.get(..2) {
            Some("0x" | "0X") => u32::from_str_radix(text.get(2..).unwrap_or_default(), 16),
            _ if text.starts_with('0') => u32::from_str_radix(text, 8),
            _ => text.parse(),
        };
        number.map_err(|_| self.words.fault("a field's number"))
    }

    /// `[…]` in front of a group's body.
    fn options(&mut self) -> Result<(), SchemaFault> {
        let mut depth = 0usize;
        while self.words.peek() != Word::Mark('{') || depth > 0 {
            match self.words.next() {
                Word::Mark('[' | '{') => depth += 1,
                Word::Mark(']' | '}') if depth > 0 => depth -= 1,
                Word::End => return Err(self.words.fault("a group without a body")),
                _ => {}
            }
        }
        Ok(())
    }
}

fn draft_field(number: u32, name: &str, label: Label, of: DraftType) -> DraftField {
    DraftField {
        number,
        name: name.to_owned(),
        label,
        of,
    }
}

fn type_of(name: &str) -> DraftType {
    DraftType::Known(FieldType::Scalar(match name {
        "double" => Scalar::Double,
        "float" => Scalar::Float,
        "int64" => Scalar::Int64,
        "uint64" => Scalar::Uint64,
        "int32" => Scalar::Int32,
        "uint32" => Scalar::Uint32,
        "sint32" => Scalar::Sint32,
        "sint64" => Scalar::Sint64,
        "fixed64" => Scalar::Fixed64,
        "fixed32" => Scalar::Fixed32,
        "sfixed32" => Scalar::Sfixed32,
        "sfixed64" => Scalar::Sfixed64,
        "bool" => Scalar::Boolean,
        "string" => return DraftType::Known(FieldType::Text),
        "bytes" => return DraftType::Known(FieldType::Bytes),
        name => return DraftType::Named(name.to_owned()),
    }))
}

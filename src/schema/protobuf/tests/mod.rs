//! The walk held against prost-reflect, and the reader of `.proto` texts against protox.
#![allow(clippy::unwrap_used)]

mod cases;
mod maker;

use super::*;
use crate::schema::edit::{Edit, EditFault, Malformed, With};
use crate::schema::path::Element;
use crate::schema::varint;
use maker::{made, messages};
use proptest::prelude::*;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, MessageDescriptor, Value};

/// The message `M` of a text, by another compiler.
fn by_protox(text: &str) -> (Vec<u8>, MessageDescriptor) {
    let file = protox::file::File::from_source("m.proto", text).unwrap();
    let mut compiler = protox::Compiler::with_file_resolver(Only(file));
    compiler.include_imports(true).open_file("m.proto").unwrap();
    let set = compiler.encode_file_descriptor_set();
    let pool = DescriptorPool::decode(set.as_slice()).unwrap();
    let message = pool.get_message_by_name("t.M").unwrap();
    (set, message)
}

/// One file, and those that every compiler has.
struct Only(protox::file::File);

impl protox::file::FileResolver for Only {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        match name {
            "m.proto" => {
                let source = self.0.source().unwrap_or_default();
                protox::file::File::from_source(name, source)
            }
            _ => protox::file::GoogleFileResolver::new().open_file(name),
        }
    }
}

type Told = Vec<(String, String)>;

/// Path and value of every leaf, keys left out, as the decoder has them.
fn decoded(value: &Value, path: &str, all: &mut Told) {
    let shown = match value {
        Value::Message(message) => return decoded_fields(message, path, all),
        Value::List(items) => {
            let inner = items.iter().enumerate();
            return inner.for_each(|(i, v)| decoded(v, &format!("{path}/{i}"), all));
        }
        Value::Map(entries) => {
            for (key, value) in entries {
                let key = match key {
                    MapKey::String(key) => key.clone(),
                    MapKey::I32(key) => key.to_string(),
                    other => panic!("{other:?}"),
                };
                decoded(value, &format!("{path}/{key}"), all);
            }
            return;
        }
        Value::Bool(value) => u8::from(*value).to_string(),
        Value::I32(value) | Value::EnumNumber(value) => value.to_string(),
        Value::I64(value) => value.to_string(),
        Value::U32(value) => value.to_string(),
        Value::U64(value) => value.to_string(),
        Value::F32(value) => value.to_string(),
        Value::F64(value) => value.to_string(),
        Value::Bytes(bytes) => format!("{:?}", bytes.to_vec()),
        Value::String(text) => text.clone(),
    };
    all.push((path.to_owned(), shown));
}

fn decoded_fields(message: &DynamicMessage, path: &str, all: &mut Told) {
    for (field, value) in message.fields() {
        decoded(value, &format!("{path}/{}", field.name()), all);
    }
}

fn by_prost(of: &MessageDescriptor, bytes: &[u8]) -> Told {
    let message = DynamicMessage::decode(of.clone(), bytes).unwrap();
    let mut all = Vec::new();
    decoded_fields(&message, "", &mut all);
    all.sort();
    all
}

/// Path and value of a leaf, in the same words.
fn walked(leaf: &Leaf<'_>) -> (String, String) {
    let mut path = String::new();
    for element in leaf.elements() {
        path += &match element {
            Element::Name(name) => format!("/{}", String::from_utf8_lossy(name.raw())),
            Element::Index(index) => format!("/{index}"),
            Element::Number(number) => format!("/{number}"),
            Element::Cut => panic!("cut"),
        };
    }
    let bytes = leaf.bytes();
    let shown = match leaf.kind {
        Kind::Fraction => match bytes.len() {
            4 => f32::from_le_bytes(bytes.try_into().unwrap()).to_string(),
            _ => f64::from_le_bytes(bytes.try_into().unwrap()).to_string(),
        },
        Kind::Text => String::from_utf8(bytes.to_vec()).unwrap(),
        Kind::Name if leaf.scalar.is_none() => String::from_utf8(bytes.to_vec()).unwrap(),
        Kind::Bytes => format!("{bytes:?}"),
        _ => leaf
            .number
            .map_or("beyond 63 bits".to_owned(), |n| n.to_string()),
    };
    (path, shown)
}

type Seen = Vec<(Kind, std::ops::Range<usize>, (String, String))>;

fn walk(mut walk: Walk<'_>) -> Result<Seen, Malformed> {
    let mut all = Vec::new();
    while let Some(leaf) = walk.next_leaf()? {
        all.push((leaf.kind, leaf.span(), walked(&leaf)));
    }
    Ok(all)
}

fn values(seen: &Seen) -> Told {
    let values = seen.iter().filter(|(kind, ..)| *kind != Kind::Name);
    let mut values: Vec<_> = values.map(|(.., told)| told.clone()).collect();
    values.sort();
    values
}

/// Messages and fields in words that do not depend on their order in the table.
fn told(schema: &Schema) -> Vec<String> {
    let mut all = Vec::new();
    for message in &schema.messages {
        let name = |id: &MessageId| {
            let message = schema.message(*id).unwrap();
            if message.entry {
                "entry".to_owned()
            } else {
                message.name.to_string()
            }
        };
        let own = schema
            .messages
            .iter()
            .position(|m| std::ptr::eq(m, message))
            .unwrap();
        let own = name(&MessageId(own as u32));
        if message.name.starts_with("google.") {
            continue;
        }
        let nested: Vec<String> = message.nested.iter().map(name).collect();
        all.push(format!("{own}: {nested:?}"));
        for field in &message.fields {
            let of = match &field.of {
                table::FieldType::Message(id) => name(id),
                other => format!("{other:?}"),
            };
            let what = (field.number, &field.name, field.label, of);
            all.push(format!("{own}: {what:?}"));
        }
    }
    all.sort();
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_text_means_what_another_compiler_says(of in messages(), proto3: bool) {
        let (text, _) = made(&of, &[7], proto3);
        let (set, _) = by_protox(&text);
        let (ours, theirs) = (Schema::from_proto(&text, &[]).unwrap(), Schema::from_descriptors(&set).unwrap());
        prop_assert_eq!(told(&ours), told(&theirs), "{}", text);
        prop_assert_eq!(ours.by_indexes(&[0]), ours.by_name("t.M"));
    }

    #[test]
    fn every_leaf_is_what_the_decoder_says(
        of in messages(), chance in proptest::collection::vec(any::<u8>(), 1..60), proto3: bool
    ) {
        let (text, bytes) = made(&of, &chance, proto3);
        let schema = Schema::from_proto(&text, &[]).unwrap();
        let id = schema.by_name("t.M").unwrap();
        let seen = walk(Walk::new(&schema, id, &bytes, &mut Scratch::default())).unwrap();
        let (_, message) = by_protox(&text);
        prop_assert_eq!(values(&seen), by_prost(&message, &bytes), "{}", text);
        prop_assert!(walk(Walk::by_look(&bytes, &mut Scratch::default())).is_ok());
    }

    #[test]
    fn what_is_replaced_reads_so_and_the_rest_as_before(
        of in messages(), chance in proptest::collection::vec(any::<u8>(), 1..60), proto3: bool,
        every in 1..4usize, len in 1..300usize
    ) {
        let (text, bytes) = made(&of, &chance, proto3);
        let schema = Schema::from_proto(&text, &[]).unwrap();
        let id = schema.by_name("t.M").unwrap();
        let seen = walk(Walk::new(&schema, id, &bytes, &mut Scratch::default())).unwrap();
        let content = "x".repeat(len);
        let (mut edits, mut wanted) = (Vec::new(), Vec::new());
        for (i, (kind, span, (path, was))) in seen.iter().enumerate() {
            let number = 1 + ((i as i64 % 100) << (i % 24));
            let (with, is) = match kind {
                _ if i % every != 0 || span.is_empty() || *kind == Kind::Name => (None, was.clone()),
                Kind::Text => (Some(With::Content(content.as_bytes())), content.clone()),
                Kind::Bytes => (Some(With::Content(b"*")), "[42]".to_owned()),
                Kind::Fraction => (Some(With::Number(7)), "7".to_owned()),
                Kind::Boolean => (Some(With::Number(7)), "1".to_owned()),
                _ => (Some(With::Number(number)), number.to_string()),
            };
            edits.extend(with.map(|with| Edit { span: span.clone(), with }));
            if *kind != Kind::Name {
                wanted.push((path.clone(), is));
            }
        }
        wanted.sort();
        let made = replace(Some((&schema, id)), &bytes, &edits, &mut Scratch::default()).unwrap();
        let (_, message) = by_protox(&text);
        prop_assert_eq!(by_prost(&message, &made), wanted);
        prop_assert!(!edits.is_empty() || made == bytes);
    }

    #[test]
    fn any_bytes_are_survived(
        of in messages(), chance in proptest::collection::vec(any::<u8>(), 1..60),
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..40u8], 0..200), flip in 0..400usize
    ) {
        let (text, message) = made(&of, &chance, true);
        let schema = Schema::from_proto(&text, &[]).unwrap();
        let id = schema.by_name("t.M").unwrap();
        let mut hurt = message.clone();
        if let Some(byte) = hurt.get_mut(flip / 2) {
            *byte ^= 1 << (flip % 8);
        }
        for bytes in [&bytes, &hurt] {
            let mut scratch = Scratch::default();
            for by_look in [false, true] {
                let mut walk = match by_look {
                    true => Walk::by_look(bytes, &mut scratch),
                    false => Walk::new(&schema, id, bytes, &mut scratch),
                };
                let (mut end, mut edits) = (0, Vec::new());
                let whole = loop {
                    let leaf = match walk.next_leaf() {
                        Ok(Some(leaf)) => leaf,
                        Ok(None) => break true,
                        Err(_) => break false,
                    };
                    prop_assert!(leaf.prefix().start >= end && leaf.span().end <= bytes.len());
                    end = leaf.span().end;
                    if !leaf.span().is_empty() {
                        edits.push(Edit { span: leaf.span(), with: With::Nothing });
                    }
                };
                let schema = (!by_look).then_some((&schema, id));
                let made = replace(schema, bytes, &edits, &mut scratch);
                prop_assert_eq!(made.is_ok(), whole, "{:?}", made);
            }
        }
        let _ = (Schema::from_descriptors(&bytes), looks_like_protobuf(&bytes));
    }

    #[test]
    fn any_text_is_a_schema_or_a_fault(text in "(message|enum|oneof|map<|>|[{};=\\[\\]()\"/*. a1]|\n){0,60}") {
        let _ = Schema::from_proto(&text, &[]);
    }
}

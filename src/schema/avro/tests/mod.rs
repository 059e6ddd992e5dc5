//! The walk held against apache-avro, which decodes a datum into a tree.
#![allow(clippy::unwrap_used)]

mod cases;

use super::*;
use crate::schema::edit::{Edit, EditFault, Malformed, With};
use crate::schema::path::Element;
use crate::schema::varint;
use apache_avro::types::Value as Decoded;
use proptest::prelude::*;
use serde_json::{Value, json};

/// A type to make a schema and data of.
#[derive(Clone, Debug)]
enum Type {
    Plain(&'static str),
    Fixed(usize),
    Enum(usize),
    Record(Vec<Type>),
    Array(Box<Type>),
    Map(Box<Type>),
    Optional(Box<Type>),
}

const PLAIN: &[&str] = &[
    "null", "boolean", "int", "long", "float", "double", "bytes", "string",
];

fn types() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        4 => proptest::sample::select(PLAIN).prop_map(Type::Plain),
        1 => (0..9usize).prop_map(Type::Fixed),
        1 => (1..4usize).prop_map(Type::Enum),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Type::Record),
            inner.clone().prop_map(|t| Type::Array(t.into())),
            inner.clone().prop_map(|t| Type::Map(t.into())),
            inner.prop_map(|t| match t {
                Type::Plain("null") | Type::Optional(_) => t,
                _ => Type::Optional(t.into()),
            }),
        ]
    })
}

/// Writes schema and datum at once, choosing from bytes that chance made.
struct Maker<'c> {
    chance: std::iter::Cycle<std::slice::Iter<'c, u8>>,
    named: usize,
    datum: Vec<u8>,
}

impl Maker<'_> {
    fn choose(&mut self, below: usize) -> usize {
        usize::from(*self.chance.next().unwrap()) % below
    }

    fn long(&mut self, value: i64) {
        varint::push(&mut self.datum, varint::zigzag(value));
    }

    fn name(&mut self) -> String {
        self.named += 1;
        format!("N{}", self.named)
    }

    fn schema(&mut self, of: &Type) -> Value {
        match of {
            Type::Plain(name) => json!(name),
            Type::Fixed(size) => json!({"type": "fixed", "name": self.name(), "size": size}),
            Type::Enum(symbols) => {
                let symbols: Vec<_> = (0..*symbols).map(|i| format!("S{i}")).collect();
                json!({"type": "enum", "name": self.name(), "symbols": symbols})
            }
            Type::Record(fields) => {
                let name = self.name();
                let field = |(i, t)| json!({"name": format!("f{i}"), "type": self.schema(t)});
                let fields: Vec<_> = fields.iter().enumerate().map(field).collect();
                json!({"type": "record", "name": name, "fields": fields})
            }
            Type::Array(inner) => json!({"type": "array", "items": self.schema(inner)}),
            Type::Map(inner) => json!({"type": "map", "values": self.schema(inner)}),
            Type::Optional(inner) => json!(["null", self.schema(inner)]),
        }
    }

    fn datum(&mut self, of: &Type) {
        match of {
            Type::Plain("null") => {}
            Type::Plain("boolean") => {
                let byte = self.choose(2) as u8;
                self.datum.push(byte);
            }
            Type::Plain("int") => {
                let value = (self.choose(256) as i64 - 128) << self.choose(24);
                self.long(value);
            }
            Type::Plain("long") => {
                let value = (self.choose(256) as i64 - 128) << self.choose(56);
                self.long(value);
            }
            Type::Plain("float") => {
                let value = self.choose(256) as f32 / 4.0;
                self.datum.extend(value.to_le_bytes());
            }
            Type::Plain("double") => {
                let value = self.choose(256) as f64 / 4.0;
                self.datum.extend(value.to_le_bytes());
            }
            Type::Plain(_) => {
                let len = self.choose(80);
                self.long(len as i64);
                self.datum.extend((0..len).map(|i| b'a' + (i % 26) as u8));
            }
            Type::Fixed(size) => self.datum.extend((0..*size).map(|i| i as u8)),
            Type::Enum(symbols) => {
                let symbol = self.choose(*symbols) as i64;
                self.long(symbol);
            }
            Type::Record(fields) => fields.iter().for_each(|field| self.datum(field)),
            Type::Optional(inner) => {
                let branch = self.choose(2);
                self.long(branch as i64);
                if branch == 1 {
                    self.datum(inner);
                }
            }
            Type::Array(inner) => self.blocks(inner, false),
            Type::Map(inner) => self.blocks(inner, true),
        }
    }

    /// Up to two blocks, each with its size or without.
    fn blocks(&mut self, inner: &Type, keys: bool) {
        for _ in 0..self.choose(3) {
            let (count, sized) = (1 + self.choose(3), self.choose(2) == 1);
            let before = std::mem::take(&mut self.datum);
            for _ in 0..count {
                if keys {
                    let key = self.name();
                    self.long(key.len() as i64);
                    self.datum.extend(key.bytes());
                }
                self.datum(inner);
            }
            let block = std::mem::replace(&mut self.datum, before);
            match sized {
                true => {
                    self.long(-(count as i64));
                    self.long(block.len() as i64);
                }
                false => self.long(count as i64),
            }
            self.datum.extend(block);
        }
        self.datum.push(0);
    }
}

fn made(of: &Type, chance: &[u8]) -> (String, Vec<u8>) {
    let mut maker = Maker {
        chance: chance.iter().cycle(),
        named: 0,
        datum: Vec::new(),
    };
    let schema = maker.schema(of).to_string();
    maker.datum(of);
    (schema, maker.datum)
}

/// Path and value of every leaf, keys left out, as the decoder has them.
fn decoded(value: &Decoded, path: &str, all: &mut Vec<(String, String)>) {
    let shown = match value {
        Decoded::Record(fields) => {
            let inner = fields.iter();
            return inner.for_each(|(name, v)| decoded(v, &format!("{path}/{name}"), all));
        }
        Decoded::Array(items) => {
            let inner = items.iter().enumerate();
            return inner.for_each(|(i, v)| decoded(v, &format!("{path}/{i}"), all));
        }
        Decoded::Map(entries) => {
            let inner = entries.iter();
            return inner.for_each(|(key, v)| decoded(v, &format!("{path}/{key}"), all));
        }
        Decoded::Union(_, inner) => return decoded(inner, path, all),
        Decoded::Null => "null".to_owned(),
        Decoded::Boolean(value) => value.to_string(),
        Decoded::Int(value) => value.to_string(),
        Decoded::Long(value) => value.to_string(),
        Decoded::Float(value) => value.to_string(),
        Decoded::Double(value) => value.to_string(),
        Decoded::Bytes(bytes) | Decoded::Fixed(_, bytes) => format!("{bytes:?}"),
        Decoded::String(text) => text.clone(),
        Decoded::Enum(symbol, _) => format!("S{symbol}"),
        other => panic!("{other:?}"),
    };
    all.push((path.to_owned(), shown));
}

fn by_apache(schema: &str, datum: &[u8]) -> Vec<(String, String)> {
    let schema = apache_avro::Schema::parse_str(schema).unwrap();
    let mut rest = datum;
    let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema)
        .build()
        .unwrap();
    let value = reader.read_value(&mut rest).unwrap();
    assert!(rest.is_empty());
    let mut all = Vec::new();
    decoded(&value, "", &mut all);
    all.sort();
    all
}

/// Path and value of a leaf, in the same words.
fn walked(leaf: &Leaf<'_>) -> (String, String) {
    let mut path = String::new();
    for element in leaf.elements() {
        match element {
            Element::Name(name) => path += &format!("/{}", String::from_utf8_lossy(name.raw())),
            Element::Index(index) => path += &format!("/{index}"),
            other => panic!("{other:?}"),
        }
    }
    let bytes = leaf.bytes();
    let shown = match leaf.kind {
        Kind::Null => "null".to_owned(),
        Kind::Boolean => (bytes == [1]).to_string(),
        Kind::Int | Kind::Long => leaf.number.unwrap().to_string(),
        Kind::Float => f32::from_le_bytes(bytes.try_into().unwrap()).to_string(),
        Kind::Double => f64::from_le_bytes(bytes.try_into().unwrap()).to_string(),
        Kind::Bytes | Kind::Fixed => format!("{bytes:?}"),
        Kind::Text | Kind::Name => String::from_utf8(bytes.to_vec()).unwrap(),
        Kind::Enum => format!("S{}", varint::unzigzag(varint::read(bytes, 0).unwrap().0)),
    };
    (path, shown)
}

type Seen = Vec<(Kind, std::ops::Range<usize>, bool, (String, String))>;

fn walk(schema: &Schema, datum: &[u8]) -> Result<Seen, Malformed> {
    let (mut scratch, mut all) = (Scratch::default(), Vec::new());
    let mut walk = Walk::new(schema, datum, &mut scratch);
    while let Some(leaf) = walk.next_leaf()? {
        assert_eq!(datum.get(leaf.span()), Some(leaf.bytes()));
        all.push((leaf.kind, leaf.span(), leaf.is_optional(), walked(&leaf)));
    }
    Ok(all)
}

fn values(seen: &Seen) -> Vec<(String, String)> {
    let values = seen.iter().filter(|(kind, ..)| *kind != Kind::Name);
    let mut values: Vec<_> = values.map(|(.., told)| told.clone()).collect();
    values.sort();
    values
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_leaf_is_what_the_decoder_says(of in types(), chance in proptest::collection::vec(any::<u8>(), 1..60)) {
        let (text, datum) = made(&of, &chance);
        let schema = Schema::compile(&text, &[]).unwrap();
        let seen = walk(&schema, &datum).unwrap();
        prop_assert_eq!(values(&seen), by_apache(&text, &datum));
    }

    #[test]
    fn what_is_replaced_reads_so_and_the_rest_as_before(
        of in types(), chance in proptest::collection::vec(any::<u8>(), 1..60), every in 1..4usize, nothing: bool
    ) {
        let (text, datum) = made(&of, &chance);
        let schema = Schema::compile(&text, &[]).unwrap();
        let seen = walk(&schema, &datum).unwrap();
        let (mut edits, mut wanted) = (Vec::new(), Vec::new());
        let contents: Vec<Vec<u8>> = seen.iter().map(|(_, span, ..)| vec![7; span.len()]).collect();
        for (i, (kind, span, optional, (path, was))) in seen.iter().enumerate() {
            let number = (i as i64 % 4) << (i % 28);
            let (with, is) = match kind {
                _ if i % every != 0 || span.is_empty() || *kind == Kind::Name => (None, was.clone()),
                _ if nothing && *optional => (Some(With::Nothing), "null".to_owned()),
                Kind::Boolean | Kind::Enum if *optional => (Some(With::Nothing), "null".to_owned()),
                Kind::Text if nothing => (Some(With::Nothing), String::new()),
                Kind::Text => (Some(With::Content(b"[gone]")), "[gone]".to_owned()),
                Kind::Bytes => (Some(With::Content(b"*")), "[42]".to_owned()),
                Kind::Fixed => (Some(With::Content(&contents[i])), format!("{:?}", contents[i])),
                Kind::Int | Kind::Long => (Some(With::Number(number)), number.to_string()),
                Kind::Float | Kind::Double => (Some(With::Number(7)), "7".to_owned()),
                Kind::Boolean => (Some(With::Nothing), "false".to_owned()),
                Kind::Enum => (Some(With::Nothing), "S0".to_owned()),
                Kind::Null | Kind::Name => (None, was.clone()),
            };
            if let Some(with) = with {
                edits.push(Edit { span: span.clone(), with });
            }
            if *kind != Kind::Name {
                wanted.push((path.clone(), is));
            }
        }
        wanted.sort();
        let made = replace(&schema, &datum, &edits, &mut Scratch::default()).unwrap();
        prop_assert_eq!(by_apache(&text, &made), wanted);
        if edits.is_empty() {
            prop_assert_eq!(made, datum);
        }
    }

    #[test]
    fn any_bytes_of_any_schema_are_survived(
        of in types(), chance in proptest::collection::vec(any::<u8>(), 1..60),
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..4u8], 0..200), flip in 0..400usize
    ) {
        let (text, datum) = made(&of, &chance);
        let schema = Schema::compile(&text, &[]).unwrap();
        let mut hurt = datum.clone();
        if let Some(byte) = hurt.get_mut(flip / 2) {
            *byte ^= 1 << (flip % 8);
        }
        for bytes in [bytes, hurt] {
            let mut scratch = Scratch::default();
            let mut walk = Walk::new(&schema, &bytes, &mut scratch);
            let mut end = 0;
            while let Ok(Some(leaf)) = walk.next_leaf() {
                prop_assert!(leaf.prefix().start >= end && leaf.span().end <= bytes.len());
                end = leaf.span().end;
            }
        }
    }
}

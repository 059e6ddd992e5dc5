//! Records of two formats, walked, scanned and masked, and read back by other readers of the formats.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::chunk::{DetectorSet, Form, Part};
use crate::scan::mask::{self, Edits, Mask, MaskKeys, MaskStyle, Masker, Order};
use crate::scan::{Engine, Scratch, every_detector};
use crate::schema::registered::{Known, Language, Registered, Schemas};
use apache_avro::reader::datum::GenericDatumReader;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use proptest::prelude::*;
use std::sync::{Arc, LazyLock};

static ENGINE: LazyLock<Engine> = LazyLock::new(|| Engine::new(every_detector()));

const AVRO: &str = r#"{"type": "record", "name": "Customer", "fields": [
    {"name": "name", "type": "string"},
    {"name": "ssn", "type": "long"},
    {"name": "cards", "type": {"type": "array", "items": "string"}},
    {"name": "notes", "type": {"type": "map", "values": ["null", "string"]}},
    {"name": "photo", "type": "bytes"},
    {"name": "short_ssn", "type": ["null", "int"]}]}"#;

const PROTO: &str = r#"syntax = "proto3"; package t;
message Customer { string name = 1; Person person = 2; repeated string cards = 3; map<string, string> notes = 4;
    message Person { int64 ssn = 1; uint32 short_ssn = 2; string mail = 3; } }"#;

fn schemas() -> Schemas {
    let known = |language, text: &str| {
        let made = Registered::compile(language, text.into(), Vec::new());
        Known::Schema(Arc::new(made))
    };
    let schemas = Schemas::default();
    let schemas = schemas.with(SchemaId::Number(1), known(Language::Avro, AVRO));
    schemas.with(SchemaId::Number(2), known(Language::Protobuf, PROTO))
}

/// Somebody.
#[derive(Clone, Debug)]
struct Person {
    name: String,
    ssn: i64,
    cards: Vec<String>,
    notes: Vec<(String, Option<String>)>,
    photo: Vec<u8>,
    short_ssn: Option<i32>,
}

fn ann() -> Person {
    Person {
        name: "Ann \"A.\" Lee".into(),
        ssn: 536_904_399,
        cards: vec!["4111 1111 1111 1111".into(), "none".into()],
        notes: vec![("mail".into(), Some("ann@example.com\nor so".into()))],
        photo: vec![0, 1, 2, 255],
        short_ssn: Some(536_904_398),
    }
}

fn avro(person: &Person) -> Vec<u8> {
    let text = |text: &String| Value::String(text.clone());
    let note = |note: &Option<String>| match note {
        None => Value::Union(0, Value::Null.into()),
        Some(note) => Value::Union(1, text(note).into()),
    };
    let notes = person.notes.iter().map(|(key, v)| (key.clone(), note(v)));
    let short = match person.short_ssn {
        None => Value::Union(0, Value::Null.into()),
        Some(number) => Value::Union(1, Value::Int(number).into()),
    };
    let value = Value::Record(vec![
        ("name".into(), text(&person.name)),
        ("ssn".into(), Value::Long(person.ssn)),
        (
            "cards".into(),
            Value::Array(person.cards.iter().map(text).collect()),
        ),
        ("notes".into(), Value::Map(notes.collect())),
        ("photo".into(), Value::Bytes(person.photo.clone())),
        ("short_ssn".into(), short),
    ]);
    let schema = apache_avro::Schema::parse_str(AVRO).unwrap();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    let datum = writer.write_value_to_vec(value).unwrap();
    [b"\0\0\0\0\x01".as_slice(), &datum].concat()
}

fn read_avro(bytes: &[u8]) -> Value {
    let schema = apache_avro::Schema::parse_str(AVRO).unwrap();
    let mut datum = &bytes[5..];
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    let value = reader.read_value(&mut datum).unwrap();
    assert!(datum.is_empty(), "nothing is left over");
    value
}

fn descriptor() -> prost_reflect::MessageDescriptor {
    let file = protox::file::File::from_source("m.proto", PROTO).unwrap();
    let mut set = protox::Compiler::with_file_resolver(Only(file));
    set.open_file("m.proto").unwrap();
    let bytes = set.encode_file_descriptor_set();
    let pool = prost_reflect::DescriptorPool::decode(bytes.as_slice()).unwrap();
    pool.get_message_by_name("t.Customer").unwrap()
}

struct Only(protox::file::File);

impl protox::file::FileResolver for Only {
    fn open_file(&self, name: &str) -> Result<protox::file::File, protox::Error> {
        protox::file::File::from_source(name, self.0.source().unwrap_or_default())
    }
}

fn message(person: &Person) -> prost_reflect::DynamicMessage {
    use prost_reflect::{DynamicMessage, MapKey, Value as V};
    let mut made = DynamicMessage::new(descriptor());
    made.set_field_by_name("name", V::String(person.name.clone()));
    let cards = person.cards.iter().map(|card| V::String(card.clone()));
    made.set_field_by_name("cards", V::List(cards.collect()));
    let notes = person.notes.iter().map(|(key, note)| {
        let note = note.clone().unwrap_or_default();
        (MapKey::String(key.clone()), V::String(note))
    });
    made.set_field_by_name("notes", V::Map(notes.collect()));
    let of = descriptor().get_field_by_name("person").unwrap();
    let mut inner = DynamicMessage::new(of.kind().as_message().unwrap().clone());
    inner.set_field_by_name("ssn", V::I64(person.ssn));
    inner.set_field_by_name("short_ssn", V::U32(person.short_ssn.unwrap_or(0) as u32));
    made.set_field_by_name("person", V::Message(inner));
    made
}

fn protobuf(person: &Person) -> Vec<u8> {
    use prost_reflect::prost::Message;
    [
        b"\0\0\0\0\x02\0".as_slice(),
        &message(person).encode_to_vec(),
    ]
    .concat()
}

fn read_protobuf(bytes: &[u8]) -> prost_reflect::DynamicMessage {
    prost_reflect::DynamicMessage::decode(descriptor(), &bytes[6..]).unwrap()
}

/// A body of these values, one byte between them.
fn body(values: &[Vec<u8>]) -> (Vec<u8>, Vec<Field>) {
    let (mut body, mut fields) = (Vec::new(), Vec::new());
    for (value, record) in values.iter().zip(0..) {
        body.push(7);
        let start = body.len() as u32;
        body.extend_from_slice(value);
        let (part, end) = (Part::Value, body.len() as u32);
        fields.push(Field {
            record,
            part,
            start,
            end,
        });
    }
    (body, fields)
}

fn lexicon(schemas: &Schemas) -> Lexicon<'_> {
    Lexicon {
        schemas,
        asks: true,
        any: None,
    }
}

fn scan(
    walker: &mut Walker,
    body: &[u8],
    fields: &[Field],
    schemas: &Schemas,
) -> (Vec<Finding>, Scanned) {
    let mut found = Vec::new();
    let fields = fields.iter().copied();
    let scanned = walker.scan(
        &ENGINE,
        body,
        fields,
        &lexicon(schemas),
        &mut Scratch::new(),
        &mut found,
    );
    (found, scanned)
}

/// Detector, path, form and bytes of all that is found in one value.
fn seen(value: Vec<u8>) -> Vec<(String, String, Form, Vec<u8>)> {
    let (schemas, mut walker) = (schemas(), Walker::default());
    let (body, fields) = body(&[value]);
    let (found, scanned) = scan(&mut walker, &body, &fields, &schemas);
    assert_eq!(scanned.fault, None);
    let told = walker.told(&fields[0]).unwrap();
    let mut paths = Paths::of_text(&walker, told);
    let texts = walker.found().iter().zip(found.iter().skip(scanned.raw));
    let shown = texts.map(|(text, lies)| {
        let path = paths.at((text.start - told.text.start) as usize);
        let bytes = body[lies.start as usize..lies.end as usize].to_vec();
        (
            ENGINE.name(lies.detector).to_owned(),
            path,
            lies.form,
            bytes,
        )
    });
    shown.collect()
}

#[test]
fn a_number_of_avro_is_found_by_its_name_and_told_with_its_path() {
    let seen = seen(avro(&ann()));
    let told: Vec<_> = seen
        .iter()
        .map(|(d, p, f, _)| (d.as_str(), p.as_str(), *f))
        .collect();
    assert_eq!(
        told,
        [
            ("us_ssn", "ssn", Form::Packed),
            ("payment_card", "cards[0]", Form::Plain),
            ("email", "notes.mail", Form::Plain),
            ("us_ssn", "short_ssn", Form::Packed),
        ]
    );
    assert_eq!(seen[1].3, b"4111 1111 1111 1111");
    assert_eq!(seen[2].3, b"ann@example.com");
}

#[test]
fn a_number_of_protobuf_is_found_too() {
    let seen = seen(protobuf(&ann()));
    let mut told: Vec<_> = seen
        .iter()
        .map(|(d, p, f, _)| (d.as_str(), p.as_str(), *f))
        .collect();
    told.sort_by_key(|(_, path, _)| *path);
    assert_eq!(
        told,
        [
            ("payment_card", "cards[0]", Form::Plain),
            ("email", "notes.mail", Form::Plain),
            ("us_ssn", "person.short_ssn", Form::Packed),
            ("us_ssn", "person.ssn", Form::Packed),
        ]
    );
}

#[test]
fn without_a_schema_protobuf_is_read_by_its_look() {
    let bytes = protobuf(&Person {
        cards: vec!["4111111111111111".into()],
        ..ann()
    });
    let (empty, mut walker) = (Schemas::default(), Walker::default());
    for (value, missing) in [(bytes[6..].to_vec(), 0), (bytes.clone(), 1)] {
        let (body, fields) = body(&[value]);
        let (found, scanned) = scan(&mut walker, &body, &fields, &empty);
        let names: Vec<_> = found.iter().map(|f| ENGINE.name(f.detector)).collect();
        assert!(
            names.contains(&"payment_card") && names.contains(&"email"),
            "{names:?}"
        );
        let cards = names.iter().filter(|name| **name == "payment_card").count();
        assert_eq!(cards, 1, "found in both ways and told once");
        assert_eq!((walker.missing().len(), scanned.fault), (missing, None));
    }
}

#[test]
fn what_does_not_fit_its_schema_is_a_fault_and_is_scanned_as_it_lies() {
    let (schemas, mut walker) = (schemas(), Walker::default());
    let wrong = b"\0\0\0\0\x01 not a customer: 4111111111111111".to_vec();
    let number = 0x0000_0001_0000_0007u64.to_be_bytes().to_vec(); // looks framed
    let (body, fields) = body(&[wrong, number]);
    let (found, scanned) = scan(&mut walker, &body, &fields, &schemas);
    assert_eq!(found.len(), 1);
    let fault = scanned.fault.unwrap().to_string();
    assert!(
        fault.contains("the schema 1 and value 0 of the batch do not go together"),
        "{fault}"
    );
}

#[test]
fn json_needs_no_schema() {
    let (schemas, mut walker) = (Schemas::default(), Walker::default());
    let (body, fields) = body(&[b"\0\0\0\0\x09{\"ssn\":536904399}".to_vec()]);
    let (found, scanned) = scan(&mut walker, &body, &fields, &schemas);
    assert_eq!(
        (found.len(), scanned.raw, walker.missing().len()),
        (1, 1, 0)
    );
}

/// The values with all that was found masked so.
fn masked(values: &[Vec<u8>], style: &MaskStyle, schemas: &Schemas) -> Vec<Vec<u8>> {
    let mut walker = Walker::default();
    let (body, fields) = body(values);
    let (found, scanned) = scan(&mut walker, &body, &fields, schemas);
    let keys = MaskKeys::derive(b"0123456789abcdef0123456789abcdef");
    let masker = Masker {
        engine: &ENGINE,
        keys: keys.as_ref(),
        upto: usize::MAX,
    };
    let mask = |_: usize, _: &Finding| Some(Mask::from(style.clone()));
    let raw = found.iter().take(scanned.raw);
    let mut raw: Vec<_> = raw
        .map(|f| Order {
            finding: *f,
            mask: style.clone().into(),
        })
        .collect();
    let mut edits = Edits::new();
    let lexicon = lexicon(schemas);
    let plan = Plan {
        masker: &masker,
        lexicon: &lexicon,
        body: &body,
    };
    let all = fields.iter().copied();
    walker
        .plan(&plan, all, &mut raw, mask, &mut Scratch::new(), &mut edits)
        .unwrap();
    let cut = fields.iter().map(|field| {
        let mut out = Vec::new();
        mask::splice(
            &body,
            field.start as usize..field.end as usize,
            edits.iter(),
            &mut out,
        );
        out
    });
    cut.collect()
}

#[test]
fn a_masked_number_is_a_number_of_its_type() {
    let made = masked(
        &[avro(&ann()), b"plain 536-90-4399".to_vec()],
        &MaskStyle::Full,
        &schemas(),
    );
    let Value::Record(fields) = read_avro(&made[0]) else {
        panic!()
    };
    assert_eq!(fields[1].1, Value::Long(900_000_000));
    assert_eq!(fields[0].1, Value::String("Ann \"A.\" Lee".into()));
    assert_eq!(fields[5].1, Value::Union(1, Value::Int(900_000_000).into()));
    assert_eq!(made[1], b"plain XXX-XX-XXXX");
}

#[test]
fn what_a_type_cannot_hold_is_left_empty() {
    let phone = Person {
        short_ssn: Some(2_125_550_143),
        ..ann()
    };
    let text = AVRO.replace("short_ssn", "telephone");
    let registered = Registered::compile(Language::Avro, text.as_str().into(), Vec::new());
    let schemas = Schemas::default().with(SchemaId::Number(1), Known::Schema(Arc::new(registered)));
    let made = masked(&[avro(&phone)], &MaskStyle::Full, &schemas);
    let Value::Record(fields) = read_avro(&made[0]) else {
        panic!()
    };
    assert_eq!(
        fields[5].1,
        Value::Union(0, Value::Null.into()),
        "9,000,000,000 is no int"
    );
}

#[test]
fn a_removed_value_is_null_or_empty() {
    let made = masked(
        &[avro(&ann()), protobuf(&ann())],
        &MaskStyle::Remove,
        &schemas(),
    );
    let Value::Record(fields) = read_avro(&made[0]) else {
        panic!()
    };
    assert_eq!(fields[1].1, Value::Long(0));
    assert_eq!(fields[5].1, Value::Union(0, Value::Null.into()));
    let message = read_protobuf(&made[1]);
    let cards = message.get_field_by_name("cards").unwrap().into_owned();
    assert_eq!(
        cards.as_list().unwrap().len(),
        2,
        "the others keep their places"
    );
}

fn person() -> impl Strategy<Value = Person> {
    let text = || {
        prop_oneof![
            Just("4111 1111 1111 1111".to_owned()),
            Just("536-90-4399".to_owned()),
            Just("ssn".to_owned()),
            Just("ann@example.com".to_owned()),
            Just("GB29NWBK60161331926819".to_owned()),
            "[ -~\n\t]{0,12}",
            any::<String>(),
        ]
    };
    let number = prop_oneof![
        Just(536_904_399i64),
        Just(4_111_111_111_111_111),
        any::<i64>()
    ];
    let short = proptest::option::of(prop_oneof![Just(536_904_398i32), 0..i32::MAX]);
    let notes = proptest::collection::vec((text(), proptest::option::of(text())), 0..3);
    (
        text(),
        number,
        proptest::collection::vec(text(), 0..4),
        notes,
        proptest::collection::vec(any::<u8>(), 0..40),
        short,
    )
        .prop_map(|(name, ssn, cards, notes, photo, short_ssn)| Person {
            name,
            ssn,
            cards,
            notes,
            photo,
            short_ssn,
        })
}

fn style() -> impl Strategy<Value = MaskStyle> {
    proptest::sample::select(vec![
        MaskStyle::Full,
        MaskStyle::Remove,
        MaskStyle::Token,
        MaskStyle::KeepLast(4),
        MaskStyle::FormatPreserving,
        MaskStyle::Replace("[gone]".into()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_masked_record_is_read_by_others_and_holds_nothing_more(person in person(), style in style()) {
        let schemas = schemas();
        let values = [avro(&person), protobuf(&person)];
        let made = masked(&values, &style, &schemas);
        read_avro(&made[0]);
        read_protobuf(&made[1]);
        if style != MaskStyle::FormatPreserving {
            let (body, fields) = body(&made[..1]);
            let (found, _) = scan(&mut Walker::default(), &body, &fields, &schemas);
            let likely = |f: &&Finding| f.likelihood >= crate::chunk::Likelihood::Likely;
            prop_assert_eq!(found.iter().filter(likely).count(), 0, "{:?}", found);
        }
    }

    #[test]
    fn any_bytes_are_survived(
        front in proptest::sample::select(vec![&b"\0\0\0\0\x01"[..], b"\0\0\0\0\x02\0", b"\0\0\0\0\x07", b""]),
        person in person(), flips in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        style in style(), noise in proptest::collection::vec(any::<u8>(), 0..60), real: bool, proto: bool,
    ) {
        let mut value = if proto { protobuf(&person) } else { avro(&person) };
        if !real {
            value = [front, &noise].concat();
        }
        for (at, byte) in flips {
            let at = at.index(value.len().max(1));
            if let Some(old) = value.get_mut(at) { *old = byte; }
        }
        masked(&[value.clone(), b"{}".to_vec(), value], &style, &schemas());
    }
}

#[test]
fn only_the_set_is_looked_for() {
    let engine = Engine::new(DetectorSet::default());
    let (schemas, mut walker, mut out) = (schemas(), Walker::default(), Vec::new());
    let (body, fields) = body(&[avro(&ann())]);
    let all = fields.iter().copied();
    walker.scan(
        &engine,
        &body,
        all,
        &lexicon(&schemas),
        &mut Scratch::new(),
        &mut out,
    );
    assert!(out.is_empty());
}

/// The names that rules compare, in records of every format.
#[test]
fn findings_of_formats_lie_in_fields_by_their_names() {
    let schemas = schemas();
    let look = [0x0a, 0x10]
        .iter()
        .copied()
        .chain(*b"4111111111111111")
        .collect();
    for (value, wanted) in [
        (
            avro(&ann()),
            vec!["cards", "notes/mail", "short_ssn", "ssn"],
        ),
        (
            protobuf(&ann()),
            vec!["cards", "notes/mail", "person/short_ssn", "person/ssn"],
        ),
        (look, vec!["1"]),
    ] {
        let mut walker = Walker::default();
        let (body, fields) = body(&[value]);
        let (found, scanned) = scan(&mut walker, &body, &fields, &schemas);
        let located = Located {
            body: &body,
            findings: &found,
            raw: scanned.raw,
            wanted: every_detector(),
        };
        let mut told = std::collections::BTreeSet::new();
        let mut count = 0;
        walker.locate(&located, fields.iter().copied(), &mut |_, path| {
            let names: Vec<_> = (0..path.len()).filter_map(|at| path.get(at)).collect();
            told.insert(names.join("/"));
            count += 1;
        });
        assert_eq!(count, found.len(), "each is told once");
        assert_eq!(Vec::from_iter(told), wanted);
    }
}

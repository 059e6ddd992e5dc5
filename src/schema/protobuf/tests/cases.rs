//! Single behaviours of the walk, of guesses, of replacement, and of schemas.

use super::*;
use crate::limits::PROTOBUF_DEPTH_MAX;

const PEOPLE: &str = r#"
    syntax = "proto3";
    package org.example;
    import "google/protobuf/timestamp.proto";
    import "elsewhere.proto";
    message Other { message Inner { string a = 1; } map<string, string> m = 2; message Second { int32 b = 1; } }
    message Person {
        string name = 1;
        int64 ssn = 2;
        repeated Phone phones = 3;
        map<string, string> tags = 4;
        google.protobuf.Timestamp born = 5;
        elsewhere.Unknown more = 6;
        repeated sint64 cards = 7;
        message Phone { string number = 1; }
    }
"#;

fn person() -> (Schema, MessageId) {
    let schema = Schema::from_proto(PEOPLE, &[]).unwrap();
    let id = schema.by_name("org.example.Person").unwrap();
    (schema, id)
}

fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::push(&mut bytes, number << 3 | 2);
    varint::push(&mut bytes, content.len() as u64);
    bytes.extend_from_slice(content);
    bytes
}

fn integer(number: u64, value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint::push(&mut bytes, number << 3);
    varint::push(&mut bytes, value);
    bytes
}

fn ann() -> Vec<u8> {
    let phone = |number: &[u8]| field(3, &field(1, number));
    let entry = [field(2, b"blue"), field(1, b"eyes")].concat();
    let card = 2 * 4_111_111_111_111_111;
    let mut cards = Vec::new();
    varint::push(&mut cards, card);
    varint::push(&mut cards, card);
    [
        field(1, b"Ann"),
        integer(2, 123_456_789),
        phone(b"555-0100"),
        phone(b"555-0101"),
        field(4, &entry),
        field(5, &integer(1, 1_000_000)),
        field(6, &field(1, b"text")),
        field(7, &cards),
        integer(99, 5),
    ]
    .concat()
}

#[test]
fn leaves_say_what_they_are() {
    let ((schema, id), bytes) = (person(), ann());
    let mut scratch = Scratch::default();
    let mut walk = Walk::new(&schema, id, &bytes, &mut scratch);
    let mut all = Vec::new();
    while let Some(leaf) = walk.next_leaf().unwrap() {
        all.push((leaf.path(), leaf.kind, leaf.number));
    }
    let card = Some(4_111_111_111_111_111);
    let wanted = [
        ("name", Kind::Text, None),
        ("ssn", Kind::Integer, Some(123_456_789)),
        ("phones[0].number", Kind::Text, None),
        ("phones[1].number", Kind::Text, None),
        ("tags.eyes", Kind::Text, None),
        ("tags.eyes", Kind::Name, None),
        ("born.seconds", Kind::Integer, Some(1_000_000)),
        ("more.1", Kind::Text, None),
        ("cards[0]", Kind::Integer, card),
        ("cards[1]", Kind::Integer, card),
        ("99", Kind::Integer, Some(5)),
    ];
    assert_eq!(
        all,
        wanted.map(|(path, kind, number)| (path.to_owned(), kind, number))
    );
}

#[test]
fn without_a_schema_paths_are_numbers() {
    let bytes = ann();
    assert!(looks_like_protobuf(&bytes));
    let (mut scratch, mut all) = (Scratch::default(), Vec::new());
    let mut walk = Walk::by_look(&bytes, &mut scratch);
    while let Some(leaf) = walk.next_leaf().unwrap() {
        all.push((leaf.path(), leaf.kind));
    }
    let kinds = all.iter().map(|(path, kind)| (path.as_str(), *kind));
    let wanted = [
        ("1", Kind::Text),
        ("2", Kind::Integer),
        ("3.1", Kind::Text),
        ("3.1", Kind::Text),
        ("4.2", Kind::Text),
        ("4.1", Kind::Text),
        ("5.1", Kind::Integer),
        ("6.1", Kind::Text),
        ("7[0]", Kind::Integer),
        ("7[1]", Kind::Integer),
        ("99", Kind::Integer),
    ];
    assert!(kinds.eq(wanted), "{all:?}");
}

#[test]
fn all_lengths_around_a_value_are_written_anew() {
    let ((schema, id), bytes) = (person(), ann());
    let at = bytes.windows(8).position(|w| w == b"555-0101").unwrap();
    let long = "x".repeat(200);
    for schema in [Some((&schema, id)), None] {
        let edit = [Edit {
            span: at..at + 8,
            with: With::Content(long.as_bytes()),
        }];
        let made = replace(schema, &bytes, &edit, &mut Scratch::default());
        let phone = field(3, &field(1, long.as_bytes()));
        let wanted = [&bytes[..at - 4], &phone, &bytes[at + 8..]].concat();
        assert_eq!(made, Ok(wanted));
    }
}

#[test]
fn a_removed_field_is_gone_and_a_removed_element_is_empty() {
    let ((schema, id), bytes) = (person(), ann());
    let gone = |needle: &[u8]| {
        let at = bytes
            .windows(needle.len())
            .position(|w| w == needle)
            .unwrap();
        let edit = [Edit {
            span: at..at + needle.len(),
            with: With::Nothing,
        }];
        let made = replace(Some((&schema, id)), &bytes, &edit, &mut Scratch::default()).unwrap();
        values(&walk(Walk::new(&schema, id, &made, &mut Scratch::default())).unwrap())
    };
    let has = |left: &Told, path: &str| left.iter().any(|(p, _)| p == path);
    assert!(!has(&gone(b"Ann"), "/name"));
    assert!(has(&gone(b"Ann"), "/ssn"));
    assert!(gone(b"eyes").contains(&("/tags/".to_owned(), "blue".to_owned())));
    let mut ssn = Vec::new();
    varint::push(&mut ssn, 123_456_789);
    assert!(!has(&gone(&ssn), "/ssn"));
    let mut card = Vec::new();
    varint::push(&mut card, 2 * 4_111_111_111_111_111);
    assert!(gone(&card).contains(&("/cards/0".to_owned(), "0".to_owned())));
    assert!(has(&gone(&card), "/cards/1"));
}

#[test]
fn text_that_could_be_a_message_keeps_its_length() {
    let bytes = [field(1, b"123-45-6789"), integer(2, 1)].concat();
    let mut scratch = Scratch::default();
    let mut walk = Walk::by_look(&bytes, &mut scratch);
    let leaf = walk.next_leaf().unwrap().unwrap();
    assert_eq!((leaf.kind, leaf.keeps_length), (Kind::Text, true));
    let change = |with| {
        let edit = [Edit { span: 2..13, with }];
        replace(None, &bytes, &edit, &mut Scratch::default())
    };
    assert!(matches!(
        change(With::Content(b"[us_ssn]")),
        Err(EditFault::Unfit { at: 2, .. })
    ));
    let masked = [field(1, b"***********"), integer(2, 1)].concat();
    assert_eq!(change(With::Content(b"***********")), Ok(masked));
    let blank = [field(1, b"           "), integer(2, 1)].concat();
    assert_eq!(change(With::Nothing), Ok(blank));
}

#[test]
fn message_indexes_lead_to_the_message() {
    let (schema, _) = person();
    let name = |indexes: &[u32]| {
        schema
            .by_indexes(indexes)
            .map(|id| schema.message(id).unwrap().name.to_string())
    };
    assert_eq!(name(&[0]).as_deref(), Some("org.example.Other"));
    assert_eq!(name(&[1, 0]).as_deref(), Some("org.example.Person.Phone"));
    assert_eq!(
        name(&[0, 1]).as_deref(),
        Some("org.example.Other.Second"),
        "an entry does not count"
    );
    assert_eq!(name(&[2]), None);
    assert_eq!(name(&[]), None);
}

#[test]
fn an_import_is_found_by_its_full_name() {
    let text = "import 'a.proto'; message M { a.b.C c = 1; .a.b.C d = 2; }";
    let import = "package a.b; message C { string s = 1; }";
    let schema = Schema::from_proto(text, &[import]).unwrap();
    let id = schema.by_name("M").unwrap();
    let bytes = [field(1, &field(1, b"x")), field(2, &field(1, b"y"))].concat();
    let seen = values(&walk(Walk::new(&schema, id, &bytes, &mut Scratch::default())).unwrap());
    let wanted = [("/c/s", "x"), ("/d/s", "y")];
    assert!(
        seen.iter()
            .map(|(p, v)| (p.as_str(), v.as_str()))
            .eq(wanted),
        "{seen:?}"
    );
}

#[test]
fn groups_are_walked_to_their_ends() {
    let text =
        "message M { repeated group Item = 3 { optional string s = 1; } optional int32 n = 4; }";
    let schema = Schema::from_proto(text, &[]).unwrap();
    let id = schema.by_name("M").unwrap();
    let group = [
        vec![3 << 3 | 3],
        field(1, b"x"),
        vec![3 << 3 | 4],
        integer(4, 7),
    ]
    .concat();
    let seen = values(&walk(Walk::new(&schema, id, &group, &mut Scratch::default())).unwrap());
    let wanted = [("/item/0/s", "x"), ("/n", "7")];
    assert!(
        seen.iter()
            .map(|(p, v)| (p.as_str(), v.as_str()))
            .eq(wanted),
        "{seen:?}"
    );
    let open = [3 << 3 | 3];
    assert!(walk(Walk::new(&schema, id, &open, &mut Scratch::default())).is_err());
    assert!(
        walk(Walk::new(
            &schema,
            id,
            &[4 << 3 | 4],
            &mut Scratch::default()
        ))
        .is_err()
    );
}

#[test]
fn what_nests_too_deep_is_refused() {
    let schema = Schema::from_proto("message M { M m = 1; }", &[]).unwrap();
    let id = schema.by_name("M").unwrap();
    let nested = |levels: usize| (0..levels).fold(Vec::new(), |inner, _| field(1, &inner));
    let end = |levels: usize| {
        walk(Walk::new(
            &schema,
            id,
            &nested(levels),
            &mut Scratch::default(),
        ))
    };
    assert!(end(PROTOBUF_DEPTH_MAX - 1).is_ok());
    assert!(end(PROTOBUF_DEPTH_MAX + 1).is_err());
    assert!(
        walk(Walk::by_look(&nested(2000), &mut Scratch::default())).is_ok(),
        "it is bytes then"
    );
}

#[test]
fn a_fault_says_the_line() {
    let fault = |text: &str| {
        Schema::from_proto(text, &[])
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    assert!(fault("message M {\n  string a 1;\n}").ends_with("in line 2"));
    assert!(fault("message M {\n\n").ends_with("in line 3"));
    let deep = "message M { ".repeat(100_000);
    assert_eq!(
        Schema::from_proto(&deep, &[]).map(|_| ()),
        Err(SchemaFault::TooLarge)
    );
}

#[test]
fn packed_integers_are_told_from_bytes() {
    let mut row = Vec::new();
    varint::push(&mut row, 123_456_789);
    varint::push(&mut row, 987_654_321);
    let blob = b"\x00\x01123-45-6789\xff";
    let bytes = [field(1, &row), field(2, blob)].concat();
    let seen = walk(Walk::by_look(&bytes, &mut Scratch::default())).unwrap();
    let kinds: Vec<Kind> = seen.iter().map(|(kind, ..)| *kind).collect();
    assert_eq!(kinds, [Kind::Integer, Kind::Integer, Kind::Bytes]);
}

#[test]
fn each_field_is_read_a_few_times_however_deep_it_lies() {
    let leaves = integer(3, 300).repeat(1000);
    for levels in [1, 4, 10, 15] {
        let bytes = (0..levels).fold(leaves.clone(), |inner, _| field(2, &inner));
        fields::READ.set(0);
        let seen = walk(Walk::by_look(&bytes, &mut Scratch::default())).unwrap();
        assert_eq!(seen.len(), 1000);
        assert!(
            fields::READ.get() <= 2 * (1000 + levels),
            "{} at {levels}",
            fields::READ.get()
        );
    }
    let deeper = (0..PROTOBUF_DEPTH_MAX).fold(leaves, |inner, _| field(2, &inner));
    fields::READ.set(0);
    let seen = walk(Walk::by_look(&deeper, &mut Scratch::default())).unwrap();
    assert_eq!(seen.len(), 1, "bytes from the bound on");
    assert!(fields::READ.get() <= 100);
}

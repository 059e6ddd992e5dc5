//! Single behaviours of the walk, of replacement, and of schemas.

use super::*;
use crate::limits::{AVRO_VALUES_FREE_MAX, AVRO_VALUES_PER_BYTE_MAX};

const PEOPLE: &str = r#"{
    "type": "record", "name": "Person", "namespace": "org.example",
    "fields": [
        {"name": "ssn", "type": "long"},
        {"name": "name", "type": ["null", "string"]},
        {"name": "born", "type": {"type": "int", "logicalType": "date"}},
        {"name": "card", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 0}},
        {"name": "tags", "type": {"type": "map", "values": "string"}},
        {"name": "friend", "type": ["null", "Person"]}
    ]
}"#;

/// 123456789, Ann, 1, 4111111111111111, {"k": "v"}, no friend.
fn person() -> Vec<u8> {
    let mut datum = Vec::new();
    varint::push(&mut datum, varint::zigzag(123_456_789));
    datum.extend(b"\x02\x06Ann\x02\x10");
    datum.extend(4_111_111_111_111_111i64.to_be_bytes());
    datum.extend(b"\x02\x02k\x02v\x00\x00");
    datum
}

#[test]
fn leaves_say_what_they_are() {
    let schema = Schema::compile(PEOPLE, &[]).unwrap();
    let (datum, mut scratch) = (person(), Scratch::default());
    let mut walk = Walk::new(&schema, &datum, &mut scratch);
    let mut all = Vec::new();
    while let Some(leaf) = walk.next_leaf().unwrap() {
        all.push((leaf.path(), leaf.kind, leaf.logical, leaf.number));
    }
    let wanted = [
        ("ssn", Kind::Long, Logical::Plain, Some(123_456_789)),
        ("name", Kind::Text, Logical::Plain, None),
        ("born", Kind::Int, Logical::Date, Some(1)),
        (
            "card",
            Kind::Bytes,
            Logical::Decimal(0),
            Some(4_111_111_111_111_111),
        ),
        ("tags.k", Kind::Name, Logical::Plain, None),
        ("tags.k", Kind::Text, Logical::Plain, None),
        ("friend", Kind::Null, Logical::Plain, None),
    ];
    let wanted =
        wanted.map(|(path, kind, logical, number)| (path.to_owned(), kind, logical, number));
    assert_eq!(all, wanted);
}

#[test]
fn a_number_of_the_same_length_is_written_in_place() {
    let schema = Schema::compile(PEOPLE, &[]).unwrap();
    let datum = person();
    let span = 0..walk(&schema, &datum).unwrap()[0].1.end;
    let edit = |with| {
        [Edit {
            span: span.clone(),
            with,
        }]
    };
    let masked = replace(
        &schema,
        &datum,
        &edit(With::Number(111_111_789)),
        &mut Scratch::default(),
    );
    let masked = masked.unwrap();
    assert_eq!(masked.len(), datum.len());
    assert_eq!(masked[span.end..], datum[span.end..]);
    let gone = replace(
        &schema,
        &datum,
        &edit(With::Nothing),
        &mut Scratch::default(),
    )
    .unwrap();
    assert_eq!(gone.len(), datum.len() - span.len() + 1);
    let unfit = replace(
        &schema,
        &datum,
        &edit(With::Content(b"x")),
        &mut Scratch::default(),
    );
    assert!(
        matches!(unfit, Err(EditFault::Unfit { at: 0, .. })),
        "{unfit:?}"
    );
    let no_leaf = [Edit {
        span: 1..2,
        with: With::Nothing,
    }];
    let no_leaf = replace(&schema, &datum, &no_leaf, &mut Scratch::default());
    assert_eq!(no_leaf, Err(EditFault::NoSuchLeaf { at: 1 }));
}

#[test]
fn decimals_are_written_as_two_s_complement() {
    let text =
        r#"{"type":"array","items":{"type":"fixed","name":"F","size":3,"logicalType":"decimal"}}"#;
    let schema = Schema::compile(text, &[]).unwrap();
    let datum = [2, 0, 0, 5, 0];
    let write = |number| {
        let edit = [Edit {
            span: 1..4,
            with: With::Number(number),
        }];
        replace(&schema, &datum, &edit, &mut Scratch::default())
    };
    assert_eq!(write(-2), Ok(vec![2, 0xff, 0xff, 0xfe, 0]));
    assert_eq!(write(0x7f_ffff), Ok(vec![2, 0x7f, 0xff, 0xff, 0]));
    assert!(write(0x80_0000).is_err());
    let seen = walk(&schema, &[2, 0xff, 0xff, 0xfe, 0]).unwrap();
    assert_eq!(seen.len(), 1);
    let mut scratch = Scratch::default();
    let mut walk = Walk::new(&schema, &[2, 0xff, 0xff, 0xfe, 0], &mut scratch);
    assert_eq!(walk.next_leaf().unwrap().unwrap().number, Some(-2));
}

#[test]
fn a_block_that_grows_forgets_its_size() {
    let schema = Schema::compile(
        r#"{"type":"array","items":{"type":"array","items":"string"}}"#,
        &[],
    )
    .unwrap();
    // one outer block of five bytes, one inner block of two
    let datum = [1, 10, 1, 4, 2, b'a', 0, 0];
    let span = walk(&schema, &datum).unwrap()[0].1.clone();
    let edit = |content| {
        [Edit {
            span: span.clone(),
            with: With::Content(content),
        }]
    };
    let longer = replace(&schema, &datum, &edit(b"bcd"), &mut Scratch::default());
    assert_eq!(longer, Ok(vec![2, 2, 6, b'b', b'c', b'd', 0, 0]));
    let same = replace(&schema, &datum, &edit(b"b"), &mut Scratch::default());
    assert_eq!(same, Ok(vec![1, 10, 1, 4, 2, b'b', 0, 0]));
}

#[test]
fn what_claims_more_than_its_bytes_is_refused_quickly() {
    let many = r#"{"type":"array","items":"null"}"#;
    let schema = Schema::compile(many, &[]).unwrap();
    let mut datum = Vec::new();
    varint::push(&mut datum, varint::zigzag(i64::MAX));
    let mut scratch = Scratch::default();
    let mut steps = Walk::new(&schema, &datum, &mut scratch);
    let leaves = std::iter::from_fn(|| steps.next_leaf().ok().flatten().map(|_| ())).count();
    assert!(leaves <= AVRO_VALUES_FREE_MAX + AVRO_VALUES_PER_BYTE_MAX * datum.len());
    assert!(walk(&schema, &datum).is_err());
    let endless = r#"{"type":"record","name":"A","fields":[{"name":"a","type":"A"}]}"#;
    let schema = Schema::compile(endless, &[]).unwrap();
    assert!(walk(&schema, &[]).is_err());
    let mut doubling = r#""null""#.to_owned();
    for level in 0..30 {
        doubling = format!(
            r#"{{"type":"record","name":"R{level}","fields":[{{"name":"a","type":{doubling}}},{{"name":"b","type":"{}"}}]}}"#,
            if level == 0 {
                "null".to_owned()
            } else {
                format!("R{}", level - 1)
            }
        );
    }
    let schema = Schema::compile(&doubling, &[]).unwrap();
    assert!(walk(&schema, &[]).is_err());
}

#[test]
fn a_long_list_is_walked_and_its_path_is_cut() {
    let list = r#"{"type":"record","name":"L","fields":[{"name":"v","type":"int"},{"name":"next","type":["null","L"]}]}"#;
    let schema = Schema::compile(list, &[]).unwrap();
    let datum = [[2, 2].repeat(1000), vec![2, 0]].concat();
    let (mut scratch, mut last) = (Scratch::default(), String::new());
    let mut walk = Walk::new(&schema, &datum, &mut scratch);
    while let Some(leaf) = walk.next_leaf().unwrap() {
        last = leaf.path();
    }
    assert!(
        last.starts_with("next.next") && last.contains('…'),
        "{last}"
    );
}

#[test]
fn names_are_found_in_their_name_spaces_and_in_references() {
    let address =
        r#"{"type":"record","name":"a.b.Address","fields":[{"name":"zip","type":"string"}]}"#;
    let uses = |name: &str| {
        format!(
            r#"{{"type":"record","name":"P","namespace":"a.b","fields":[{{"name":"at","type":"{name}"}}]}}"#
        )
    };
    for name in ["Address", "a.b.Address"] {
        let schema = Schema::compile(&uses(name), &[address]).unwrap();
        assert_eq!(walk(&schema, &[2, b'7']).unwrap()[0].3.0, "/at/zip");
    }
    assert_eq!(
        Schema::compile(&uses("b.Address"), &[address]).err(),
        Some(SchemaFault::Undefined("b.Address".to_owned()))
    );
}

#[test]
fn schemas_of_any_text_are_survived() {
    let deep = "[".repeat(100_000);
    for text in [
        "",
        "{",
        "7",
        "{}",
        "[]",
        "\"x\"",
        &deep,
        r#"{"type":"enum","name":"E"}"#,
    ] {
        let _ = Schema::compile(text, &[]);
    }
    let union = Schema::compile("[]", &[]).unwrap();
    assert!(walk(&union, &[0]).is_err());
    let large = format!("[{}]", vec!["\"int\""; 600_000].join(","));
    assert_eq!(
        Schema::compile(&large, &[]).err(),
        Some(SchemaFault::TooLarge)
    );
    let spaces = format!(
        r#"{{"type":"fixed","name":"{}","size":1}}"#,
        "n".repeat(1000)
    );
    assert!(Schema::compile(&spaces, &[]).is_err());
}

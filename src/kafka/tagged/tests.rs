//! Sections on their own: what passes, what is written anew, what is a fault.

#![allow(clippy::unwrap_used)]

use super::*;
use crate::kafka::endpoints::Nobody;
use proptest::prelude::*;

const KNOWN: &[Known] = &[
    Known {
        tag: 0,
        since: 2,
        shape: Shape::Struct(4),
    },
    Known {
        tag: 2,
        since: 1,
        shape: Shape::Fixed(2),
    },
    Known {
        tag: 5,
        since: 1,
        shape: Shape::Text,
    },
];

/// A section with these fields, between two bytes that are not part of it.
fn message(fields: &[(u32, &[u8])]) -> Vec<u8> {
    let mut out = vec![0, 0, 0, 0, b'<'];
    let mut writer = Writer::new(&mut out);
    writer.uvarint(fields.len() as u32);
    for (tag, value) in fields {
        writer.uvarint(*tag);
        writer.uvarint(value.len() as u32);
        writer.raw(value);
    }
    writer.u8(b'>');
    writer.frame_end(0);
    out
}

/// What goes on of a message; whether it had to be made anew.
fn cleaned(version: i16, message: &[u8]) -> Result<(Vec<u8>, bool), Malformed> {
    let mut sections = Sections::default();
    sections.begin(version, true);
    let mut reader = Reader::at(message, 5)?;
    sections.read(&mut reader, KNOWN)?;
    reader.u8()?;
    reader.end()?;
    let anew = !sections.is_empty();
    Ok((Splice::new(message, &sections, &Nobody).finish(), anew))
}

#[test]
fn known_fields_pass_and_others_go() {
    let bare = &b"\x01\x02\x03\x04\x00"[..];
    let with_tags = &b"\x01\x02\x03\x04\x01\x09\x01x"[..];
    let all: &[(u32, &[u8])] = &[(0, bare), (2, b"ab"), (5, b"\x03hi")];
    assert_eq!(cleaned(2, &message(all)), Ok((message(all), false)));
    assert_eq!(cleaned(2, &message(&[])), Ok((message(&[]), false)));
    // a struct's own fields go
    let nested = message(&[(0, with_tags), (2, b"ab")]);
    assert_eq!(
        cleaned(2, &nested),
        Ok((message(&[(0, bare), (2, b"ab")]), true))
    );
    // a tag that the version does not have yet, and one that nobody knows
    let expected = message(&[(2, b"ab")]);
    let sent = message(&[(0, bare), (2, b"ab"), (77, b"real:9092")]);
    assert_eq!(cleaned(1, &sent), Ok((expected, true)));
}

#[test]
fn another_layout_and_another_order_are_faults() {
    let faulty: &[&[(u32, &[u8])]] = &[
        &[(0, b"\x01\x02\x03\x04")],
        &[(0, b"\x01\x02\x03\x04\x00\x00")],
        &[(2, b"abc")],
        &[(2, b"a")],
        &[(5, b"\x09hi")],
        &[(5, b"\x03hi"), (2, b"ab")],
        &[(2, b"ab"), (2, b"ab")],
    ];
    for fields in faulty {
        assert!(cleaned(2, &message(fields)).is_err(), "{fields:?}");
    }
}

#[test]
fn what_is_skipped_takes_its_sections_along() {
    let one = message(&[(77, b"x")]);
    let mut sections = Sections::default();
    sections.begin(2, true);
    sections
        .read(&mut Reader::at(&one, 5).unwrap(), KNOWN)
        .unwrap();
    let mut splice = Splice::new(&one, &sections, &Nobody);
    splice.copy_to(5);
    splice.writer().u8(b'-');
    splice.skip_to(one.len() - 1);
    assert_eq!(splice.finish(), [0, 0, 0, 3, b'<', b'-', b'>']);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_bytes_are_clean_or_cleaned_or_a_fault(
        version in 0i16..4, bytes in proptest::collection::vec(any::<u8>(), 6..60),
    ) {
        if let Ok((out, anew)) = cleaned(version, &bytes) {
            prop_assert!(out.len() <= bytes.len());
            prop_assert_eq!(cleaned(version, &out), Ok((out.clone(), false)));
            prop_assert!(anew || out[4..] == bytes[4..]);
        }
    }
}

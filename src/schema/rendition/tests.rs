//! The text held against serde_json.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::schema::{avro, protobuf};
use proptest::prelude::*;

fn of_proto(proto: &str, message: &[u8]) -> String {
    let schema = protobuf::Schema::from_proto(proto, &[]).unwrap();
    let id = schema.by_indexes(&[0]).unwrap();
    let mut rendition = Rendition::default();
    rendition.protobuf(Some((&schema, id)), message, 0).unwrap();
    String::from_utf8_lossy(rendition.text()).into_owned()
}

#[test]
fn names_and_nesting_are_those_of_the_record() {
    let schema = avro::Schema::compile(
        r#"{"type": "record", "name": "R", "fields": [{"name": "a", "type": "string"},
            {"name": "list", "type": {"type": "array", "items": {"type": "record", "name": "I", "fields": [
                {"name": "n", "type": "int"}, {"name": "ok", "type": "boolean"}]}}},
            {"name": "map", "type": {"type": "map", "values": "double"}},
            {"name": "pay", "type": {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2}}]}"#,
        &[],
    )
    .unwrap();
    let mut datum = b"\x06x\"y\x04\x02\x01\x04\x00\x00\x02\x02k".to_vec();
    datum.extend(2.5f64.to_le_bytes());
    datum.extend(b"\x00\x04\xfe\x0c"); // -5.00
    let mut rendition = Rendition::default();
    let text = rendition.avro(&schema, &datum, 100).unwrap();
    let wanted =
        r#"{"a":"x\"y","list":[{"n":1,"ok":null},{"n":2,"ok":null}],"map":{"k":2.5},"pay":-5.00}"#;
    assert_eq!(String::from_utf8_lossy(rendition.text()), wanted);
    let at = wanted.find("y\"").unwrap() as u32;
    assert_eq!(
        rendition.origin(&(at..at + 1)),
        Some((103..104, Nature::Text))
    );
    assert_eq!(text, 0..wanted.len() as u32);
    assert_eq!(
        rendition.origin(&(0..3)),
        None,
        "names of a schema are in no record"
    );
}

#[test]
fn a_field_that_comes_again_is_a_member_again() {
    let proto = "message M { string a = 1; repeated int32 b = 2; }";
    let message = b"\x0a\x01x\x12\x02\x05\x06\x0a\x01y\x10\x07\x3a\x03zzz";
    let wanted = r#"{"a":"x","b":[5,6],"a":"y","b":[7],"7":"zzz"}"#;
    assert_eq!(of_proto(proto, message), wanted);
}

proptest! {
    #[test]
    fn any_message_becomes_json_and_every_piece_stands_for_its_bytes(
        bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 8..40u8], 0..120),
    ) {
        let mut rendition = Rendition::default();
        if rendition.protobuf(None, &bytes, 0).is_err() { return Ok(()); }
        let text = String::from_utf8_lossy(rendition.text()).into_owned();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        let mut end = 0;
        for piece in rendition.pieces() {
            prop_assert!(piece.text.start >= end && piece.text.end >= piece.text.start);
            end = piece.text.end;
            let written = &rendition.text()[piece.text.start as usize..piece.text.end as usize];
            let own = &bytes[piece.bytes.start as usize..piece.bytes.end as usize];
            if piece.nature == Nature::Text {
                let mut content = Vec::new();
                changed(piece.nature, written, &mut content);
                prop_assert_eq!(content.as_slice(), own);
            }
        }
    }
}

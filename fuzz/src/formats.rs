//! What producers may put into a value: JSON, Avro, Protobuf, and the schemas that a registry hands out.

use lockgate::schema::edit::{Edit, With};
use lockgate::schema::json::{self, Kind, Removals, Walker};
use lockgate::schema::shape::{Marks, Shape};
use lockgate::schema::splice::splice;
use lockgate::schema::{avro, protobuf, wire};

/// Between a schema and a record: no text has it.
const NEXT: u8 = 0xff;

/// A schema's text, and a record of it.
fn parts(data: &[u8]) -> Option<(&str, &[u8])> {
    let at = data.iter().position(|byte| *byte == NEXT)?;
    let (text, record) = data.split_at(at);
    Some((std::str::from_utf8(text).ok()?, record.get(1..)?))
}

/// Any bytes as JSON: tokens lie one behind the other, and are found again; what is left when fields
/// are removed is JSON if it was.
pub fn json(data: &[u8]) {
    let (mut walker, mut seeker, mut end) = (Walker::new(data), Walker::new(data), 0);
    let (mut removals, mut edits, mut scalars) = (Removals::default(), Vec::new(), 0);
    while let Some(place) = walker.next_token() {
        let token = place.token();
        assert!(token.start >= end && token.end > token.start && token.end <= data.len());
        assert!(data.get(place.content()).is_some());
        let found = seeker.seek(token.end - 1);
        assert_eq!(found.map(|found| found.token()), Some(token));
        scalars += usize::from(token.kind.is_scalar());
        let often = token.kind == Kind::Name || token.kind.is_scalar();
        if often && token.start.is_multiple_of(3) {
            let edit = removals.remove(&place);
            edits.extend(edit.map(|edit| (edit.span, edit.with)));
        }
        end = token.end;
    }
    assert_eq!(json::names(data).count(), scalars);
    let left = splice(data, edits);
    let sound = |text: &[u8]| serde_json::from_slice::<serde_json::Value>(text).is_ok();
    assert!(!sound(data) || sound(&left), "no JSON any more");
    for (offset, _) in data.iter().enumerate().take(64) {
        assert!(json::container_end(data, offset) <= data.len());
    }
}

/// Any text as an Avro schema, any bytes as its datum: emptied of all values it is a datum still.
pub fn avro(data: &[u8]) {
    let Some((text, datum)) = parts(data) else {
        return;
    };
    let Ok(schema) = avro::Schema::compile(text, &[]) else {
        return;
    };
    let mut scratch = avro::Scratch::default();
    let mut walk = avro::Walk::new(&schema, datum, &mut scratch);
    let (mut edits, mut end) = (Vec::new(), 0);
    while let Ok(Some(leaf)) = walk.next_leaf() {
        assert!(leaf.prefix().start >= end && leaf.span().end <= datum.len());
        let _ = leaf.path();
        end = leaf.span().end;
        let with = With::Nothing;
        if !leaf.span().is_empty() {
            edits.push(Edit {
                span: leaf.span(),
                with,
            });
        }
    }
    let Ok(made) = avro::replace(&schema, datum, &edits, &mut scratch) else {
        return;
    };
    // An emptied datum may hold more values than its bytes pay for.
    let mut walk = avro::Walk::new(&schema, &made, &mut scratch);
    loop {
        match walk.next_leaf() {
            Ok(Some(leaf)) => assert!(leaf.number.is_none_or(|number| number == 0)),
            Ok(None) => break,
            Err(fault) => return assert_eq!(fault.what, "more values than bytes"),
        }
    }
    let mut shape = Shape::default();
    let mut walk = avro::Walk::new(&schema, datum, &mut scratch);
    let _ = shape.add_avro(&mut walk, &Marks::default());
    let _ = shape.to_string();
}

/// Any text as a `.proto` file, any bytes as its first message.
pub fn protobuf(data: &[u8]) {
    let Some((text, message)) = parts(data) else {
        return;
    };
    let Ok(schema) = protobuf::Schema::from_proto(text, &[]) else {
        return;
    };
    if let Some(id) = schema.by_indexes(&[0]) {
        message_of(Some((&schema, id)), message);
    }
}

/// Any bytes as a message that no schema tells of, and as descriptors.
pub fn protobuf_by_look(data: &[u8]) {
    message_of(None, data);
    let _ = protobuf::Schema::from_descriptors(data);
    let framed = wire::schema_id(data).map_or(0, |(_, at)| at);
    let rest = data.get(framed..).unwrap_or_default();
    if let Some((indexes, at)) = wire::message_indexes(rest) {
        assert!(at <= rest.len() && !indexes.as_slice().is_empty());
    }
}

/// Emptied of all values a message is a message still.
fn message_of(schema: Option<(&protobuf::Schema, protobuf::MessageId)>, message: &[u8]) {
    let mut scratch = protobuf::Scratch::default();
    let (mut edits, mut end) = (Vec::new(), 0);
    let mut walk = start(schema, message, &mut scratch);
    let whole = loop {
        match walk.next_leaf() {
            Ok(None) => break true,
            Err(_) => break false,
            Ok(Some(leaf)) => {
                assert!(leaf.prefix().start >= end && leaf.span().end <= message.len());
                let _ = leaf.path();
                end = leaf.span().end;
                let with = With::Nothing;
                if !leaf.span().is_empty() {
                    edits.push(Edit {
                        span: leaf.span(),
                        with,
                    });
                }
            }
        }
    };
    let made = protobuf::replace(schema, message, &edits, &mut scratch);
    assert_eq!(made.is_ok(), whole, "{made:?}");
    let Ok(made) = made else { return };
    let mut shape = Shape::default();
    let mut walk = start(schema, &made, &mut scratch);
    let read = shape.add_protobuf(&mut walk, &Marks::default());
    assert!(read.is_ok(), "{read:?}");
    let _ = shape.to_string();
}

fn start<'a>(
    schema: Option<(&'a protobuf::Schema, protobuf::MessageId)>,
    message: &'a [u8],
    scratch: &'a mut protobuf::Scratch,
) -> protobuf::Walk<'a> {
    match schema {
        Some((schema, id)) => protobuf::Walk::new(schema, id, message, scratch),
        None => protobuf::Walk::by_look(message, scratch),
    }
}

/// Any bytes have a shape that is short, on one line, and closes what it opens.
pub fn shape(data: &[u8]) {
    let spans = data
        .chunks(7)
        .enumerate()
        .map(|(i, _)| (i * 11..i * 11 + 5, "us_ssn"));
    let shown = Shape::of(data, &Marks::new(spans)).to_string();
    assert!(shown.len() <= lockgate::limits::SHAPE_TEXT_BYTES_MAX);
    assert!(!shown.chars().any(char::is_control));
}

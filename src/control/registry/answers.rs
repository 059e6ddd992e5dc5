//! What a registry answers (docs.confluent.io, *Schema Registry API reference*).
//!
//! Owns: the fields that matter. Refuses: answers that are not of that form. Stays true: no fault
//! quotes an answer.

use crate::schema::registered::Language;
use crate::schema::wire::SchemaId;
use serde::Deserialize;

/// `GET /schemas/ids/{id}` and `GET /subjects/{subject}/versions/{version}`.
#[derive(Debug, Deserialize)]
pub(super) struct SchemaAnswer {
    pub schema: String,
    /// Absent for Avro.
    #[serde(rename = "schemaType", default)]
    kind: Option<String>,
    #[serde(default)]
    pub references: Option<Vec<ReferenceAnswer>>,
}

/// One text that a schema refers to.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ReferenceAnswer {
    pub name: String,
    pub subject: String,
    pub version: i64,
}

impl SchemaAnswer {
    pub fn language(&self) -> Language {
        match self.kind.as_deref() {
            None | Some("AVRO") => Language::Avro,
            Some("PROTOBUF") => Language::Protobuf,
            Some("JSON") => Language::Json,
            Some(_) => Language::Other,
        }
    }
}

/// Where a schema is, under the registry's address.
pub(super) fn path(id: &SchemaId) -> [String; 3] {
    let (kind, id) = match id {
        SchemaId::Number(number) => ("ids", number.to_string()),
        SchemaId::Guid(guid) => ("guids", hyphenated(guid)),
    };
    ["schemas".to_owned(), kind.to_owned(), id]
}

/// RFC 9562 §4.
fn hyphenated(guid: &[u8; 16]) -> String {
    let mut text = String::new();
    for (i, byte) in guid.iter().enumerate() {
        if matches!(i, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guid_is_asked_for_as_people_write_it() {
        let guid = SchemaId::Guid([
            0x89, 0x79, 0x17, 0x62, 0x23, 0x36, 0x41, 0x86, 0x96, 0x74, 0x29, 0x9b, 0x90, 0xa8, 2,
            0xe2,
        ]);
        let asked = path(&guid).join("/");
        assert_eq!(asked, "schemas/guids/89791762-2336-4186-9674-299b90a802e2");
        assert_eq!(path(&SchemaId::Number(7)).join("/"), "schemas/ids/7");
    }
}

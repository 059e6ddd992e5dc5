//! What a record's bytes mean: where in a JSON text, an Avro datum or a Protobuf message a span lies.
//!
//! ```text
//! field_path the names that lead to a value, as rules compare them
//! path       a place as people write it: customer.ssn, phones[3]
//! registered the schemas that a registry handed out
//! payload    what a value is, by the schema it names
//! wire       which schema a record names, and where its payload starts
//! edit       what is to be changed in a binary record
//! splice     bytes with some ranges replaced
//! varint     the integers of Avro and Protobuf
//! avro       schema → table; datum → leaves, and the datum with some of them replaced
//! protobuf   schema → table; message → leaves, with a schema or by their look; and replaced
//! json       text → tokens, names, nesting; no schema needed
//! rendition  Avro and Protobuf as JSON text, and back
//! shape      structure and names kept, values replaced by their class
//! ```
//!
//! Owns: formats and schemas of record values. Refuses: detectors and verdicts (who found what is
//! told from outside), sockets, clocks, threads, files. Stays true: any bytes are survived in time
//! linear in their length and in bounded memory; nothing shown holds a value, only names and classes.

pub mod avro;
pub mod edit;
pub mod field_path;
pub mod json;
pub mod path;
pub mod payload;
pub mod protobuf;
pub mod registered;
pub mod rendition;
pub mod shape;
pub mod splice;
mod varint;
pub mod wire;

//! Messages by chance: the text of a schema, and bytes of it.

use super::*;

/// A type to make a schema and bytes of.
#[derive(Clone, Debug)]
pub enum Type {
    Scalar(&'static str),
    Text,
    Bytes,
    Enum,
    Message(Vec<(How, Type)>),
}

/// How often a field stands.
#[derive(Clone, Copy, Debug)]
pub enum How {
    Once,
    Repeated,
    /// By name, or by number.
    Map(bool),
    OneOf,
}

const SCALARS: &[&str] = &[
    "double", "float", "int32", "int64", "uint32", "uint64", "sint32", "sint64", "fixed32",
    "fixed64", "sfixed32", "sfixed64", "bool",
];

/// A message of messages.
pub fn messages() -> impl Strategy<Value = Vec<(How, Type)>> {
    let leaf = prop_oneof![
        4 => proptest::sample::select(SCALARS).prop_map(Type::Scalar),
        2 => Just(Type::Text),
        1 => Just(Type::Bytes),
        1 => Just(Type::Enum),
    ];
    let how = || {
        prop_oneof![
            3 => Just(How::Once),
            1 => Just(How::Repeated),
            1 => any::<bool>().prop_map(How::Map),
            1 => Just(How::OneOf),
        ]
    };
    let of = leaf.prop_recursive(3, 16, 4, move |inner| {
        proptest::collection::vec((how(), inner), 0..4).prop_map(Type::Message)
    });
    let how = prop_oneof![Just(How::Once), Just(How::Repeated), Just(How::Map(true))];
    proptest::collection::vec((how, of), 0..5)
}

struct Maker<'c> {
    chance: std::iter::Cycle<std::slice::Iter<'c, u8>>,
    text: String,
    named: usize,
    proto3: bool,
}

/// The text of message `t.M`, and bytes of it in which no value is the default.
pub fn made(of: &[(How, Type)], chance: &[u8], proto3: bool) -> (String, Vec<u8>) {
    let mut maker = Maker {
        chance: chance.iter().cycle(),
        text: String::new(),
        named: 0,
        proto3,
    };
    maker.text += match proto3 {
        true => "syntax = \"proto3\"; // and a comment\npackage t;\n",
        false => "syntax = \"proto2\";\npackage t; option java_package = \"a;b{\";\n",
    };
    maker.schema("M", of);
    maker.text += "service S { rpc Do(M) returns (M) { option deprecated = true; } }\n";
    let bytes = maker.message(of);
    (maker.text, bytes)
}

fn number(index: usize) -> usize {
    1 + index * 7
}

impl Maker<'_> {
    fn choose(&mut self, below: usize) -> usize {
        usize::from(*self.chance.next().unwrap()) % below
    }

    fn schema(&mut self, name: &str, fields: &[(How, Type)]) {
        self.text += &format!("message {name} {{ reserved 1000 to max, 999; reserved \"x\";\n");
        for (i, (how, of)) in fields.iter().enumerate() {
            let kind = match of {
                Type::Scalar(name) => (*name).to_owned(),
                Type::Text => "string".to_owned(),
                Type::Bytes => "bytes".to_owned(),
                Type::Enum => {
                    self.text += &format!("enum E{i} {{ E{i}Z = 0; E{i}A = 1; E{i}B = 2; }}\n");
                    format!("E{i}")
                }
                Type::Message(inner) => {
                    self.named += 1;
                    let inner_name = format!("N{}", self.named);
                    self.schema(&inner_name, inner);
                    inner_name
                }
            };
            let kind = if matches!(of, Type::Enum) {
                format!("E{i}")
            } else {
                kind
            };
            let label = if self.proto3 { "" } else { "optional " };
            let number = number(i);
            self.text += &match how {
                How::Once => format!("  {label}{kind} f{i} = {number} [deprecated = true];\n"),
                How::Repeated => format!("  repeated {kind} f{i} = {number}; /* many */\n"),
                How::Map(true) => format!("  map<string, {kind}> f{i} = {number};\n"),
                How::Map(false) => format!("  map<int32,{kind}> f{i} = {number};\n"),
                How::OneOf => format!("  oneof o{i} {{ {kind} f{i} = {number}; }}\n"),
            };
        }
        self.text += "}\n";
    }

    fn message(&mut self, fields: &[(How, Type)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (i, (how, of)) in fields.iter().enumerate() {
            let number = number(i);
            match how {
                How::Once | How::OneOf => {
                    if self.choose(4) > 0 {
                        self.field(&mut bytes, number, of);
                    }
                }
                How::Repeated => self.repeated(&mut bytes, number, of),
                How::Map(by_name) => {
                    for _ in 0..self.choose(3) {
                        let mut entry = Vec::new();
                        self.named += 1;
                        let value_first = self.choose(2) == 1;
                        if value_first {
                            self.field(&mut entry, 2, of);
                        }
                        match by_name {
                            true => sized(&mut entry, 1, format!("k{}", self.named).as_bytes()),
                            false => {
                                tag(&mut entry, 1, 0);
                                varint::push(&mut entry, self.named as u64);
                            }
                        }
                        if !value_first {
                            self.field(&mut entry, 2, of);
                        }
                        sized(&mut bytes, number, &entry);
                    }
                }
            }
        }
        bytes
    }

    /// Up to three, packed or not; packed ones in up to two rows.
    fn repeated(&mut self, bytes: &mut Vec<u8>, number: usize, of: &Type) {
        let packable = matches!(of, Type::Scalar(_) | Type::Enum);
        for _ in 0..self.choose(3) {
            let count = self.choose(3);
            match packable && self.choose(2) == 1 {
                true => {
                    let mut row = Vec::new();
                    for _ in 0..count {
                        row.extend(self.value(of));
                    }
                    sized(bytes, number, &row);
                }
                false => (0..count).for_each(|_| self.field(bytes, number, of)),
            }
        }
    }

    fn field(&mut self, bytes: &mut Vec<u8>, number: usize, of: &Type) {
        let wire = match of {
            Type::Scalar("double" | "fixed64" | "sfixed64") => 1,
            Type::Scalar("float" | "fixed32" | "sfixed32") => 5,
            Type::Scalar(_) | Type::Enum => 0,
            _ => 2,
        };
        let value = self.value(of);
        if wire == 2 {
            return sized(bytes, number, &value);
        }
        tag(bytes, number, wire);
        bytes.extend(value);
    }

    /// Never the default.
    fn value(&mut self, of: &Type) -> Vec<u8> {
        let some = 1 + self.choose(255) as i64;
        let shift = self.choose(24);
        let sign = if self.choose(2) == 1 { -1 } else { 1 };
        let mut bytes = Vec::new();
        match of {
            Type::Message(fields) => return self.message(fields),
            Type::Text => bytes.extend((0..some % 90 + 1).map(|i| b'a' + (i % 26) as u8)),
            Type::Bytes => bytes.extend((0..some % 40 + 1).map(|i| (i * some) as u8)),
            Type::Enum => bytes.push(1 + (some % 2) as u8),
            Type::Scalar(name) => match *name {
                "double" => bytes.extend((some as f64 / 4.0).to_le_bytes()),
                "float" => bytes.extend((some as f32 / 4.0).to_le_bytes()),
                "fixed32" => bytes.extend(((some as u32) << shift).to_le_bytes()),
                "sfixed32" => {
                    bytes.extend((((some as i32) << (shift % 20)) * sign as i32).to_le_bytes())
                }
                "fixed64" => bytes.extend(((some as u64) << shift).to_le_bytes()),
                "sfixed64" => bytes.extend(((some << shift) * sign).to_le_bytes()),
                "sint32" => varint::push(&mut bytes, varint::zigzag((some << (shift % 20)) * sign)),
                "sint64" => varint::push(&mut bytes, varint::zigzag((some << shift) * sign)),
                "int32" => varint::push(&mut bytes, ((some << (shift % 20)) * sign) as u64),
                "int64" => varint::push(&mut bytes, ((some << shift) * sign) as u64),
                "bool" => bytes.push(1),
                _ => varint::push(&mut bytes, (some as u64) << (shift % 20)),
            },
        }
        bytes
    }
}

fn tag(bytes: &mut Vec<u8>, number: usize, wire: u64) {
    varint::push(bytes, (number as u64) << 3 | wire);
}

fn sized(bytes: &mut Vec<u8>, number: usize, inner: &[u8]) {
    tag(bytes, number, 2);
    varint::push(bytes, inner.len() as u64);
    bytes.extend_from_slice(inner);
}

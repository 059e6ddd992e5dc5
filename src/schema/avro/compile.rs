//! Schema text to table.
//!
//! Owns: the schema language: types, names and name spaces, references to other schemas. Refuses:
//! names that nothing defines, and more types than a bound. Stays true: a text of any content is
//! compiled or refused in time linear in its length.

use super::table::{Field, Logical, Node, NodeId, Schema};
use crate::limits::{SCHEMA_BYTES_MAX, SCHEMA_NAME_BYTES_MAX, SCHEMA_NODES_MAX};
use crate::schema::path::{Name, shown_name};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::ops::Range;

/// The schema cannot be compiled. It is the fault of whoever registered it, or of the registry;
/// records of it cannot be read until that changes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaFault {
    /// The text is no JSON, or nested too deep.
    #[error("an Avro schema that is not JSON: line {line}, column {column}")]
    NotJson {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
    },
    /// More text or types than any real schema has.
    #[error("an Avro schema larger than {SCHEMA_BYTES_MAX} bytes or {SCHEMA_NODES_MAX} types")]
    TooLarge,
    /// A type names another that is not defined before it.
    #[error("an Avro schema that refers to `{0}`, which is not defined")]
    Undefined(String),
    /// Something is missing or of the wrong kind.
    #[error("an Avro schema with {what} in `{inside}`")]
    Misformed {
        /// What is wrong.
        what: &'static str,
        /// The named type around it; empty outside all.
        inside: String,
    },
}

impl Schema {
    /// Compiles a schema. `references` are the schemas that it refers to, each behind those that it
    /// refers to itself.
    pub fn compile(text: &str, references: &[&str]) -> Result<Schema, SchemaFault> {
        let mut compiler = Compiler::default();
        let bytes: usize = references.iter().map(|text| text.len()).sum();
        if bytes.saturating_add(text.len()) > SCHEMA_BYTES_MAX {
            return Err(SchemaFault::TooLarge);
        }
        for text in references.iter().chain([&text]) {
            let value: Value = serde_json::from_str(text).map_err(|e| SchemaFault::NotJson {
                line: e.line(),
                column: e.column(),
            })?;
            compiler.schema.root = compiler.node(&value, &Scope::default())?;
        }
        Ok(compiler.schema)
    }
}

#[derive(Default)]
struct Compiler {
    schema: Schema,
    names: HashMap<String, NodeId>,
}

/// What is around a type.
#[derive(Clone, Default)]
struct Scope {
    /// The name space of names without one.
    space: String,
    /// The full name of the type.
    name: String,
}

impl Scope {
    fn misformed(&self, what: &'static str) -> SchemaFault {
        SchemaFault::Misformed {
            what,
            inside: shown(&self.name),
        }
    }

    /// The full name of a name that stands here.
    fn full(&self, name: &str) -> String {
        match name.contains('.') || self.space.is_empty() {
            true => name.to_owned(),
            false => format!("{}.{name}", self.space),
        }
    }
}

impl Compiler {
    fn add(&mut self, node: Node) -> Result<NodeId, SchemaFault> {
        if self.schema.size() + self.schema.branches.len() >= SCHEMA_NODES_MAX {
            return Err(SchemaFault::TooLarge);
        }
        self.schema.nodes.push(node);
        Ok(self.schema.nodes.len() as NodeId - 1)
    }

    fn set(&mut self, id: NodeId, node: Node) {
        if let Some(slot) = self.schema.nodes.get_mut(id as usize) {
            *slot = node;
        }
    }

    fn node(&mut self, value: &Value, scope: &Scope) -> Result<NodeId, SchemaFault> {
        match value {
            Value::String(name) => self.named(name, Logical::Plain, scope),
            Value::Array(branches) => self.union(branches, scope),
            Value::Object(map) => self.object(map, scope),
            _ => Err(scope.misformed("a type that is no type")),
        }
    }

    /// A primitive type, or one that was defined before.
    fn named(
        &mut self,
        name: &str,
        logical: Logical,
        scope: &Scope,
    ) -> Result<NodeId, SchemaFault> {
        let node = match name {
            "null" => Node::Null,
            "boolean" => Node::Boolean,
            "int" => Node::Int(logical),
            "long" => Node::Long(logical),
            "float" => Node::Float,
            "double" => Node::Double,
            "bytes" => Node::Bytes(logical),
            "string" => Node::Text(logical),
            _ => {
                let known = self.names.get(&scope.full(name));
                let known = known.or_else(|| self.names.get(name)).copied();
                return known.ok_or_else(|| SchemaFault::Undefined(shown(name)));
            }
        };
        self.add(node)
    }

    fn union(&mut self, branches: &[Value], scope: &Scope) -> Result<NodeId, SchemaFault> {
        let id = self.add(Node::Null)?;
        let mut all = Vec::new();
        for branch in branches {
            all.push(self.node(branch, scope)?);
        }
        let is_null = |id: &NodeId| matches!(self.schema.node(*id), Node::Null);
        let null = all.iter().position(is_null).map(|at| at as u32);
        let start = self.schema.branches.len() as u32;
        self.schema.branches.append(&mut all);
        let range = start..self.schema.branches.len() as u32;
        self.set(id, Node::Union(range, null));
        Ok(id)
    }

    fn object(&mut self, map: &Map<String, Value>, scope: &Scope) -> Result<NodeId, SchemaFault> {
        let part = |name: &'static str| {
            map.get(name)
                .ok_or_else(|| scope.misformed("an array or map without its type"))
        };
        let Some(Value::String(kind)) = map.get("type") else {
            let inner = map.get("type");
            let inner = inner.ok_or_else(|| scope.misformed("an object without `type`"))?;
            return self.node(inner, scope);
        };
        match kind.as_str() {
            "record" | "error" => self.record(map, scope),
            "enum" => {
                let symbols = map.get("symbols").and_then(Value::as_array).map(Vec::len);
                let symbols = symbols.ok_or_else(|| scope.misformed("an enum without symbols"))?;
                let id = self.add(Node::Enum(symbols as u32))?;
                self.define(map, scope, id).map(|_| id)
            }
            "fixed" => {
                let size = map.get("size").and_then(Value::as_u64);
                let size = size.and_then(|size| usize::try_from(size).ok());
                let size = size.ok_or_else(|| scope.misformed("a fixed without a size"))?;
                let id = self.add(Node::Fixed(size, logical(map)))?;
                self.define(map, scope, id).map(|_| id)
            }
            "array" | "map" => {
                let id = self.add(Node::Null)?;
                let array = kind == "array";
                let inner = part(if array { "items" } else { "values" })?;
                let inner = self.node(inner, scope)?;
                self.set(
                    id,
                    if array {
                        Node::Array(inner)
                    } else {
                        Node::Map(inner)
                    },
                );
                Ok(id)
            }
            name => self.named(name, logical(map), scope),
        }
    }

    fn record(&mut self, map: &Map<String, Value>, scope: &Scope) -> Result<NodeId, SchemaFault> {
        let id = self.add(Node::Null)?;
        let inside = self.define(map, scope, id)?;
        let fields = map.get("fields").and_then(Value::as_array);
        let fields = fields.ok_or_else(|| inside.misformed("a record without fields"))?;
        let mut all = Vec::new();
        for field in fields {
            let name = field.get("name").and_then(Value::as_str);
            let name = name.ok_or_else(|| inside.misformed("a field without a name"))?;
            let kind = field.get("type");
            let kind = kind.ok_or_else(|| inside.misformed("a field without a type"))?;
            all.push(Field {
                name: name.into(),
                node: self.node(kind, &inside)?,
            });
        }
        let range = self.push_fields(all)?;
        self.set(id, Node::Record(range));
        Ok(id)
    }

    fn push_fields(&mut self, mut all: Vec<Field>) -> Result<Range<u32>, SchemaFault> {
        if self.schema.size() + all.len() > SCHEMA_NODES_MAX {
            return Err(SchemaFault::TooLarge);
        }
        let start = self.schema.fields.len() as u32;
        self.schema.fields.append(&mut all);
        Ok(start..self.schema.fields.len() as u32)
    }

    /// Gives a type its name, and the scope of what is in it.
    fn define(
        &mut self,
        map: &Map<String, Value>,
        scope: &Scope,
        id: NodeId,
    ) -> Result<Scope, SchemaFault> {
        let name = map.get("name").and_then(Value::as_str);
        let name = name.ok_or_else(|| scope.misformed("a named type without a name"))?;
        let name = name.trim_start_matches('.');
        let own_space = map.get("namespace").and_then(Value::as_str);
        let space = match name.rsplit_once('.') {
            Some((space, _)) => space,
            None => own_space.unwrap_or(&scope.space),
        };
        if space.len() + 1 + name.len() > SCHEMA_NAME_BYTES_MAX {
            return Err(scope.misformed("a name that is too long"));
        }
        let mut inside = Scope {
            space: space.to_owned(),
            name: String::new(),
        };
        inside.name = inside.full(name);
        self.names.insert(inside.name.clone(), id);
        Ok(inside)
    }
}

fn logical(map: &Map<String, Value>) -> Logical {
    let name = map.get("logicalType").and_then(Value::as_str);
    let scale = map.get("scale").and_then(Value::as_u64).unwrap_or(0);
    match name.unwrap_or_default() {
        "decimal" => Logical::Decimal(u32::try_from(scale).unwrap_or(u32::MAX)),
        "uuid" => Logical::Uuid,
        "date" => Logical::Date,
        "duration" => Logical::Duration,
        time if time.starts_with("time-") => Logical::Time,
        moment if moment.contains("timestamp-") => Logical::Timestamp,
        _ => Logical::Plain,
    }
}

fn shown(name: &str) -> String {
    shown_name(&Name::plain(name.as_bytes()))
}

//! A finding as a line of JSON.
//!
//! Owns: the fields and their order, which programs read. Refuses: the value itself. Stays true: new
//! fields come behind the old ones.

use super::examine::Seen;
use serde::Serialize;

/// `{"input", "record", "start", "end", "detector", "where", "likelihood", "path"}`.
#[derive(Serialize)]
struct Line<'a> {
    input: &'a str,
    record: u64,
    start: u64,
    end: u64,
    detector: &'a str,
    #[serde(rename = "where")]
    part: &'static str,
    likelihood: &'static str,
    path: &'a str,
}

/// Writes one finding and a line end.
pub fn write(to: &mut Vec<u8>, input: &str, detector: &str, path: &str, seen: &Seen) {
    let line = Line {
        input,
        record: seen.record,
        start: seen.start,
        end: seen.end,
        detector,
        part: seen.finding.part.name(),
        likelihood: super::choose::likelihood_name(seen.finding.likelihood),
        path,
    };
    // Writing to memory does not fail, and nothing in a line is a map with keys of another kind.
    let written = serde_json::to_writer(&mut *to, &line);
    debug_assert!(written.is_ok());
    to.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::{DetectorId, Field, Finding, Form, Likelihood, Part};

    #[test]
    fn fields_have_their_order_and_names_are_escaped() {
        let finding = Finding {
            detector: DetectorId(0),
            likelihood: Likelihood::Certain,
            record: 0,
            part: Part::Key,
            form: Form::Plain,
            start: 5,
            end: 16,
        };
        let field = Field {
            record: 0,
            part: Part::Key,
            start: 0,
            end: 20,
        };
        let seen = Seen {
            finding,
            field,
            record: u64::from(u32::MAX) + 1,
            start: 5,
            end: 16,
        };
        let mut out = Vec::new();
        write(&mut out, "a\"\n.log", "us_ssn", "a.b", &seen);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "{\"input\":\"a\\\"\\n.log\",\"record\":4294967296,\"start\":5,\"end\":16,\
             \"detector\":\"us_ssn\",\"where\":\"key\",\"likelihood\":\"certain\",\"path\":\"a.b\"}\n"
        );
    }
}

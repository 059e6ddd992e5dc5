//! The names that lead to a value, as rules compare them: `customer`, `address`, `zip`.
//!
//! Owns: the names in plain characters, in memory that is used again. Refuses: indexes, since a rule means
//! every element of a list; names past a bound. Stays true: a path that is not known whole says so.

use super::path::Element;
use crate::limits::{FIELD_NAME_BYTES_MAX, PATH_ELEMENTS_MAX};

/// The names from the outside in; none for a record that is one value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldPath {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<usize>,
    /// Whether it has levels or names that were not kept.
    partial: bool,
}

impl FieldPath {
    /// Reads the elements of a place anew.
    pub fn read<'e>(&mut self, elements: impl Iterator<Item = Element<'e>>) {
        self.clear();
        for element in elements {
            if self.ends.len() >= PATH_ELEMENTS_MAX {
                self.partial = true;
            }
            if self.partial {
                return;
            }
            match element {
                Element::Index(_) => continue,
                Element::Cut => self.partial = true,
                Element::Number(number) => self.text.push_str(&number.to_string()),
                Element::Name(name) => self.name(name.chars().map(|(_, c)| c)),
            }
            self.ends.push(self.text.len());
        }
    }

    /// A path of one name: that of a header.
    pub fn read_name(&mut self, name: &[u8]) {
        self.clear();
        self.name(String::from_utf8_lossy(name).chars());
        self.ends.push(self.text.len());
    }

    /// The path of a record that is one value.
    pub fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
        self.partial = false;
    }

    /// Forgets which path it is: there is one, and nobody knows it.
    pub fn unknown(&mut self) {
        self.clear();
        self.partial = true;
    }

    fn name(&mut self, chars: impl Iterator<Item = char>) {
        let start = self.text.len();
        for c in chars {
            if self.text.len() - start >= FIELD_NAME_BYTES_MAX {
                self.partial = true;
                return;
            }
            self.text.push(c);
        }
    }

    /// Whether not all of it is known.
    pub fn is_partial(&self) -> bool {
        self.partial
    }

    /// The name at this depth, from 0.
    pub fn get(&self, at: usize) -> Option<&str> {
        let start = match at.checked_sub(1) {
            None => 0,
            Some(before) => *self.ends.get(before)?,
        };
        self.text.get(start..*self.ends.get(at)?)
    }

    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none: the record is one value.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::path::Name;

    fn names(path: &FieldPath) -> Vec<&str> {
        (0..path.len()).filter_map(|at| path.get(at)).collect()
    }

    #[test]
    fn indexes_are_passed_over_and_names_unescaped() {
        let mut path = FieldPath::default();
        let elements = [
            Element::Name(Name::escaped(br"or\u0064ers", 0)),
            Element::Index(7),
            Element::Number(3),
        ];
        path.read(elements.into_iter());
        assert_eq!(names(&path), ["orders", "3"]);
        path.read_name(b"x-card");
        assert_eq!((names(&path), path.is_partial()), (vec!["x-card"], false));
        path.read([Element::Cut].into_iter());
        assert!(path.is_partial());
        path.clear();
        assert!(path.is_empty() && !path.is_partial());
    }

    #[test]
    fn a_long_path_is_known_in_part() {
        let mut path = FieldPath::default();
        path.read(std::iter::repeat_n(Element::Number(1), PATH_ELEMENTS_MAX));
        assert!(!path.is_partial());
        path.read(std::iter::repeat_n(
            Element::Number(1),
            PATH_ELEMENTS_MAX + 1,
        ));
        assert!(path.is_partial());
        path.read_name(&[b'n'; FIELD_NAME_BYTES_MAX + 1]);
        assert!(path.is_partial());
    }
}

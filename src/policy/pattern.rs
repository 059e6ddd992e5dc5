//! Names with `*`: the globs of `when` and of lists.
//!
//! Owns: the match. Refuses: everything but `*` — `?`, `[` and `{` stand for themselves, because
//! topics, principals and client ids are names, not paths. Stays true: `*` stands for any run of
//! characters, none, dots and slashes included; the whole name must match; case counts; the time
//! is at most the product of both lengths.

/// A name in which each `*` stands for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Box<str>);

impl Pattern {
    /// A pattern from its text; every text is one.
    pub fn new(text: &str) -> Pattern {
        Pattern(text.into())
    }

    /// The text it was made from.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the whole of `name` matches.
    pub fn matches(&self, name: &str) -> bool {
        let mut parts = self.0.split('*');
        let Some(rest) = parts.next().and_then(|head| name.strip_prefix(head)) else {
            return false;
        };
        let Some(tail) = parts.next_back() else {
            return rest.is_empty(); // no star: head is the whole pattern
        };
        let Some(mut rest) = rest.strip_suffix(tail) else {
            return false;
        };
        // Each part at its first place leaves the most room for those after it.
        for part in parts {
            match rest.split_once(part) {
                Some((_, after)) => rest = after,
                None => return false,
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, tried in every way.
    fn naive(pattern: &[char], name: &[char]) -> bool {
        match pattern.split_first() {
            None => name.is_empty(),
            Some(('*', rest)) => (0..=name.len()).any(|at| naive(rest, &name[at..])),
            Some((c, rest)) => name
                .split_first()
                .is_some_and(|(n, left)| n == c && naive(rest, left)),
        }
    }

    #[test]
    fn names_are_not_paths() {
        for (pattern, name, expected) in [
            ("payments.*", "payments.vault.eu", true),
            ("payments.*", "payments.", true),
            ("payments.*", "payments", false),
            ("payments", "payments", true),
            ("payments", "payments.eu", false),
            ("*.vault", "a/b.vault", true),
            ("*.", "spiffe://org/.", true),
            ("a*a", "a", false),
            ("a?", "ab", false),
            ("[ab]", "a", false),
            ("*", "", true),
            ("Pay*", "payments", false),
            ("*é*", "café crème", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(name),
                expected,
                "{pattern} on {name}"
            );
        }
    }

    proptest! {
        #[test]
        fn agrees_with_its_definition(pattern in "[ab*]{0,7}", name in "[ab]{0,9}") {
            let slow = naive(
                &pattern.chars().collect::<Vec<_>>(),
                &name.chars().collect::<Vec<_>>(),
            );
            prop_assert_eq!(Pattern::new(&pattern).matches(&name), slow);
        }
    }
}

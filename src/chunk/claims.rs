//! What a token says of its bearer beside name and groups, as far as the policy asks.
//!
//! Owns: the values by the claim's name. Refuses: to hold a claim that nobody asked for. Stays true: a claim
//! that was not asked for is told apart from one that the token does not have, so that a policy which
//! begins to ask later is not answered with "no".

use std::sync::Arc;

/// One claim that was asked for: its name, and its values in the token's order; none if the token has none.
pub type Claim = (Arc<str>, Arc<[String]>);

/// The claims of a principal. By default those of somebody without a token: none, whatever is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claims(Option<Arc<[Claim]>>);

impl Claims {
    /// What a token answered. Names that are not in it were not asked for.
    pub fn of_token(asked: Vec<Claim>) -> Claims {
        Claims(Some(asked.into()))
    }

    /// The values of a claim; `None` if it was not asked for when the token was read.
    pub fn values(&self, name: &str) -> Option<&[String]> {
        match &self.0 {
            None => Some(&[]),
            Some(asked) => asked
                .iter()
                .find(|(known, _)| **known == *name)
                .map(|(_, values)| values.as_ref()),
        }
    }
}

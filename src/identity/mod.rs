//! Who is on the other end: tokens of the configured issuers, and the SASL exchanges that
//! carry them.
//!
//! Owns: the rules a token must meet (`rules`, `tokens`, `claims`), the keys it may be signed with
//! (`key_set`), the server side of a client's login (`sasl`) and the client side of a login
//! to a broker (`scram`). Refuses: sockets, clocks and random numbers; time and nonces are
//! arguments. Stays true: nothing in here prints or stores a token or a password, and no
//! principal leaves this room before its signature, issuer, audience and dates were checked.

mod claims;
pub mod credential;
mod jwk;
mod jws;
pub mod key_set;
pub mod oauthbearer;
pub mod rules;
pub mod sasl;
pub mod scram;
#[cfg(test)]
pub(crate) mod test_issuer;
pub mod token_fault;
pub mod tokens;

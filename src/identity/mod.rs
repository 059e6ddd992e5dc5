//! Who is on the other end: tokens of the configured issuers, and the SASL exchanges that
//! carry them.
//!
//! Owns: the rules a token must meet (`rules`, `tokens`, `claims`), the keys it may be signed with
//! (`key_set`), the server side of a client's login (`sasl`), the client side of a login to a
//! broker (`scram`), and what a login that passes between the two shows (`exchange`). Refuses:
//! sockets, clocks and random numbers; time and nonces are arguments. Stays true: nothing in here
//! prints or stores a token or a password, and no principal leaves this room unproved: signature,
//! issuer, audience and dates of its token were checked, or the broker accepted its login.

mod claims;
pub mod credential;
pub mod exchange;
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

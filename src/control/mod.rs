//! (being built)

pub mod issuer_http;
mod key_gate;
pub mod key_state;
pub mod keys;

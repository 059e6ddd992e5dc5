//! (being built)

mod broker_link;
pub mod brokers;
mod discovery;
pub mod issuer_http;
mod key_gate;
pub mod key_state;
pub mod keys;
#[cfg(test)]
mod test_broker;

//! Lockgate: a gateway that puts a person in the loop of a Kafka stream.
//!
//! The life of a request, in the order of its stages:
//!
//! ```text
//! data_plane::login   who is it                      identity
//! data_plane::inspect what does it carry             kafka, scan
//!                     what do the rules say          policy
//! data_plane::produce mask · forward · hold · block  hold, approvals
//! data_plane::answer  replies, in request order      kafka
//! data_plane::record  what happened                  audit
//! ```
//!
//! A room uses what is below it, never what is above or beside it; `docs/ARCHITECTURE.md` draws
//! the floors and a test reads the imports.

#![deny(unsafe_code)]

pub mod approvals;
pub mod audit;
pub mod chunk;
pub mod cli;
pub mod config;
pub mod control;
pub mod data_plane;
pub mod gateway;
pub mod hold;
pub mod http;
pub mod identity;
pub mod kafka;
pub mod limits;
pub mod policy;
pub mod scan;
pub mod schema;
pub mod tls;
pub mod walk;

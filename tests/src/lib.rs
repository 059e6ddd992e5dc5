//! The harness of the behaviour tests: real Kafka, a real OIDC issuer, stock clients, and a client
//! of our own for what no stock client can be made to send.
//!
//! Owns: starting and stopping those parts, and looking at what they did. Refuses: the gateway's
//! own code; everything here knows Lockgate only by its command line, its ports and its files.
//! Stays true: waiting is for a condition, never for a time; a missing tool is a failure that
//! names it; every started process dies with the test run.

pub mod admin;
pub mod apicurio;
pub mod archive;
pub mod audit;
pub mod batch;
pub mod broker;
pub mod by_id;
pub mod campaigns;
pub mod clients;
pub mod cluster;
pub mod cluster_scene;
pub mod codec;
pub mod frames;
pub mod gateway;
pub mod hinter;
pub mod holds;
pub mod http;
pub mod jars;
pub mod kraft;
pub mod liar;
pub mod limits;
pub mod login;
pub mod lying_scene;
pub mod matrix;
pub mod messages;
pub mod names;
pub mod node;
pub mod oidc;
pub mod ports;
pub mod process;
pub mod random;
pub mod requests;
pub mod scanning;
pub mod scene;
pub mod settings;
pub mod tap;
pub mod target;
pub mod tls;
pub mod toolbox;
pub mod wait;
pub mod wire;

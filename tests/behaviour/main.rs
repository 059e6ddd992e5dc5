//! What Lockgate does, shown with real Kafka, real clients and a real OIDC issuer: one behaviour
//! a module, all in one binary, so that they share one broker.
//!
//! `harness` runs without a gateway: what it shows is that the tests' own eyes are good. `layers`
//! reads the source and needs none of it.

mod addresses;
mod api_table;
mod attacks;
mod audit;
mod blocks;
mod capture;
mod cluster;
mod faults;
mod faults_broker;
mod faults_compression;
mod faults_frame;
mod grants;
mod harness;
mod holds;
mod identity;
mod idle;
mod io;
mod layers;
mod leader_hints;
mod liars;
mod listeners;
mod login_floods;
mod masks;
mod masks_styles;
mod matrix;
mod operations;
mod own_detectors;
mod passes;
mod policy_cli;
mod protocol;
mod proxy_protocol;
mod relay;
mod robustness;
mod scan_cli;
mod scan_cluster;
mod schemas;
mod sessions;
mod share_groups;
mod summaries;
mod tls;
mod topic_ids;
mod transparency;

/// What a test gives back: an error says what was expected and what came.
type Outcome = anyhow::Result<()>;

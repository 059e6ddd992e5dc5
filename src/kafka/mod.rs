//! (being built)
pub mod compression;

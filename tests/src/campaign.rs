//! `campaign NAME`: the long runs.
fn main() {}

//! Long campaigns.

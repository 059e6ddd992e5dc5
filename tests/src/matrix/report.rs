//! The page that a run writes.

use super::run::Results;
use anyhow::Result;

/// Writes `docs/compatibility.md`.
pub fn write(_results: &Results) -> Result<()> {
    Ok(())
}

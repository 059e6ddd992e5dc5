//! Names that no other test of this or another run uses.
//!
//! All tests share one broker, so every topic and group is somebody's own.

use std::sync::atomic::{AtomicU32, Ordering};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// `stem`, made unique: the rules of a test match on the stem (`hold-*`).
pub fn unique(stem: &str) -> String {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{stem}-{}-{number}", std::process::id())
}

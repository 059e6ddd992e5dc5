//! The demo as a newcomer runs it, without waiting for one.
#![allow(missing_docs, clippy::unwrap_used)]

use std::process::Command;

#[test]
fn the_whole_story_holds() {
    let demo = Command::new(env!("CARGO_BIN_EXE_lockgate-demo"))
        .arg("--auto")
        .output()
        .unwrap();
    let (told, errors) = (
        String::from_utf8_lossy(&demo.stdout),
        String::from_utf8_lossy(&demo.stderr),
    );
    assert!(demo.status.success(), "{told}\n{errors}");
    let mut steps = told
        .lines()
        .filter_map(|line| line.split_once(". ")?.0.parse::<u8>().ok());
    assert!(
        steps.by_ref().eq(1..=6),
        "steps are missing or out of order:\n{told}"
    );
    let story = told.to_lowercase();
    for turn in ["mask", "held", "approve", "reject", "audit", "byte"] {
        assert!(story.contains(turn), "nothing is told of `{turn}`:\n{told}");
    }
    assert!(!told.contains('\x1b'), "colour where there is no terminal");
}

//! The contract of a held chunk, cell by cell: what the client is told, what the log of the broker
//! has, what the reviewer sees.

mod clients;
mod decisions;
mod forms;
mod order;
mod restart;
mod retries;
mod reviewers;

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::requests::{Landed, code};
use lockgate_tests::scene::Scene;

/// The reply says "not written, try again".
fn told_to_retry(landed: &Landed) -> Outcome {
    ensure!(
        landed.code == code::NOT_LEADER_OR_FOLLOWER,
        "not told to try again: {landed:?}"
    );
    Ok(())
}

/// The reply says that it is written.
fn told_written(landed: &Landed, offset: i64) -> Outcome {
    ensure!(
        landed.code == code::NONE && landed.offset == offset,
        "not told written at {offset}: {landed:?}"
    );
    Ok(())
}

/// The reply says no, in words.
fn told_no(landed: &Landed, words: &[&str]) -> Outcome {
    ensure!(
        landed.code == code::POLICY_VIOLATION,
        "not told no: {landed:?}"
    );
    for word in words {
        ensure!(
            landed.message.contains(word),
            "`{word}` is not in the message: {landed:?}"
        );
    }
    Ok(())
}

/// The broker's log has exactly these values.
fn log_has(scene: &Scene, topic: &str, partition: i32, wanted: &[&str]) -> Outcome {
    let end = scene.broker.end_offset(topic, partition)?;
    let values = scene.broker.values(topic, partition)?;
    ensure!(
        values == wanted,
        "{topic}/{partition} has {values:?}, wanted {wanted:?}"
    );
    ensure!(
        end == wanted.len() as i64,
        "{topic}/{partition} ends at {end}"
    );
    Ok(())
}

//! `messages`: writes the gateway's table of message layouts anew, from Kafka's own definitions.
//!
//! Run it in the repository after `lockgate_tests::jars` was given a newer Kafka, then judge the
//! difference: a new field may be an address, a topic or records.

use anyhow::Result;
use lockgate_tests::{messages, toolbox};

fn main() -> Result<()> {
    let folder = toolbox::repository().join(messages::TABLE);
    std::fs::create_dir_all(&folder)?;
    for (name, text) in messages::table()? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}

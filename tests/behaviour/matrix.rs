//! A slice of the compatibility matrix: every client once, with a mask that hits and without. The
//! whole of it is `campaign matrix`, which writes `docs/compatibility.md`.

use crate::Outcome;
use anyhow::ensure;
use lockgate_tests::broker::Broker;
use lockgate_tests::jars::Version;
use lockgate_tests::matrix::cells::Cell;
use lockgate_tests::matrix::clients::CLIENTS;
use lockgate_tests::matrix::records::Mode;
use lockgate_tests::matrix::run::{self, Plan};

#[test]
fn a_slice_with_every_client() -> Outcome {
    let plan = Plan {
        version: Version::Newest,
        clients: CLIENTS.to_vec(),
        cells: vec![
            Cell::Codec("lz4"),
            Cell::Commit,
            Cell::Resume,
            Cell::Bytes,
            Cell::Addresses,
        ],
        modes: vec![Mode::Clean, Mode::Hits],
        direct: false,
    };
    let results = run::run(&plan, Broker::shared()?);
    ensure!(results.len() == 2 * CLIENTS.len(), "not every client ran");
    let red = run::red(&results);
    ensure!(red.is_empty(), "red: {red:?}; why is told above");
    Ok(())
}

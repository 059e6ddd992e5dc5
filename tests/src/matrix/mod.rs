//! The compatibility matrix: stock clients through the gateway, cell by cell.
//!
//! Owns: the contract with the client programs in `matrix/`, what each cell asserts, and the page
//! that a run writes. Stays true: a cell is green because its assertions ran in that run; what a
//! library cannot do is named, and never green.

pub mod capture;
pub mod cells;
pub mod clients;
mod connect;
mod console;
mod kcat;
mod log;
mod parts;
mod program;
pub mod records;
pub mod report;
pub mod run;
mod streams;
mod subject;
pub mod trial;

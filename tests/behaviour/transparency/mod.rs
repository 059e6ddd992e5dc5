//! A broker's no is the broker's no: what a client is told of an error is the same with the gateway
//! and without it, exception for exception and code for code.

mod clients;
mod codes;
mod wire;

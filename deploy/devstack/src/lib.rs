//! The whole platform on one machine, for development and tests.

pub mod account;
mod bootstrap;
pub mod folders;
pub mod kafka;
pub mod ports;
pub mod postgres;
pub mod prerequisites;
pub mod process;
pub mod progress;
pub mod secrets;

//! The whole platform on one machine, for development and tests.
//!
//! - [`platform`]: everything at once, as the program `devstack` starts it
//! - [`sample`]: what a new platform can show
//! - [`postgres`], [`kafka`]: servers as child processes, which [`prerequisites`] fetches
//! - [`s3`], [`smtp`]: servers inside our own process; [`mailbox`] keeps the mails
//! - [`services`]: the programs of the platform and their settings
//! - [`keys`], [`secrets`]: what is made once and kept
//! - [`folders`], [`ports`], [`process`], [`unix_account`], [`progress`]: the machine

mod background;
mod bootstrap;
pub mod folders;
pub mod kafka;
pub mod keys;
pub mod mailbox;
mod mails_page;
mod occupancy;
pub mod platform;
pub mod ports;
pub mod postgres;
pub mod prerequisites;
pub mod process;
pub mod progress;
pub mod s3;
pub mod sample;
pub mod schema;
pub mod secrets;
pub mod services;
pub mod smtp;
pub mod unix_account;

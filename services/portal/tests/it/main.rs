//! The portal over a socket, with the services and the storage played by the test: what streams through it, and what a
//! service's answer leads to.

mod files;
mod import;
mod sessions;
mod stage;
mod uploads;

//! The portal over a socket, with the services and the storage played by the test: what streams through it.

mod files;
mod stage;
mod uploads;

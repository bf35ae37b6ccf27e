//! The service over a socket, on a database of its own; projects is played by a fake.

mod contract;
mod fake_projects;
mod forget;
mod stage;

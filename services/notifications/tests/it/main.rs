//! The service over a socket, on a database of its own, with a mail server; identity and projects are played by fakes.

mod delivery;
mod fake_identity;
mod fake_projects;
mod inbox;
mod preference;
mod stage;

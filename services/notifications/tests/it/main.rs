//! The service over a socket, on a database of its own, with a mail server; the other services are played by fakes.

mod delivery;
mod fake_documents;
mod fake_identity;
mod fake_projects;
mod inbox;
mod photos;
mod preference;
mod stage;

//! The service over a socket, on a database of its own, with an S3 server and the real decoder; projects is played by a
//! fake.

mod edit;
mod fake_projects;
mod logo;
mod photo;
mod stage;
mod upload;

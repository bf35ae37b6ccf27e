//! The service over a socket, on a database of its own, with an S3 server and the real decoder; projects is played by a
//! fake.

mod deleting;
mod edit;
mod fake_bucket;
mod fake_projects;
mod logo;
mod photo;
mod stage;
mod upload;
mod waiting;

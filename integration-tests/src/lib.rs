//! The whole platform, driven from outside.
//!
//! [`Services`] runs the five services in this process, on real PostgreSQL, Kafka, S3 and SMTP, for tests that call RPCs.
//! Tests that need the real processes and a browser start `devstack::platform::Platform`.
//!
//! Three words of the theatre name the parts of a test, here, in the services' own tests and in devstack's sample:
//!
//! - a **stage** is what runs: the services and the ways to them ([`Stage`]), be it in this process or as a platform;
//! - a **cast** is who is there: the organizations with their people, clients and projects ([`Cast`]), which are made
//!   through the public RPCs;
//! - a **deed** is what one of them does in the course of a test, such as to share a photo.

mod cast;
mod files;
mod fingerprint;
pub mod form;
mod links;
mod otlp;
mod process;
pub mod proxy;
mod quiet;
pub mod routes;
mod services;
mod setting;
mod stage;
pub mod statements;
mod visitor;

pub use cast::{Cast, Organization, PASSWORD, Record, mailed_token, sign_in};
pub use files::{add_photo, finish_logo, jpeg, start_logo, start_photo};
pub use fingerprint::fingerprint;
pub use links::Links;
pub use otlp::{Receiver, Span};
pub use process::Process;
pub use quiet::wait_until_quiet;
pub use services::Services;
pub use setting::setting;
pub use stage::Stage;
pub use visitor::{Encoding, Page, Source, Visitor};

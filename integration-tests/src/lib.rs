//! The whole platform, driven from outside.
//!
//! [`Services`] runs the five services in this process, on real PostgreSQL, Kafka, S3 and SMTP, for tests that call RPCs.
//! [`Cast`] fills two organizations with people and things through the public RPCs. Tests that need the real processes
//! and a browser start `devstack::platform::Platform`.

mod cast;
mod files;
mod fingerprint;
pub mod form;
mod links;
mod otlp;
mod process;
pub mod proxy;
mod rest;
pub mod routes;
mod services;
mod setting;
mod stage;
pub mod statements;
mod visitor;

pub use cast::{Cast, Organization, PASSWORD, Record, mailed_token, sign_in};
pub use files::{add_photo, finish_logo, jpeg, start_logo, start_photo};
pub use fingerprint::{fingerprint, whole_fingerprint};
pub use links::Links;
pub use otlp::{Receiver, Span};
pub use process::Process;
pub use rest::come_to_rest;
pub use services::Services;
pub use setting::setting;
pub use stage::Stage;
pub use visitor::{Encoding, Page, Source, Visitor};

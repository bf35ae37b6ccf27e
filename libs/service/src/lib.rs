//! What every binary of the platform does alike.
//!
//! - [`config`]: one struct a service, compiled-in defaults, then `APP__…` environment; unknown keys are refused
//! - [`Error`]: what can go wrong, in words of the domain, with one conversion to a gRPC status
//! - [`clock`]: the one source of business time
//! - [`telemetry`]: traces, metrics and logs over OTLP
//! - [`text`], [`mask`], [`etag`], [`page`]: how requests are read, with [`parse_id`] and [`Violations`]
//! - [`Server`]: the stack of layers, health, draining; [`Peer`]: the way to another service
//! - [`main`]: `serve | migrate | replay`

mod cli;
pub mod clock;
pub mod config;
pub mod deadline;
mod error;
pub mod etag;
mod lifecycle;
pub mod mask;
pub mod page;
mod peer;
mod reason;
mod server;
pub mod telemetry;
pub mod text;

pub use cli::{Command, main};
pub use error::{Error, Found, OnConstraint, Result, Violation, Violations};
pub use lifecycle::Lifecycle;
pub use peer::Peer;
pub use reason::Reason;
pub use server::{Authenticate, Listen, Server, bind_control, serve_control};

/// A call is many small pieces of memory, asked for on one thread and given back on another.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The most ids that one call may name.
const MOST_IDS: usize = 1_000;

/// Makes an id: UUIDv7, so that new rows stand at the end of an index.
pub fn new_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}

/// Reads an id from a request; `field` is its name there.
pub fn parse_id(text: &str, field: &'static str) -> Result<uuid::Uuid> {
    text.parse()
        .map_err(|_| Error::invalid(field, "must be an id"))
}

/// Reads ids from a request, 1,000 at most; `field` is their name there.
pub fn parse_ids(texts: &[String], field: &'static str) -> Result<Vec<uuid::Uuid>> {
    if texts.len() > MOST_IDS {
        return Err(Error::invalid(field, "must be 1,000 at most"));
    }
    texts.iter().map(|text| parse_id(text, field)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_names_a_thousand_ids_at_most() {
        let mut ids = vec![new_id().to_string(); MOST_IDS];
        assert_eq!(parse_ids(&ids, "ids").expect("valid").len(), MOST_IDS);
        ids.push(new_id().to_string());
        assert!(parse_ids(&ids, "ids").is_err());
        assert!(parse_ids(&["seven".to_owned()], "ids").is_err());
    }
}

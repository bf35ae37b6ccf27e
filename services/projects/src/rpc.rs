//! The gRPC services, a noun each.

pub(crate) mod access;
pub(crate) mod phase;
pub(crate) mod project;
pub(crate) mod visibility;

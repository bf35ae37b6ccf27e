//! The gRPC services, a noun each.

pub(crate) mod delivery;
pub(crate) mod inbox;
pub(crate) mod preference;

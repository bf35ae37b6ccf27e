//! The gRPC services, a noun each.

pub(crate) mod contract;

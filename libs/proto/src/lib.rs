//! Messages, clients and servers generated from `proto/`, and the compiled descriptors.
//!
//! Nothing here is written by hand: change the `.proto` files, and read `docs/api-style.md` first.

#[expect(
    clippy::pedantic,
    clippy::all,
    clippy::allow_attributes,
    reason = "generated code answers to its generator"
)]
mod generated {
    pub mod contractoros {
        pub mod types {
            pub mod v1 {
                tonic::include_proto!("contractoros.types.v1");
            }
        }
        pub mod identity {
            pub mod v1 {
                tonic::include_proto!("contractoros.identity.v1");
            }
        }
        pub mod projects {
            pub mod v1 {
                tonic::include_proto!("contractoros.projects.v1");
            }
        }
        pub mod documents {
            pub mod v1 {
                tonic::include_proto!("contractoros.documents.v1");
            }
        }
        pub mod billing {
            pub mod v1 {
                tonic::include_proto!("contractoros.billing.v1");
            }
        }
        pub mod notifications {
            pub mod v1 {
                tonic::include_proto!("contractoros.notifications.v1");
            }
        }
    }
}

pub use generated::contractoros::{
    billing::v1 as billing, documents::v1 as documents, identity::v1 as identity,
    notifications::v1 as notifications, projects::v1 as projects, types::v1 as types,
};

/// The compiled `google.protobuf.FileDescriptorSet` of every file under `proto/`.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

/// A time as messages carry it.
pub fn timestamp(time: jiff::Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp {
        seconds: time.as_second(),
        nanos: time.subsec_nanosecond(),
    }
}

/// Reads a time from a message; none where it is out of range.
pub fn time(timestamp: &prost_types::Timestamp) -> Option<jiff::Timestamp> {
    jiff::Timestamp::new(timestamp.seconds, timestamp.nanos).ok()
}

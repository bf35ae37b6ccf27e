//! The rows of `UsageService`.

use integration_tests::{Organization, Services};
use proto::documents as dc;

use super::{rpc, setup};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.documents.v1.UsageService";
    vec![
        Row::plain(rpc(SERVICE, "GetUsage"), setup(nothing), |_| {
            dc::GetUsageRequest {}
        })
        .allows(&[Owner, Pm]),
    ]
}

fn nothing<'a>(_: &'a Services, _: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async { Ok(Ids::new()) })
}

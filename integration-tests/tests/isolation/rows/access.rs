//! The rows of `AccessService`.

use proto::projects as pr;

use super::{anas, rpc, setup};
use crate::matrix::{
    Row,
    Who::{
        Ana, Ben, BillingForAna, DocumentsForAna, DocumentsForBen, DocumentsForField,
        DocumentsForOwner, Field, NotificationsForAna, Owner, Pm,
    },
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.AccessService";
    vec![
        Row::naming(rpc(SERVICE, "Resolve"), setup(anas), |ids| {
            pr::ResolveRequest {
                project_ids: vec![ids["project"].clone()],
            }
        })
        .allows(&[Owner, Pm, Field, Ana])
        .allows(&[DocumentsForOwner, DocumentsForField, DocumentsForAna])
        .allows(&[BillingForAna, NotificationsForAna])
        .hides_from(&[Ben, DocumentsForBen])
        .leaves_out(),
    ]
}

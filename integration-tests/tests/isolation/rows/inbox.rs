//! The rows of `InboxService`.

use proto::notifications as no;

use super::{anas, rpc, setup};
use crate::matrix::{
    Row,
    Who::{Ana, Ben},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.notifications.v1.InboxService";
    vec![
        Row::plain(rpc(SERVICE, "ListInbox"), setup(anas), |_| {
            no::ListInboxRequest::default()
        })
        .allows(&[Ana, Ben]),
        Row::naming(rpc(SERVICE, "MarkSeen"), setup(anas), |ids| {
            no::MarkSeenRequest {
                ids: vec![ids["inbox_item"].clone()],
                as_of: None,
            }
        })
        .allows(&[Ana])
        .hides_from(&[Ben]),
    ]
}

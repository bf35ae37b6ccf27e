//! The rows of `DeliveryService`.

use proto::notifications as no;
use service::new_id;

use super::{anas, rpc, setup};
use crate::matrix::{
    Row,
    Who::{Ana, Ben, Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.notifications.v1.DeliveryService";
    vec![
        Row::naming(rpc(SERVICE, "ListDeliveries"), setup(anas), |ids| {
            no::ListDeliveriesRequest {
                account_ids: vec![ids["account"].clone()],
                ..no::ListDeliveriesRequest::default()
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben])
        .leaves_out(),
        Row::naming(rpc(SERVICE, "ResendDelivery"), setup(anas), |ids| {
            no::ResendDeliveryRequest {
                id: ids["delivery"].clone(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(rpc(SERVICE, "ClearSuppression"), setup(anas), |ids| {
            no::ClearSuppressionRequest {
                account_id: ids["account"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

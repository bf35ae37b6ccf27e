//! The rows of `AccountService`.

use integration_tests::PASSWORD;
use proto::identity as id;

use super::{anas, mask, rpc, setup};
use crate::matrix::{
    Row,
    Who::{Ana, Ben, Field, Notifications, Owner, Pm, Portal},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.identity.v1.AccountService";
    vec![
        Row::plain(rpc(SERVICE, "GetMyAccount"), setup(anas), |_| {
            id::GetMyAccountRequest {}
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::plain(rpc(SERVICE, "UpdateMyAccount"), setup(anas), |_| {
            id::UpdateMyAccountRequest {
                name: String::new(),
                phone: "(503) 555-0177".to_owned(),
                update_mask: Some(mask(&["phone"])),
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::plain(rpc(SERVICE, "ChangePassword"), setup(anas), |_| {
            id::ChangePasswordRequest {
                current_password: PASSWORD.to_owned(),
                new_password: PASSWORD.to_owned(),
            }
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::plain(rpc(SERVICE, "RequestReset"), setup(anas), |_| {
            id::RequestResetRequest {
                email: "nobody@alder.example".to_owned(),
                client_address: "198.51.100.8".to_owned(),
            }
        })
        .allows(&[Portal]),
        Row::naming(rpc(SERVICE, "BatchGetAccounts"), setup(anas), |ids| {
            id::BatchGetAccountsRequest {
                account_ids: vec![ids["account"].clone()],
                client_ids: vec![ids["client"].clone()],
            }
        })
        .allows(&[Portal, Notifications])
        .leaves_out(),
    ]
}

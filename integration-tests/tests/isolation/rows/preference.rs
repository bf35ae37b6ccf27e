//! The rows of `PreferenceService`.

use proto::notifications as no;

use super::{anas, rpc, setup};
use crate::matrix::{
    Row,
    Who::{Ana, Ben, Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.notifications.v1.PreferenceService";
    vec![
        Row::naming(rpc(SERVICE, "GetPreferences"), setup(anas), |ids| {
            no::GetPreferencesRequest {
                account_id: ids["account"].clone(),
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Ben]),
        Row::plain(rpc(SERVICE, "UpdatePreferences"), setup(anas), |_| {
            no::UpdatePreferencesRequest {
                frequency: no::Frequency::Instant.into(),
                time_zone: "America/Los_Angeles".to_owned(),
            }
        })
        .allows(&[Ana, Ben]),
    ]
}

//! The rows of `VisibilityService`.

use proto::projects as pr;

use super::{anas, rpc, setup};
use crate::matrix::{
    Ids, Row,
    Who::{Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.VisibilityService";
    let settings = |ids: &Ids| pr::Visibility {
        project_id: ids["project"].clone(),
        progress: pr::ProgressVisibility::Show.into(),
        photos: pr::PhotosVisibility::Selected.into(),
        logs: pr::LogsVisibility::Summarized.into(),
        schedule: pr::ScheduleVisibility::Milestones.into(),
        financials: pr::FinancialsVisibility::Summary.into(),
        etag: ids["visibility_etag"].clone(),
        ..pr::Visibility::default()
    };
    vec![
        Row::naming(rpc(SERVICE, "GetVisibility"), setup(anas), |ids| {
            pr::GetVisibilityRequest {
                project_id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(rpc(SERVICE, "CompareVisibility"), setup(anas), move |ids| {
            pr::CompareVisibilityRequest {
                visibility: Some(settings(ids)),
            }
        })
        .allows(&[Owner, Pm]),
        Row::naming(rpc(SERVICE, "UpdateVisibility"), setup(anas), move |ids| {
            pr::UpdateVisibilityRequest {
                visibility: Some(settings(ids)),
            }
        })
        .allows(&[Owner, Pm]),
    ]
}

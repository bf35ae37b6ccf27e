//! The rows of `ProjectService`.

use proto::projects as pr;
use service::new_id;

use super::{anas, mask, rpc, setup};
use crate::matrix::{
    Row,
    Who::{
        Ana, Ben, Documents, DocumentsForAna, DocumentsForBen, DocumentsForField,
        DocumentsForOwner, Field, Notifications, NotificationsForAna, Owner, Pm,
    },
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.projects.v1.ProjectService";
    let project = |name: &'static str| rpc(SERVICE, name);
    vec![
        Row::naming(project("CreateProject"), setup(anas), |ids| {
            pr::CreateProjectRequest {
                project: Some(pr::Project {
                    client_id: Some(ids["client"].clone()),
                    name: "Bath refresh".to_owned(),
                    r#type: pr::ProjectType::Bathroom.into(),
                    status: pr::ProjectStatus::Planned.into(),
                    start_date: Some("2027-01-11".to_owned()),
                    time_zone: "America/Los_Angeles".to_owned(),
                    ..pr::Project::default()
                }),
                template_id: String::new(),
                request_id: new_id().to_string(),
            }
        })
        .allows(&[Owner, Pm])
        // clients are identity's: the project stays in the caller's organization, where nobody is that client
        .takes_any(),
        Row::naming(project("GetProject"), setup(anas), |ids| {
            pr::GetProjectRequest {
                id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm, Field, Ana])
        .allows(&[Notifications, Documents])
        .allows(&[DocumentsForOwner, DocumentsForField, DocumentsForAna])
        .allows(&[NotificationsForAna])
        .hides_from(&[Ben, DocumentsForBen]),
        Row::plain(project("ListProjects"), setup(anas), |_| {
            pr::ListProjectsRequest::default()
        })
        .allows(&[Owner, Pm, Field, Ana, Ben]),
        Row::naming(project("UpdateProject"), setup(anas), |ids| {
            pr::UpdateProjectRequest {
                project: Some(pr::Project {
                    id: ids["project"].clone(),
                    name: "Kitchen remodel".to_owned(),
                    etag: ids["project_etag"].clone(),
                    ..pr::Project::default()
                }),
                update_mask: Some(mask(&["name"])),
            }
        })
        .allows(&[Owner, Pm]),
        Row::plain(project("ListPhaseTemplates"), setup(anas), |_| {
            pr::ListPhaseTemplatesRequest {}
        })
        .allows(&[Owner, Pm]),
    ]
}

//! One photo, large, with its neighbors.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use proto::{
    documents::{GetPhotoRequest, GetPhotoResponse},
    projects::{GetProjectRequest, Project},
};
use uuid::Uuid;

use crate::{
    client::{format_at, members, photos::Asked},
    error::Error,
    format::{Format, When, time_of},
    page::{self, Frame},
    pictures::Picture,
    session::Client,
};

#[derive(Template)]
#[template(path = "client/photo.html")]
pub(crate) struct Page {
    pub(crate) frame: Frame,
    pub(crate) picture: Picture,
    /// "7 of 43".
    pub(crate) position: String,
    pub(crate) previous: Option<Neighbor>,
    pub(crate) next: Option<Neighbor>,
    /// The gallery, at this photo.
    pub(crate) close: String,
    pub(crate) when: Option<When>,
    /// Who added it and which phase it shows, as far as either may be known.
    pub(crate) about: Vec<String>,
}

/// The photo before or after.
pub(crate) struct Neighbor {
    pub(crate) link: String,
    /// Where its files are, for a script that has the next one ready.
    pub(crate) path: String,
}

/// `GET /p/{project}/photos/{photo}`
pub(crate) async fn show(
    client: Client,
    Path((project, id)): Path<(Uuid, Uuid)>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let (mut photos, mut projects) = (client.calls.photos(), client.calls.projects());
    let (found, project) = tokio::try_join!(
        photos.get_photo(GetPhotoRequest {
            project_id: project.to_string(),
            id: id.to_string(),
            filter: Some(asked.filter()),
        }),
        projects.get_project(GetProjectRequest {
            id: project.to_string(),
        })
    )?;
    let found = found.into_inner();
    let project = project.into_inner().project.ok_or(Error::NotFound)?;
    asked.check(&project)?;
    let uploader = found
        .photo
        .as_ref()
        .map(|photo| photo.uploaded_by.clone())
        .unwrap_or_default();
    let by = members(&client, vec![uploader.clone()])
        .await
        .remove(&uploader)
        .map(|member| member.name);
    let format = format_at(&client, &project.time_zone);
    page::show(&Page::new(
        client.frame(),
        &found,
        &project,
        by,
        &asked,
        &format,
    ))
}

impl Page {
    pub(crate) fn new(
        frame: Frame,
        found: &GetPhotoResponse,
        project: &Project,
        by: Option<String>,
        asked: &Asked,
        format: &Format,
    ) -> Self {
        let photo = found.photo.clone().unwrap_or_default();
        let gallery = format!("/p/{}/photos", project.id);
        let query = asked.query();
        let neighbor = |id: &String| {
            (!id.is_empty()).then(|| Neighbor {
                link: format!("{gallery}/{id}{query}"),
                path: format!("{gallery}/{id}"),
            })
        };
        let phase = project
            .phases
            .iter()
            .find(|phase| phase.id == photo.phase_id)
            .map(|phase| phase.name.clone());
        Self {
            frame,
            picture: Picture::of(&photo, format),
            position: format!("{} of {}", found.position, found.total_count),
            previous: neighbor(&found.previous_id),
            next: neighbor(&found.next_id),
            close: format!("{gallery}{query}#photo-{}", photo.id),
            when: time_of(photo.taken_at).map(|at| format.long_when(at)),
            about: by.into_iter().chain(phase).collect(),
        }
    }
}

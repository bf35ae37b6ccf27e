//! Photos are added, shared and looked at.

use anyhow::{Context, Result, ensure};
use futures::future::try_join_all;
use proto::documents::photo_service_client::PhotoServiceClient;
use proto::documents::{
    FinishPhotoRequest, ListPhotosRequest, ListUploadsRequest, Photo, PhotoAudience, PhotoFilter,
    StartPhotoRequest, StartPhotoResponse, UpdatePhotosRequest, UploadState,
};
use proto::identity::Role;
use proto::notifications::MailKind;
use proto::projects::access_service_client::AccessServiceClient;
use proto::projects::{PhotoScope, ResolveRequest};
use tenancy::authorized;
use tonic::transport::Channel;

use super::mask;
use crate::sample::cast::{Member, Organization, Project};
use crate::sample::shots::Shot;
use crate::sample::stage::{Stage, request_id, wait_for};

/// As many as the portal's page shows.
const PAGE: i32 = 24;
/// The most that a list has.
const ALL: i32 = 1_000;

impl Stage<'_> {
    pub(super) async fn add_photos(
        &self,
        organization: &Organization,
        project: &'static Project,
        member: &Member,
        phase: &str,
        shots: &'static [Shot],
    ) -> Result<()> {
        let token = self.sign_in(organization, member.email).await?;
        let found = self.project(project, &token).await?;
        let phase = phase_id(&found, phase)?;
        // one after the other: the order of their times is the order in which they are shown
        let mut started = Vec::new();
        for shot in shots {
            started.push(self.start_photo(&found.id, phase, shot, &token).await?);
        }
        let sent = started.iter().zip(shots);
        try_join_all(sent.map(|(started, shot)| self.send_photo(started, shot, &token))).await?;
        self.photos_ready(&found.id, &started, &token).await?;
        let seen = shots.iter().filter(|shot| shot.is_seen_in(project)).count();
        let token = match member.role {
            // crew know nothing of mails
            Role::Field => {
                self.sign_in(organization, organization.manager.email)
                    .await?
            }
            Role::Owner | Role::Pm | Role::Unspecified => token,
        };
        self.photos_told(organization, project, seen, &token).await
    }

    async fn start_photo(
        &self,
        project: &str,
        phase: &str,
        shot: &Shot,
        token: &str,
    ) -> Result<StartPhotoResponse> {
        let request = StartPhotoRequest {
            project_id: project.to_owned(),
            file_name: shot.drawing.file_name.to_owned(),
            content_type: "image/jpeg".to_owned(),
            size_bytes: i64::try_from(shot.file().len())?,
            phase_id: phase.to_owned(),
            caption: shot.caption.to_owned(),
            alt_text: shot.alt_text.to_owned(),
            audience: shot.audience.into(),
            request_id: request_id(),
        };
        let started = self.photos().start_photo(authorized(token, request)).await;
        let started = started.with_context(|| format!("start the photo “{}”", shot.caption))?;
        Ok(started.into_inner())
    }

    async fn send_photo(
        &self,
        started: &StartPhotoResponse,
        shot: &Shot,
        token: &str,
    ) -> Result<()> {
        self.put(&started.put_url, shot.file()).await?;
        let request = FinishPhotoRequest {
            photo_id: started.photo_id.clone(),
        };
        let finished = self.photos().finish_photo(authorized(token, request)).await;
        finished.with_context(|| format!("finish the photo “{}”", shot.caption))?;
        Ok(())
    }

    /// Sends a file to where documents wants it.
    pub(super) async fn put(&self, url: &str, bytes: Vec<u8>) -> Result<()> {
        self.http
            .put(url)
            .body(bytes)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .context("send a file to the bucket")?;
        Ok(())
    }

    /// Waits until uploads have become photos.
    async fn photos_ready(
        &self,
        project: &str,
        started: &[StartPhotoResponse],
        token: &str,
    ) -> Result<()> {
        wait_for("photos that are being prepared", async || {
            let request = ListUploadsRequest {
                project_id: project.to_owned(),
            };
            let uploads = self.photos().list_uploads(authorized(token, request)).await;
            let uploads = uploads.context("list uploads")?.into_inner().uploads;
            let mut ours = uploads.iter().filter(|upload| {
                let is_it = |one: &StartPhotoResponse| one.photo_id == upload.id;
                started.iter().any(is_it)
            });
            let next = ours.next();
            let refused = next.filter(|upload| upload.state() == UploadState::Refused);
            ensure!(refused.is_none(), "a photo was refused: {refused:?}");
            Ok(next.is_none().then_some(()))
        })
        .await
    }

    /// Waits until clients are told of photos, so many of which they see, where there is anybody to tell; the token is the
    /// owner's or the project manager's.
    async fn photos_told(
        &self,
        organization: &Organization,
        project: &'static Project,
        seen: usize,
        token: &str,
    ) -> Result<()> {
        if !self.has_listeners(project.client) {
            return Ok(());
        }
        let id = self.id(project.name)?;
        self.told(MailKind::PhotosAdded, &id, token).await?;
        if seen > 0 {
            let seen = i32::try_from(seen)?;
            self.photos_counted(project.client, &id, seen).await?;
        }
        self.settle(organization, token).await
    }

    pub(super) async fn share_photos(
        &self,
        organization: &Organization,
        project: &'static Project,
        phase: &str,
    ) -> Result<()> {
        let manager = organization.manager.email;
        let token = self.sign_in(organization, manager).await?;
        let found = self.project(project, &token).await?;
        let request = ListPhotosRequest {
            project_id: found.id.clone(),
            filter: Some(PhotoFilter {
                phase_id: phase_id(&found, phase)?.to_owned(),
                audience: PhotoAudience::Unmarked.into(),
                ..PhotoFilter::default()
            }),
            page_size: ALL,
            ..ListPhotosRequest::default()
        };
        let unmarked = self.photos().list_photos(authorized(&token, request)).await;
        let unmarked = unmarked.context("list photos to share")?.into_inner();
        let ids: Vec<String> = unmarked.photos.into_iter().map(|photo| photo.id).collect();
        let shared = ids.len();
        let request = UpdatePhotosRequest {
            project_id: found.id,
            ids,
            photo: Some(Photo {
                audience: PhotoAudience::Shared.into(),
                ..Photo::default()
            }),
            update_mask: Some(mask(&["audience"])),
            etag: String::new(),
        };
        let updated = self
            .photos()
            .update_photos(authorized(&token, request))
            .await;
        updated.with_context(|| format!("share the photos of {phase}"))?;
        self.photos_told(organization, project, shared, &token)
            .await
    }

    /// Opens the gallery of each project that shows photos to the person.
    pub(super) async fn look_at_photos(&self, token: &str) -> Result<()> {
        let resolved = AccessServiceClient::new(self.projects.clone())
            .resolve(authorized(token, ResolveRequest::default()))
            .await
            .context("ask what a client may see")?;
        for access in resolved.into_inner().projects {
            if access.photos() == PhotoScope::None {
                continue;
            }
            let request = ListPhotosRequest {
                project_id: access.project_id,
                page_size: PAGE,
                ..ListPhotosRequest::default()
            };
            let photos = self.photos().list_photos(authorized(token, request)).await;
            photos.context("look at photos")?;
        }
        Ok(())
    }

    fn photos(&self) -> PhotoServiceClient<Channel> {
        PhotoServiceClient::new(self.documents.clone())
    }
}

fn phase_id<'a>(project: &'a proto::projects::Project, name: &str) -> Result<&'a str> {
    let phase = project.phases.iter().find(|phase| phase.name == name);
    let phase = phase.with_context(|| format!("find the phase {name}"))?;
    Ok(&phase.id)
}

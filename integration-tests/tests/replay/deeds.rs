//! What the cast does not do by itself, so that every kind of event happens.

use anyhow::{Context as _, Result};
use integration_tests::{Organization, PASSWORD, Services, Stage as _};
use prost_types::FieldMask;
use proto::{
    documents::{
        Photo, PhotoAudience, UpdatePhotosRequest, photo_service_client::PhotoServiceClient,
    },
    identity::{
        ChangePasswordRequest, DisablePortalAccessRequest, RestorePortalAccessRequest,
        account_service_client::AccountServiceClient,
        portal_access_service_client::PortalAccessServiceClient,
    },
    projects::{
        GetProjectRequest, GetVisibilityRequest, Phase, ProgressVisibility, UpdatePhaseRequest,
        UpdateVisibilityRequest, phase_service_client::PhaseServiceClient,
        project_service_client::ProjectServiceClient,
        visibility_service_client::VisibilityServiceClient,
    },
};
use tenancy::authorized;

/// Ben changes his password, loses his access and gets it back; of his project a milestone is opened again, a photo is
/// hidden and shared, and the settings change.
pub(crate) async fn rest(services: &Services, alder: &Organization) -> Result<()> {
    let owner = services.person(alder.id, &alder.owner)?;
    let ben = services.person(alder.id, &alder.ben)?;
    let record = alder.bens;
    let (client_id, contact_id) = (record.client.to_string(), record.contact.to_string());

    let change = ChangePasswordRequest {
        current_password: PASSWORD.to_owned(),
        new_password: format!("{PASSWORD} again"),
    };
    AccountServiceClient::new(services.peer("identity")?)
        .change_password(authorized(&ben, change))
        .await
        .context("change a password")?;
    let mut access = PortalAccessServiceClient::new(services.peer("identity")?);
    let disable = DisablePortalAccessRequest {
        client_id: client_id.clone(),
        contact_id: contact_id.clone(),
    };
    access
        .disable_portal_access(authorized(&owner, disable))
        .await
        .context("end access")?;
    let restore = RestorePortalAccessRequest {
        client_id,
        contact_id,
    };
    access
        .restore_portal_access(authorized(&owner, restore))
        .await
        .context("give access back")?;

    let id = record.project.to_string();
    let project = ProjectServiceClient::new(services.peer("projects")?)
        .get_project(authorized(&owner, GetProjectRequest { id: id.clone() }))
        .await?
        .into_inner()
        .project
        .context("the answer carries the project")?;
    let milestone = project
        .phases
        .into_iter()
        .find(|phase| phase.id == record.phase.to_string())
        .context("the milestone is there")?;
    let reopen = UpdatePhaseRequest {
        phase: Some(Phase {
            progress_percent: Some(60),
            ..milestone
        }),
        update_mask: Some(mask("progress_percent")),
    };
    PhaseServiceClient::new(services.peer("projects")?)
        .update_phase(authorized(&owner, reopen))
        .await
        .context("open a milestone again")?;
    let mut settings = VisibilityServiceClient::new(services.peer("projects")?);
    let get = GetVisibilityRequest {
        project_id: id.clone(),
    };
    let mut visibility = settings
        .get_visibility(authorized(&owner, get))
        .await?
        .into_inner()
        .visibility
        .context("the answer carries the settings")?;
    visibility.set_progress(ProgressVisibility::Hide);
    let update = UpdateVisibilityRequest {
        visibility: Some(visibility),
    };
    settings
        .update_visibility(authorized(&owner, update))
        .await
        .context("change what the client sees")?;

    let mut photos = PhotoServiceClient::new(services.peer("documents")?);
    for audience in [PhotoAudience::Internal, PhotoAudience::Shared] {
        let update = UpdatePhotosRequest {
            project_id: id.clone(),
            ids: vec![record.photo.to_string()],
            photo: Some(Photo {
                audience: audience.into(),
                ..Photo::default()
            }),
            update_mask: Some(mask("audience")),
            etag: String::new(),
        };
        photos
            .update_photos(authorized(&owner, update))
            .await
            .context("hide a photo and share it")?;
    }
    Ok(())
}

fn mask(path: &str) -> FieldMask {
    FieldMask {
        paths: vec![path.to_owned()],
    }
}

//! The rows of `PhotoService`.

use anyhow::Context as _;
use integration_tests::{Organization, Services, Stage as _, add_photo, jpeg, start_photo};
use proto::{
    documents as dc, documents::PhotoAudience, documents::photo_service_client::PhotoServiceClient,
};
use service::new_id;
use tenancy::authorized;

use super::{mask, rpc, setup, token};
use crate::matrix::{
    Ids, Row, SetupFuture,
    Who::{Ana, Ben, Field, NotificationsForAna, Owner, Pm},
};

pub(super) fn rows() -> Vec<Row> {
    const SERVICE: &str = "contractoros.documents.v1.PhotoService";
    vec![
        Row::naming(rpc(SERVICE, "StartPhoto"), setup(photo), |ids| {
            dc::StartPhotoRequest {
                project_id: ids["project"].clone(),
                file_name: "site.jpg".to_owned(),
                size_bytes: 1_000,
                audience: PhotoAudience::Unmarked.into(),
                request_id: new_id().to_string(),
                ..dc::StartPhotoRequest::default()
            }
        })
        .allows(&[Owner, Pm, Field]),
        // who started it
        Row::naming(rpc(SERVICE, "FinishPhoto"), setup(started), |ids| {
            dc::FinishPhotoRequest {
                photo_id: ids["upload"].clone(),
            }
        })
        .allows(&[Owner])
        .hides_from(&[Pm, Field]),
        Row::naming(rpc(SERVICE, "ListUploads"), setup(photo), |ids| {
            dc::ListUploadsRequest {
                project_id: ids["project"].clone(),
            }
        })
        .allows(&[Owner, Pm, Field]),
        Row::naming(rpc(SERVICE, "DismissUploads"), setup(refused), |ids| {
            dc::DismissUploadsRequest {
                project_id: ids["project"].clone(),
                upload_ids: vec![ids["upload"].clone()],
            }
        })
        .allows(&[Owner, Pm])
        .hides_from(&[Field]),
        // crew sees its own photos, of which there are none
        Row::naming(rpc(SERVICE, "ListPhotos"), setup(photo), |ids| {
            dc::ListPhotosRequest {
                project_id: ids["project"].clone(),
                ..dc::ListPhotosRequest::default()
            }
        })
        .allows(&[Owner, Pm, Field, Ana])
        .hides_from(&[Ben]),
        Row::naming(rpc(SERVICE, "GetPhoto"), setup(photo), |ids| {
            dc::GetPhotoRequest {
                project_id: ids["project"].clone(),
                id: ids["photo"].clone(),
                filter: None,
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Field, Ben]),
        Row::naming(rpc(SERVICE, "BatchGetPhotos"), setup(photo), |ids| {
            dc::BatchGetPhotosRequest {
                ids: vec![ids["photo"].clone()],
            }
        })
        .allows(&[Owner, Pm, Ana, NotificationsForAna])
        .hides_from(&[Field, Ben])
        .leaves_out(),
        Row::naming(rpc(SERVICE, "GetPhotoFile"), setup(photo), |ids| {
            dc::GetPhotoFileRequest {
                project_id: ids["project"].clone(),
                id: ids["photo"].clone(),
                size: 640,
            }
        })
        .allows(&[Owner, Pm, Ana])
        .hides_from(&[Field, Ben]),
        Row::naming(rpc(SERVICE, "UpdatePhotos"), setup(photo), |ids| {
            dc::UpdatePhotosRequest {
                project_id: ids["project"].clone(),
                ids: vec![ids["photo"].clone()],
                photo: Some(dc::Photo {
                    caption: "Base cabinets".to_owned(),
                    ..dc::Photo::default()
                }),
                update_mask: Some(mask(&["caption"])),
                etag: String::new(),
            }
        })
        .allows(&[Owner, Pm])
        .hides_from(&[Field]),
        Row::naming(rpc(SERVICE, "TrashPhotos"), setup(fresh), |ids| {
            dc::TrashPhotosRequest {
                project_id: ids["project"].clone(),
                ids: vec![ids["photo"].clone()],
            }
        })
        .allows(&[Owner, Pm])
        .hides_from(&[Field]),
        Row::naming(rpc(SERVICE, "RestorePhotos"), setup(trashed), |ids| {
            dc::RestorePhotosRequest {
                project_id: ids["project"].clone(),
                ids: vec![ids["photo"].clone()],
            }
        })
        .allows(&[Owner, Pm])
        .hides_from(&[Field]),
    ]
}

/// A photo that the owner added and shared; it stays as it is, for calls go side by side.
fn photo<'a>(_: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move { Ok(ids(organization)) })
}

/// A photo of its own, for a call that moves it.
fn fresh<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = token(services, organization)?;
        let project = organization.anas.project;
        let photo = add_photo(services, &token, project, &jpeg()).await?;
        let mut ids = ids(organization);
        ids.insert("photo", photo.to_string());
        Ok(ids)
    })
}

/// A photo of its own, in the trash.
fn trashed<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let ids = fresh(services, organization).await?;
        let request = dc::TrashPhotosRequest {
            project_id: ids["project"].clone(),
            ids: vec![ids["photo"].clone()],
        };
        PhotoServiceClient::new(services.peer("documents")?)
            .trash_photos(authorized(&token(services, organization)?, request))
            .await?;
        Ok(ids)
    })
}

/// An upload of the owner's whose bytes have come.
fn started<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = token(services, organization)?;
        let project = organization.anas.project;
        let upload = start_photo(services, &token, project, "site.jpg").await?;
        let mut ids = ids(organization);
        ids.insert("upload", upload.to_string());
        Ok(ids)
    })
}

/// An upload that was refused.
fn refused<'a>(services: &'a Services, organization: &'a Organization) -> SetupFuture<'a> {
    Box::pin(async move {
        let token = token(services, organization)?;
        let project = organization.anas.project;
        let upload = add_photo(services, &token, project, b"only words")
            .await
            .context("add what is no photo")?;
        let mut ids = ids(organization);
        ids.insert("upload", upload.to_string());
        Ok(ids)
    })
}

fn ids(organization: &Organization) -> Ids {
    Ids::from([
        ("project", organization.anas.project.to_string()),
        ("photo", organization.anas.photo.to_string()),
    ])
}

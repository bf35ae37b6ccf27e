//! `PhotoService`; its uploads and its changes have a file each.

mod edit;
mod upload;

use std::collections::HashSet;

use jiff::tz::TimeZone;
use proto::documents::{
    BatchGetPhotosRequest, BatchGetPhotosResponse, DismissUploadsRequest, DismissUploadsResponse,
    FinishPhotoRequest, FinishPhotoResponse, GetPhotoFileRequest, GetPhotoFileResponse,
    GetPhotoRequest, GetPhotoResponse, ListPhotosRequest, ListPhotosResponse, ListUploadsRequest,
    ListUploadsResponse, PhaseCount, Photo, RestorePhotosRequest, RestorePhotosResponse,
    StartPhotoRequest, StartPhotoResponse, TrashPhotosRequest, TrashPhotosResponse,
    UpdatePhotosRequest, UpdatePhotosResponse, photo_service_server::PhotoService,
};
use service::{Error, Found as _, Result, page, parse_id, parse_ids};
use tenancy::{Audience, Caller, Db, TenantTx};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    access::{Access, Scope, VisibleProject},
    bucket::{Bucket, Place, Variant},
    config::Limits,
    photo,
    store::{self, photo::Filter},
    worker::Wake,
};

pub(crate) struct Photos {
    pub(crate) db: Db,
    pub(crate) access: Access,
    pub(crate) bucket: Bucket,
    pub(crate) limits: Limits,
    pub(crate) wake: Wake,
}

#[tonic::async_trait]
impl PhotoService for Photos {
    async fn start_photo(
        &self,
        request: Request<StartPhotoRequest>,
    ) -> Result<Response<StartPhotoResponse>, Status> {
        Ok(upload::start(self, request).await?)
    }

    async fn finish_photo(
        &self,
        request: Request<FinishPhotoRequest>,
    ) -> Result<Response<FinishPhotoResponse>, Status> {
        Ok(upload::finish(self, request).await?)
    }

    async fn list_uploads(
        &self,
        request: Request<ListUploadsRequest>,
    ) -> Result<Response<ListUploadsResponse>, Status> {
        Ok(upload::list(self, request).await?)
    }

    async fn dismiss_uploads(
        &self,
        request: Request<DismissUploadsRequest>,
    ) -> Result<Response<DismissUploadsResponse>, Status> {
        Ok(upload::dismiss(self, request).await?)
    }

    async fn update_photos(
        &self,
        request: Request<UpdatePhotosRequest>,
    ) -> Result<Response<UpdatePhotosResponse>, Status> {
        Ok(edit::update(self, request).await?)
    }

    async fn trash_photos(
        &self,
        request: Request<TrashPhotosRequest>,
    ) -> Result<Response<TrashPhotosResponse>, Status> {
        Ok(edit::trash(self, request).await?)
    }

    async fn restore_photos(
        &self,
        request: Request<RestorePhotosRequest>,
    ) -> Result<Response<RestorePhotosResponse>, Status> {
        Ok(edit::restore(self, request).await?)
    }

    async fn list_photos(
        &self,
        request: Request<ListPhotosRequest>,
    ) -> Result<Response<ListPhotosResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;

        let request = request.get_ref();
        let project = parse_id(&request.project_id, "project_id")?;
        let size = page::size(request.page_size)?;
        let after = page::keys(&request.page_token)?;

        let visible = self.access.visible_project(&caller, project).await?;
        let all = Filter::of(project, visible.scope);
        let filter = all.narrow(request.filter.as_ref())?;
        let mut tx = self.db.read(&caller).await?;
        let mut rows = store::photo::list(&mut tx, &filter, after, size + 1).await?;
        let by_phase = store::photo::count_by_phase(&mut tx, &filter).await?;
        let everywhere = if filter.is_narrowed_by_phase_alone() {
            None
        } else {
            Some(store::photo::count_by_phase(&mut tx, &all).await?)
        };
        drop(tx);

        let next_page_token = page::cut(&mut rows, size, store::photo::Photo::key);
        Ok(Response::new(ListPhotosResponse {
            next_page_token,
            total_count: sum(everywhere.as_ref().unwrap_or(&by_phase))?,
            filtered_count: sum(by_phase
                .iter()
                .filter(|(phase, _)| filter.has_phase(*phase)))?,
            phases: by_phase
                .iter()
                .map(|(phase, count)| {
                    Ok(PhaseCount {
                        phase_id: id_text(*phase),
                        count: to_i32(*count)?,
                    })
                })
                .collect::<Result<_>>()?,
            photos: views(rows, visible.scope)?,
        }))
    }

    async fn get_photo(
        &self,
        request: Request<GetPhotoRequest>,
    ) -> Result<Response<GetPhotoResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;

        let request = request.get_ref();
        let project = parse_id(&request.project_id, "project_id")?;
        let id = parse_id(&request.id, "id")?;

        let visible = self.access.visible_project(&caller, project).await?;
        let filter = Filter::of(project, visible.scope).narrow(request.filter.as_ref())?;
        let mut tx = self.db.read(&caller).await?;
        let row = find(&mut tx, &visible, id).await?;
        let around = store::photo::neighbors(&mut tx, &filter, row.key()).await?;
        drop(tx);

        Ok(Response::new(GetPhotoResponse {
            photo: Some(view(row, visible.scope)?),
            previous_id: id_text(around.previous),
            next_id: id_text(around.next),
            position: to_i32(around.newer + 1)?,
            total_count: to_i32(around.newer + 1 + around.older)?,
        }))
    }

    async fn batch_get_photos(
        &self,
        request: Request<BatchGetPhotosRequest>,
    ) -> Result<Response<BatchGetPhotosResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE | Audience::NOTIFICATIONS)?;
        // what may be seen is a person's: a service that acts for nobody sees nothing
        caller.person()?;

        let ids = parse_ids(&request.get_ref().ids, "ids")?;

        let mut tx = self.db.read(&caller).await?;
        let rows = store::photo::find(&mut tx, &ids).await?;
        drop(tx);
        let projects: HashSet<Uuid> = rows.iter().map(|row| row.project_id).collect();
        let projects: Vec<Uuid> = projects.into_iter().collect();
        let visible = self.access.visible_projects(&caller, &projects).await?;
        let mut photos = Vec::new();
        for row in rows.into_iter().filter(|row| !row.is_trashed) {
            let found = visible.iter().find(|project| project.id == row.project_id);
            let audience = photo::Audience::of_word(&row.audience)?;
            if let Some(project) =
                found.filter(|project| project.scope.shows(audience, row.uploaded_by))
            {
                photos.push(view(row, project.scope)?);
            }
        }
        Ok(Response::new(BatchGetPhotosResponse { photos }))
    }

    async fn get_photo_file(
        &self,
        request: Request<GetPhotoFileRequest>,
    ) -> Result<Response<GetPhotoFileResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE)?;

        let request = request.get_ref();
        let project = parse_id(&request.project_id, "project_id")?;
        let id = parse_id(&request.id, "id")?;
        let size = u16::try_from(request.size)
            .ok()
            .filter(|size| Variant::SIZES.contains(size))
            .ok_or_else(|| Error::invalid("size", "Ask for 320, 640 or 1600"))?;

        let visible = self.access.visible_project(&caller, project).await?;
        let mut tx = self.db.read(&caller).await?;
        let row = find(&mut tx, &visible, id).await?;
        drop(tx);

        let place = Place {
            tenant: caller.tenant,
            file: row.id,
        };
        Ok(Response::new(GetPhotoFileResponse {
            get_url: self.bucket.get_url(place, Variant::Size(size)).await?,
            file_name: download_name(&row, &visible)?,
        }))
    }
}

/// A photo that the caller sees; who edits sees those in the trash too.
async fn find(
    tx: &mut TenantTx,
    visible: &VisibleProject,
    id: Uuid,
) -> Result<store::photo::Photo> {
    let row = store::photo::find(tx, &[id])
        .await?
        .pop()
        .filter(|row| row.project_id == visible.id)
        .filter(|row| !row.is_trashed || visible.scope.may_edit())
        .found()?;
    let audience = photo::Audience::of_word(&row.audience)?;
    visible
        .scope
        .shows(audience, row.uploaded_by)
        .then_some(row)
        .found()
}

/// Such as "Kitchen remodel 2026-11-17 4f2a.jpg".
fn download_name(row: &store::photo::Photo, visible: &VisibleProject) -> Result<String> {
    let zone = TimeZone::get(&visible.time_zone).map_err(Error::internal)?;
    let day = row.taken_at.to_jiff().to_zoned(zone).date();
    // the end of an id tells photos of one day apart
    let id = row.id.simple().to_string();
    Ok(format!("{} {day} {}.jpg", visible.name, &id[28..]))
}

fn views(rows: Vec<store::photo::Photo>, scope: Scope) -> Result<Vec<Photo>> {
    rows.into_iter().map(|row| view(row, scope)).collect()
}

fn view(row: store::photo::Photo, scope: Scope) -> Result<Photo> {
    let details = row.details()?;
    let may_edit = scope.may_edit();
    Ok(Photo {
        id: row.id.to_string(),
        project_id: row.project_id.to_string(),
        phase_id: id_text(row.phase_id),
        alt_text: if may_edit {
            details.alt_text.clone()
        } else {
            details.words().to_owned()
        },
        caption: details.caption,
        audience: if may_edit {
            proto::documents::PhotoAudience::from(details.audience).into()
        } else {
            proto::documents::PhotoAudience::Unspecified.into()
        },
        uploaded_by: row.uploaded_by.to_string(),
        taken_at: Some(proto::timestamp(row.taken_at.to_jiff())),
        created_at: Some(proto::timestamp(row.created_at.to_jiff())),
        width: row.width,
        height: row.height,
        etag: if may_edit {
            row.version.to_string()
        } else {
            String::new()
        },
    })
}

fn id_text(id: Option<Uuid>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

fn sum<'a>(counts: impl IntoIterator<Item = &'a (Option<Uuid>, i64)>) -> Result<i32> {
    to_i32(counts.into_iter().map(|(_, count)| count).sum())
}

fn to_i32(count: i64) -> Result<i32> {
    i32::try_from(count).map_err(Error::internal)
}

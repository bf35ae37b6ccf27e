//! Changes to photos: `PhotoService`, as far as it edits, puts into the trash and takes out of it.

use std::collections::HashSet;

use jiff::SignedDuration;
use proto::documents::{
    RestorePhotosRequest, RestorePhotosResponse, TrashPhotosRequest, TrashPhotosResponse,
    UpdatePhotosRequest, UpdatePhotosResponse,
};
use service::{Error, Result, Violations, clock, etag, mask::Fields, parse_id, parse_ids};
use tenancy::{Audience, Caller, TenantTx, audit};
use tonic::{Request, Response};
use uuid::Uuid;

use super::{Photos, views};
use crate::{
    access::{Scope, VisibleProject},
    events,
    photo::{self, FIELDS},
    store::{self, photo::Photo},
};

/// How long photos stay in the trash.
const TRASHED_FOR: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So long before that the last are taken out: afterwards their bytes may be gone, whether or not their rows are there.
const LAST_CALL: SignedDuration = SignedDuration::from_mins(1);

pub(super) async fn update(
    photos: &Photos,
    request: Request<UpdatePhotosRequest>,
) -> Result<Response<UpdatePhotosResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;
    let account = caller.person()?.account;

    let request = request.into_inner();
    let project = parse_id(&request.project_id, "project_id")?;
    let ids = parse_ids(&request.ids, "ids")?;
    let message = request.photo.unwrap_or_default();
    let fields = Fields::of_mask(&request.update_mask.unwrap_or_default().paths, &FIELDS)?;

    let visible = photos
        .access
        .visible_project(&caller, project)
        .await?
        .editable()?;
    if fields.has("phase_id") && !message.phase_id.is_empty() {
        let phase = parse_id(&message.phase_id, "photo.phase_id")?;
        photos
            .access
            .check_phase(&caller, project, phase, "photo.phase_id")
            .await?;
    }
    let mut tx = photos.db.begin(&caller).await?;
    let rows = lock(&mut tx, &visible, &ids, false).await?;
    if let [row] = rows.as_slice()
        && !request.etag.is_empty()
    {
        etag::check(&request.etag, row.version)?;
    }
    let mut violations = Violations::new();
    let mut changes = Vec::new();
    for row in &rows {
        let before = row.details()?;
        let mut details = before.clone();
        details.apply(&message, &fields, &mut violations)?;
        if details != before {
            // who may not share may still change what somebody else shared
            let may_share = visible.scope == Scope::Manager || details.audience == before.audience;
            details.check(may_share, &mut violations);
            changes.push((row.id, before, details));
        }
    }
    violations.finish()?;
    for (id, before, details) in changes {
        store::photo::update(&mut tx, id, &details).await?;
        let shared = photo::Audience::Shared;
        if details.audience == shared && before.audience != shared {
            events::photo_shared(&mut tx, project, id, account).await?;
        }
        audit::record(&mut tx, &caller, "photo.update", id).await?;
    }
    let rows = store::photo::find(&mut tx, &ids).await?;
    tx.commit().await?;

    Ok(Response::new(UpdatePhotosResponse {
        photos: views(rows, visible.scope)?,
    }))
}

pub(super) async fn trash(
    photos: &Photos,
    request: Request<TrashPhotosRequest>,
) -> Result<Response<TrashPhotosResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;

    let request = request.get_ref();
    set_trashed(photos, &caller, &request.project_id, &request.ids, true).await?;

    Ok(Response::new(TrashPhotosResponse {}))
}

pub(super) async fn restore(
    photos: &Photos,
    request: Request<RestorePhotosRequest>,
) -> Result<Response<RestorePhotosResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;

    let request = request.get_ref();
    set_trashed(photos, &caller, &request.project_id, &request.ids, false).await?;

    Ok(Response::new(RestorePhotosResponse {}))
}

async fn set_trashed(
    photos: &Photos,
    caller: &Caller,
    project: &str,
    ids: &[String],
    to_trash: bool,
) -> Result<()> {
    let project = parse_id(project, "project_id")?;
    let ids = parse_ids(ids, "ids")?;

    let visible = photos
        .access
        .visible_project(caller, project)
        .await?
        .editable()?;
    let mut tx = photos.db.begin(caller).await?;
    let rows = lock(&mut tx, &visible, &ids, !to_trash).await?;
    let now = clock::now();
    store::photo::set_trashed(&mut tx, &ids, to_trash.then_some(now)).await?;
    store::file::delete_at(&mut tx, &ids, to_trash.then_some(now + TRASHED_FOR)).await?;
    let action = if to_trash {
        "photo.trash"
    } else {
        "photo.restore"
    };
    for row in rows {
        audit::record(&mut tx, caller, action, row.id).await?;
    }
    tx.commit().await
}

/// Locks photos that the caller may change, all of them or none.
async fn lock(
    tx: &mut TenantTx,
    visible: &VisibleProject,
    ids: &[Uuid],
    in_trash: bool,
) -> Result<Vec<Photo>> {
    let trashed_after = clock::now() - TRASHED_FOR + LAST_CALL;
    let rows = store::photo::lock(tx, visible.id, ids, trashed_after).await?;
    let wanted: HashSet<&Uuid> = ids.iter().collect();
    let found = rows
        .iter()
        .filter(|row| row.is_trashed == in_trash)
        .filter(|row| {
            visible
                .scope
                .uploader()
                .is_none_or(|account| account == row.uploaded_by)
        })
        .count();
    if wanted.is_empty() {
        return Err(Error::invalid("ids", "Choose at least one photo"));
    }
    if found != wanted.len() {
        return Err(Error::NotFound);
    }
    Ok(rows)
}

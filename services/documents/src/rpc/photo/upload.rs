//! Uploads of photos: `PhotoService`, as far as they are no photos yet.

use proto::documents::{
    DismissUploadsRequest, DismissUploadsResponse, FinishPhotoRequest, FinishPhotoResponse,
    ListUploadsRequest, ListUploadsResponse, Photo, StartPhotoRequest, StartPhotoResponse, Upload,
    UploadState,
};
use service::{Error, Found as _, Result, Violations, mask::Fields, new_id, parse_id, parse_ids};
use tenancy::{
    Audience, Caller, Once, TenantTx,
    audit::{self, Deed},
};
use tonic::{Request, Response};
use uuid::Uuid;

use super::Photos;
use crate::{
    access::Scope,
    bucket::Place,
    file::{Declared, Subject, refusal_of_word, state_of_word},
    photo::{Details, FIELDS},
    store::{self, file::File},
};

/// The most uploads of one list.
const MOST_LISTED: i64 = 1_000;

pub(super) async fn start(
    photos: &Photos,
    request: Request<StartPhotoRequest>,
) -> Result<Response<StartPhotoResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;
    let account = caller.person()?.account;

    let request = request.into_inner();
    let project = parse_id(&request.project_id, "project_id")?;
    let mut violations = Violations::new();
    let declared = Declared::read(
        Subject::Photo,
        &request.file_name,
        &request.content_type,
        request.size_bytes,
        &mut violations,
    );
    let mut details = Details::blank();
    details.apply(&described(&request), &Fields::all(&FIELDS), &mut violations)?;

    let visible = photos
        .access
        .visible_project(&caller, project)
        .await?
        .editable()?;
    details.check(visible.scope == Scope::Manager, &mut violations);
    violations.finish()?;
    let declared = declared.ok_or_else(|| Error::internal("a file without a type passed"))?;
    if let Some(phase) = details.phase {
        photos
            .access
            .check_phase(&caller, project, phase, "photo.phase_id")
            .await?;
    }

    let mut tx = photos.db.begin(&caller).await?;
    let new = new_id();
    // the address is a secret: it is made anew each time, and kept nowhere
    let answer = StartPhotoResponse {
        photo_id: new.to_string(),
        put_url: String::new(),
    };
    let before = Once::answered(
        &mut tx,
        &caller,
        "PhotoService.StartPhoto",
        &request.request_id,
        &request,
        &answer,
        Deed {
            action: "photo.start",
            target: new,
        },
    )
    .await?;
    // no size where it was finished before
    let (id, size_bytes) = if let Some(StartPhotoResponse { photo_id, .. }) = before {
        let id = parse_id(&photo_id, "photo_id")?;
        let file = store::file::lock(&mut tx, Subject::Photo, id)
            .await?
            .found()?;
        let is_awaited = state_of_word(&file.state) == UploadState::Quarantined;
        (id, is_awaited.then_some(file.size_bytes))
    } else {
        // last, for others wait from here on
        store::photo::insert(
            &mut tx,
            new,
            project,
            &details,
            &declared,
            account,
            &visible.time_zone,
        )
        .await?
        .check(photos.limits.stored_bytes)?;
        (new, Some(declared.size))
    };

    let place = Place {
        tenant: caller.tenant,
        file: id,
    };
    let put_url = async {
        match size_bytes {
            Some(size_bytes) => photos.bucket.put_url(place, size_bytes).await,
            None => Ok(String::new()),
        }
    };
    // neither cuts the other off
    let (committed, put_url) = tokio::join!(tx.commit(), put_url);
    committed?;
    Ok(Response::new(StartPhotoResponse {
        photo_id: id.to_string(),
        put_url: put_url?,
    }))
}

/// What the request says about the photo itself.
fn described(request: &StartPhotoRequest) -> Photo {
    Photo {
        caption: request.caption.clone(),
        alt_text: request.alt_text.clone(),
        phase_id: request.phase_id.clone(),
        audience: request.audience,
        ..Photo::default()
    }
}

pub(super) async fn finish(
    photos: &Photos,
    request: Request<FinishPhotoRequest>,
) -> Result<Response<FinishPhotoResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;
    let account = caller.person()?.account;

    let id = parse_id(&request.get_ref().photo_id, "photo_id")?;

    let mut tx = photos.db.begin(&caller).await?;
    let file = if let Some(file) = store::file::queue(&mut tx, id, account).await? {
        tx.commit().await?;
        photos.wake.notify_one();
        file
    } else {
        own(&mut tx, account, id).await?
    };

    Ok(Response::new(FinishPhotoResponse {
        upload: Some(view(&file)),
    }))
}

/// A photo's file that the account uploads itself.
async fn own(tx: &mut TenantTx, account: Uuid, id: Uuid) -> Result<File> {
    store::file::lock(tx, Subject::Photo, id)
        .await?
        .filter(|file| file.uploaded_by == account)
        .found()
}

pub(super) async fn list(
    photos: &Photos,
    request: Request<ListUploadsRequest>,
) -> Result<Response<ListUploadsResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;

    let project = parse_id(&request.get_ref().project_id, "project_id")?;

    let visible = photos
        .access
        .visible_project(&caller, project)
        .await?
        .editable()?;
    let mut tx = photos.db.read(&caller).await?;
    let uploader = visible.scope.uploader();
    let files = store::file::list_uploads(&mut tx, project, uploader, MOST_LISTED).await?;
    drop(tx);

    Ok(Response::new(ListUploadsResponse {
        uploads: files.iter().map(view).collect(),
    }))
}

pub(super) async fn dismiss(
    photos: &Photos,
    request: Request<DismissUploadsRequest>,
) -> Result<Response<DismissUploadsResponse>> {
    let caller = Caller::require(&request, Audience::OFFICE)?;

    let request = request.get_ref();
    let project = parse_id(&request.project_id, "project_id")?;
    let mut ids = parse_ids(&request.upload_ids, "upload_ids")?;
    ids.sort_unstable();
    ids.dedup();

    let visible = photos
        .access
        .visible_project(&caller, project)
        .await?
        .editable()?;
    let mut tx = photos.db.begin(&caller).await?;
    for id in &ids {
        let pending = store::photo::find_pending(&mut tx, *id)
            .await?
            .filter(|pending| pending.project_id == project)
            .filter(|pending| {
                visible
                    .scope
                    .uploader()
                    .is_none_or(|account| account == pending.uploaded_by)
            });
        pending.found()?;
        refused(&mut tx, *id).await?;
    }
    drop(tx);

    // the objects first: where one stays, its row stays too, or nobody would find it again
    let places = ids.iter().map(|id| Place {
        tenant: caller.tenant,
        file: *id,
    });
    photos.bucket.delete(places.flat_map(Place::all)).await?;

    let mut tx = photos.db.begin(&caller).await?;
    for id in ids {
        let file = refused(&mut tx, id).await?;
        store::photo::delete(&mut tx, id).await?;
        store::file::delete(&mut tx, id).await?;
        store::usage::add(&mut tx, -1, -file.stored_bytes).await?;
        audit::record(&mut tx, &caller, "photo.dismiss", id).await?;
    }
    tx.commit().await?;

    Ok(Response::new(DismissUploadsResponse {}))
}

/// A photo's file that was refused, which is its end: nothing looks at its bytes any more.
async fn refused(tx: &mut TenantTx, id: Uuid) -> Result<File> {
    store::file::lock(tx, Subject::Photo, id)
        .await?
        .filter(|file| state_of_word(&file.state) == UploadState::Refused)
        .found()
}

fn view(file: &File) -> Upload {
    Upload {
        id: file.id.to_string(),
        file_name: file.name.clone(),
        state: state_of_word(&file.state).into(),
        refusal: refusal_of_word(file.refusal.as_deref()).into(),
        uploaded_by: file.uploaded_by.to_string(),
        created_at: Some(proto::timestamp(file.created_at.to_jiff())),
    }
}

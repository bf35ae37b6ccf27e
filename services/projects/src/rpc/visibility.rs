//! `VisibilityService`.

use proto::projects::{
    CompareVisibilityRequest, CompareVisibilityResponse, FinancialsVisibility,
    GetVisibilityRequest, GetVisibilityResponse, LogsVisibility, PhotosVisibility,
    ProgressVisibility, ScheduleVisibility, UpdateVisibilityRequest, UpdateVisibilityResponse,
    Visibility, visibility_service_server::VisibilityService,
};
use service::{Found as _, Result, Violations, etag, parse_id};
use tenancy::{Audience, Caller, Db, audit};
use tonic::{Request, Response, Status};

use crate::{access::Settings, events, state::State as _, store, visibility};

pub(crate) struct Visibilities {
    pub(crate) db: Db,
}

#[tonic::async_trait]
impl VisibilityService for Visibilities {
    async fn get_visibility(
        &self,
        request: Request<GetVisibilityRequest>,
    ) -> Result<Response<GetVisibilityResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let project = parse_id(&request.get_ref().project_id, "project_id")?;

        let mut tx = self.db.read(&caller).await?;
        let row = store::visibility::find(&mut tx, project).await?.found()?;
        drop(tx);

        Ok(Response::new(GetVisibilityResponse {
            visibility: Some(row.into()),
        }))
    }

    async fn update_visibility(
        &self,
        request: Request<UpdateVisibilityRequest>,
    ) -> Result<Response<UpdateVisibilityResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let account = caller.person()?.account;

        let message = request.into_inner().visibility.unwrap_or_default();
        let project = parse_id(&message.project_id, "visibility.project_id")?;
        let settings = read(&message)?;

        let mut tx = self.db.begin(&caller).await?;
        store::project::lock(&mut tx, project).await?;
        let before = store::visibility::find(&mut tx, project).await?.found()?;
        etag::check(&message.etag, before.version)?;
        if settings != before.settings {
            store::visibility::update(&mut tx, project, &settings, account).await?;
            events::visibility_changed(&mut tx, project, account).await?;
            audit::record(&mut tx, &caller, "visibility.update", project).await?;
        }
        let row = store::visibility::find(&mut tx, project).await?.found()?;
        tx.commit().await?;

        Ok(Response::new(UpdateVisibilityResponse {
            visibility: Some(row.into()),
        }))
    }

    async fn compare_visibility(
        &self,
        request: Request<CompareVisibilityRequest>,
    ) -> Result<Response<CompareVisibilityResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let message = request.into_inner().visibility.unwrap_or_default();
        let project = parse_id(&message.project_id, "visibility.project_id")?;
        let settings = read(&message)?;

        let mut tx = self.db.read(&caller).await?;
        let row = store::visibility::find(&mut tx, project).await?.found()?;
        drop(tx);

        Ok(Response::new(CompareVisibilityResponse {
            changes: visibility::changes(&row.settings, &settings),
        }))
    }
}

/// Reads all five settings; each that is missing is named.
fn read(message: &Visibility) -> Result<Settings> {
    const CHOOSE: &str = "Choose what clients see";
    let mut violations = Violations::new();
    // what stands in for a missing one is never used
    let careful = Settings::CAUTIOUS;
    let settings = Settings {
        progress: ProgressVisibility::of_request_or(
            message.progress,
            careful.progress,
            "visibility.progress",
            CHOOSE,
            &mut violations,
        ),
        photos: PhotosVisibility::of_request_or(
            message.photos,
            careful.photos,
            "visibility.photos",
            CHOOSE,
            &mut violations,
        ),
        logs: LogsVisibility::of_request_or(
            message.logs,
            careful.logs,
            "visibility.logs",
            CHOOSE,
            &mut violations,
        ),
        schedule: ScheduleVisibility::of_request_or(
            message.schedule,
            careful.schedule,
            "visibility.schedule",
            CHOOSE,
            &mut violations,
        ),
        financials: FinancialsVisibility::of_request_or(
            message.financials,
            careful.financials,
            "visibility.financials",
            CHOOSE,
            &mut violations,
        ),
    };
    violations.finish()?;
    Ok(settings)
}

impl From<store::visibility::Visibility> for Visibility {
    fn from(row: store::visibility::Visibility) -> Self {
        Self {
            project_id: row.project_id.to_string(),
            progress: row.settings.progress.into(),
            photos: row.settings.photos.into(),
            logs: row.settings.logs.into(),
            schedule: row.settings.schedule.into(),
            financials: row.settings.financials.into(),
            updated_at: Some(proto::timestamp(row.updated_at)),
            updated_by: row
                .updated_by
                .map(|account| account.to_string())
                .unwrap_or_default(),
            etag: row.version.to_string(),
        }
    }
}

//! `PhaseService`.

use proto::projects::{
    CreatePhaseRequest, CreatePhaseResponse, DeletePhaseRequest, DeletePhaseResponse, Phase,
    ReorderPhasesRequest, ReorderPhasesResponse, UpdatePhaseRequest, UpdatePhaseResponse,
    phase_service_server::PhaseService,
};
use service::{
    Error, Found as _, Result, Violations, etag, mask::Fields, new_id, parse_id, parse_ids,
};
use tenancy::{Audience, Caller, Db, Once, TenantTx, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    access::Scopes,
    events,
    parts::Parts,
    phase::{Details, FIELDS, MOST},
    store, view,
};

pub(crate) struct Phases {
    pub(crate) db: Db,
}

#[tonic::async_trait]
impl PhaseService for Phases {
    async fn create_phase(
        &self,
        request: Request<CreatePhaseRequest>,
    ) -> Result<Response<CreatePhaseResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let message = request.phase.clone().unwrap_or_default();
        let project = parse_id(&message.project_id, "phase.project_id")?;
        let mut violations = Violations::new();
        let mut details = Details::of_new(&message, &mut violations);

        let mut tx = self.db.begin(&caller).await?;
        let fresh = match Once::begin(
            &mut tx,
            &caller,
            "PhaseService.CreatePhase",
            &request.request_id,
            &request,
        )
        .await?
        {
            Once::Before(response) => return Ok(Response::new(response)),
            Once::Fresh(fresh) => fresh,
        };
        let project = store::project::lock(&mut tx, project).await?;
        let before = Details::blank();
        details.follow_progress(&before, project.details.today()?);
        details.check(&mut violations);
        let others = store::phase::list(&mut tx, &[project.id]).await?;
        violations
            .check(
                others.len() < MOST,
                "phase",
                "A project has 200 phases at most",
            )
            .finish()?;
        let id = new_id();
        store::phase::insert(&mut tx, project.id, id, &details).await?;
        events::phase_moved(&mut tx, &project, id, &before, &details, account).await?;
        store::project::touch(&mut tx, project.id, Parts::PHASES).await?;
        audit::record(&mut tx, &caller, "phase.create", id).await?;
        let response = CreatePhaseResponse {
            phase: Some(read(&mut tx, project.id, id).await?),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn update_phase(
        &self,
        request: Request<UpdatePhaseRequest>,
    ) -> Result<Response<UpdatePhaseResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let message = request.phase.unwrap_or_default();
        let project = parse_id(&message.project_id, "phase.project_id")?;
        let id = parse_id(&message.id, "phase.id")?;
        let fields = Fields::of_mask(&request.update_mask.unwrap_or_default().paths, &FIELDS)?;

        let mut tx = self.db.begin(&caller).await?;
        let project = store::project::lock(&mut tx, project).await?;
        let row = store::phase::find(&mut tx, project.id, id).await?.found()?;
        etag::check(&message.etag, row.version)?;
        let mut violations = Violations::new();
        let mut details = row.details.clone();
        details.apply(&message, &fields, &mut violations);
        details.follow_progress(&row.details, project.details.today()?);
        details.check(&mut violations);
        violations.finish()?;
        let parts = details.parts_changed(&row.details);
        if !parts.is_empty() {
            store::phase::update(&mut tx, project.id, id, &details).await?;
            events::phase_moved(&mut tx, &project, id, &row.details, &details, account).await?;
            store::project::touch(&mut tx, project.id, parts).await?;
            audit::record(&mut tx, &caller, "phase.update", id).await?;
        }
        let phase = read(&mut tx, project.id, id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdatePhaseResponse { phase: Some(phase) }))
    }

    async fn delete_phase(
        &self,
        request: Request<DeletePhaseRequest>,
    ) -> Result<Response<DeletePhaseResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let project = parse_id(&request.project_id, "project_id")?;
        let id = parse_id(&request.id, "id")?;

        let mut tx = self.db.begin(&caller).await?;
        let project = store::project::lock(&mut tx, project).await?;
        let row = store::phase::find(&mut tx, project.id, id).await?.found()?;
        etag::check(&request.etag, row.version)?;
        store::phase::delete(&mut tx, project.id, id).await?;
        if row.details.is_reached() {
            events::milestone_reopened(&mut tx, project.id, id, account).await?;
        }
        store::project::touch(&mut tx, project.id, Parts::PHASES).await?;
        audit::record(&mut tx, &caller, "phase.delete", id).await?;
        tx.commit().await?;

        Ok(Response::new(DeletePhaseResponse {}))
    }

    async fn reorder_phases(
        &self,
        request: Request<ReorderPhasesRequest>,
    ) -> Result<Response<ReorderPhasesResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let project = parse_id(&request.project_id, "project_id")?;
        let ids = parse_ids(&request.phase_ids, "phase_ids")?;

        let mut tx = self.db.begin(&caller).await?;
        let project = store::project::lock(&mut tx, project).await?;
        let rows = store::phase::list(&mut tx, &[project.id]).await?;
        let former: Vec<_> = rows.iter().map(|row| row.id).collect();
        if sorted(&ids) != sorted(&former) {
            return Err(Error::invalid("phase_ids", "Name every phase of the project once").into());
        }
        if ids != former {
            store::phase::reorder(&mut tx, project.id, &ids).await?;
            store::project::touch(&mut tx, project.id, Parts::PHASES).await?;
            audit::record(&mut tx, &caller, "phase.reorder", project.id).await?;
        }
        let rows = store::phase::list(&mut tx, &[project.id]).await?;
        tx.commit().await?;

        Ok(Response::new(ReorderPhasesResponse {
            phases: rows
                .iter()
                .map(|row| view::phase(row, &Scopes::MANAGER))
                .collect(),
        }))
    }
}

/// A phase as managers see it.
async fn read(tx: &mut TenantTx, project: Uuid, id: Uuid) -> Result<Phase> {
    let row = store::phase::find(tx, project, id).await?.found()?;
    Ok(view::phase(&row, &Scopes::MANAGER))
}

fn sorted(ids: &[Uuid]) -> Vec<Uuid> {
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    sorted
}

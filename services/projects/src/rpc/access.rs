//! `AccessService`.

use proto::projects::{
    ProjectAccess, ResolveRequest, ResolveResponse, access_service_server::AccessService,
};
use service::{Result, parse_ids};
use tenancy::{Audience, Caller, Db};
use tonic::{Request, Response, Status};

use crate::{
    access::{self, Reach, Scopes},
    store,
    store::project::Project,
};

/// The most projects of one answer.
const BATCH: i64 = 1_000;

pub(crate) struct Access {
    pub(crate) db: Db,
}

#[tonic::async_trait]
impl AccessService for Access {
    async fn resolve(
        &self,
        request: Request<ResolveRequest>,
    ) -> Result<Response<ResolveResponse>, Status> {
        let audience =
            Audience::PEOPLE | Audience::NOTIFICATIONS | Audience::BILLING | Audience::DOCUMENTS;
        let caller = Caller::require(&request, audience)?;
        // scopes are a person's: a service that acts for nobody has none
        caller.person()?;

        let ids = parse_ids(&request.get_ref().project_ids, "project_ids")?;

        let mut tx = self.db.read(&caller).await?;
        let filter = store::project::Filter {
            reach: &Reach::of(&caller),
            ids: (!ids.is_empty()).then_some(ids.as_slice()),
            client: None,
            status: None,
            before: None,
            limit: BATCH,
        };
        let projects = store::project::list(&mut tx, &filter).await?;
        drop(tx);

        Ok(Response::new(ResolveResponse {
            projects: projects
                .iter()
                .filter_map(|project| {
                    access::scopes(&caller, project.involved(), &project.settings)
                        .map(|scopes| project_access(project, &scopes))
                })
                .collect(),
        }))
    }
}

fn project_access(project: &Project, scopes: &Scopes) -> ProjectAccess {
    ProjectAccess {
        project_id: project.id.to_string(),
        project_name: project.details.name.clone(),
        progress: scopes.progress.into(),
        photos: scopes.photos.into(),
        logs: scopes.logs.into(),
        schedule: scopes.schedule.into(),
        money: scopes.money.into(),
        may_approve: scopes.may_approve,
        may_pay: scopes.may_pay,
        may_message: scopes.may_message,
        may_manage: scopes.may_manage(),
        time_zone: project.details.time_zone.clone(),
    }
}

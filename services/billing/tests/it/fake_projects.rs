//! Projects, as far as billing asks it: who may see a project's money.

use std::collections::HashMap;

use anyhow::Result;
use proto::projects::{
    MoneyScope, ProjectAccess, ResolveRequest, ResolveResponse,
    access_service_server::{AccessService, AccessServiceServer},
};
use service::{Listen, Server};
use tenancy::{Audience, Caller, Verifier};
use testing::{Running, TestKeys};
use tonic::{Request, Response, Status, service::Routes};
use uuid::Uuid;

/// What each account may see of one project.
#[derive(Clone, Default)]
pub(crate) struct FakeProjects {
    pub(crate) project: Uuid,
    pub(crate) scopes: HashMap<Uuid, (MoneyScope, bool)>,
}

impl FakeProjects {
    pub(crate) async fn start(self, keys: &TestKeys) -> Result<Running> {
        let listen = Listen {
            address: ([127, 0, 0, 1], 0).into(),
            health_address: ([127, 0, 0, 1], 0).into(),
            control_address: None,
            base_domain: "localhost".to_owned(),
        };
        let ring = keys.ring("projects")?;
        let routes = Routes::new(AccessServiceServer::new(self));
        Running::start(Server::bind("projects", &listen, Verifier::new(ring), routes).await?)
    }
}

#[tonic::async_trait]
impl AccessService for FakeProjects {
    async fn resolve(
        &self,
        request: Request<ResolveRequest>,
    ) -> Result<Response<ResolveResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE | Audience::BILLING)?;
        let asked = request.into_inner().project_ids;
        let scope = self.scopes.get(&caller.person()?.account);
        let projects = scope
            .filter(|_| asked.contains(&self.project.to_string()))
            .map(|(money, may_manage)| ProjectAccess {
                project_id: self.project.to_string(),
                money: (*money).into(),
                may_manage: *may_manage,
                ..ProjectAccess::default()
            })
            .into_iter()
            .collect();
        Ok(Response::new(ResolveResponse { projects }))
    }
}

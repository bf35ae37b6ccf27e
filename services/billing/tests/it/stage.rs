//! What the tests of this service stand on.

use std::collections::HashMap;

use anyhow::Result;
use proto::{
    billing::{
        GetContractRequest, SetContractValueRequest, contract_service_client::ContractServiceClient,
    },
    projects::MoneyScope,
    types::Money,
};
use service::{Peer, config::load_from, new_id};
use tenancy::{Person, authorized};
use testing::{Running, Tenant, TestDb, TestKeys, environment};
use tonic::Status;
use uuid::Uuid;

use crate::fake_projects::FakeProjects;

/// Billing, with its neighbour, and an organization with a project.
pub(crate) struct Stage {
    keys: TestKeys,
    pub(crate) tenant: Tenant,
    pub(crate) project: Uuid,
    pub(crate) db: TestDb,
    billing: Running,
    projects: Running,
}

impl Stage {
    pub(crate) async fn new() -> Result<Self> {
        let keys = TestKeys::new()?;
        let tenant = Tenant::new();
        let project = new_id();
        let projects = FakeProjects {
            project,
            scopes: HashMap::from([
                (tenant.owner.account, (MoneyScope::Full, true)),
                (tenant.ana.account, (MoneyScope::Summary, false)),
                (tenant.ben.account, (MoneyScope::None, false)),
            ]),
        }
        .start(&keys)
        .await?;
        let db = TestDb::new("billing", &billing::migrations()).await?;
        let billing = serve(&db, &keys, &projects).await?;
        Ok(Self {
            keys,
            tenant,
            project,
            db,
            billing,
            projects,
        })
    }

    /// Stops billing and starts it on the same database.
    pub(crate) async fn restart(&mut self) -> Result<()> {
        let next = serve(&self.db, &self.keys, &self.projects).await?;
        std::mem::replace(&mut self.billing, next).stop().await
    }

    pub(crate) fn client(&self) -> Result<ContractServiceClient<Peer>> {
        Ok(ContractServiceClient::new(self.billing.peer()?))
    }

    pub(crate) fn request<T>(&self, person: &Person, message: T) -> Result<tonic::Request<T>> {
        Ok(authorized(
            &self.keys.person(self.tenant.id, person)?,
            message,
        ))
    }

    pub(crate) fn value(
        &self,
        minor_units: i64,
        etag: &str,
        request_id: Uuid,
    ) -> SetContractValueRequest {
        SetContractValueRequest {
            project_id: self.project.to_string(),
            value: Some(Money {
                minor_units,
                currency_code: "USD".to_owned(),
            }),
            etag: etag.to_owned(),
            request_id: request_id.to_string(),
        }
    }

    pub(crate) async fn set(
        &self,
        request: SetContractValueRequest,
    ) -> Result<Result<String, Status>> {
        let request = self.request(&self.tenant.owner, request)?;
        let answer = self.client()?.set_contract_value(request).await;
        Ok(answer.map(|answer| answer.into_inner().contract.unwrap_or_default().etag))
    }

    pub(crate) async fn get(&self, person: &Person) -> Result<Result<i64, Status>> {
        let message = GetContractRequest {
            project_id: self.project.to_string(),
        };
        let request = self.request(person, message)?;
        let answer = self.client()?.get_contract(request).await;
        Ok(answer.map(|answer| {
            let contract = answer.into_inner().contract.unwrap_or_default();
            contract.value.unwrap_or_default().minor_units
        }))
    }

    pub(crate) async fn events(&self) -> Result<i64> {
        let mut connection = self.db.superuser().await?;
        Ok(sqlx::query_scalar("select count(*) from outbox")
            .fetch_one(&mut connection)
            .await?)
    }
}

async fn serve(db: &TestDb, keys: &TestKeys, projects: &Running) -> Result<Running> {
    let peers = [("APP__PEERS__PROJECTS", projects.address().to_owned())];
    let config = load_from(billing::DEFAULT_CONFIG, environment(db, keys, &peers)?)?;
    Running::start(billing::build(config).await?)
}

//! `ContractService`.

use proto::{
    billing::{
        BatchGetContractsRequest, BatchGetContractsResponse, Contract, ContractValueSet,
        GetContractRequest, GetContractResponse, SetContractValueRequest, SetContractValueResponse,
        contract_service_server::ContractService,
    },
    projects::{
        MoneyScope, ProjectAccess, ResolveRequest, access_service_client::AccessServiceClient,
    },
    types::Money,
};
use service::{Error, Found as _, Peer, Result, Violations, etag, parse_id, parse_ids};
use tenancy::{Audience, Caller, Db, Once, Signer, audit, authorized};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{events, store};

pub(crate) struct Contracts {
    pub(crate) db: Db,
    pub(crate) projects: Peer,
    pub(crate) signer: Signer,
}

#[tonic::async_trait]
impl ContractService for Contracts {
    async fn get_contract(
        &self,
        request: Request<GetContractRequest>,
    ) -> Result<Response<GetContractResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS | Audience::CLIENT)?;

        let project = parse_id(&request.get_ref().project_id, "project_id")?;

        let visible = self.visible_projects(&caller, &[project]).await?;
        let mut tx = self.db.read(&caller).await?;
        let contract = store::contract::list(&mut tx, &visible)
            .await?
            .pop()
            .found()?;
        drop(tx);

        Ok(Response::new(GetContractResponse {
            contract: Some(contract.into()),
        }))
    }

    async fn batch_get_contracts(
        &self,
        request: Request<BatchGetContractsRequest>,
    ) -> Result<Response<BatchGetContractsResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS | Audience::CLIENT)?;

        let projects = parse_ids(&request.get_ref().project_ids, "project_ids")?;

        let visible = self.visible_projects(&caller, &projects).await?;
        let mut tx = self.db.read(&caller).await?;
        let contracts = store::contract::list(&mut tx, &visible).await?;
        drop(tx);

        Ok(Response::new(BatchGetContractsResponse {
            contracts: contracts.into_iter().map(Into::into).collect(),
        }))
    }

    async fn set_contract_value(
        &self,
        request: Request<SetContractValueRequest>,
    ) -> Result<Response<SetContractValueResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;
        let account = caller.person()?.account;

        let request = request.into_inner();
        let project = parse_id(&request.project_id, "project_id")?;
        let value = request.value.clone().unwrap_or_default();
        Violations::new()
            .check(
                value.minor_units >= 0,
                "value.minor_units",
                "Enter an amount of zero or more",
            )
            .check(
                is_currency_code(&value.currency_code),
                "value.currency_code",
                "Enter a currency code of three letters, such as USD",
            )
            .finish()?;
        let version = version_of(&request.etag)?;

        let manages = self
            .resolve(&caller, &[project])
            .await?
            .iter()
            .any(|access| access.may_manage);
        if !manages {
            return Err(Error::NotFound.into());
        }
        let mut tx = self.db.begin(&caller).await?;
        let fresh = match Once::begin(
            &mut tx,
            &caller,
            "ContractService.SetContractValue",
            &request.request_id,
            &request,
        )
        .await?
        {
            Once::Before(response) => return Ok(Response::new(response)),
            Once::Fresh(fresh) => fresh,
        };
        let before = store::contract::lock(&mut tx, project).await?;
        let contract = store::contract::save(&mut tx, project, &value, account, version).await?;
        let event = ContractValueSet {
            project_id: project.to_string(),
            old_value: before.map(|contract| money(&contract)),
            new_value: Some(value),
            actor_id: account.to_string(),
        };
        events::contract_value_set(&mut tx, project, &event).await?;
        audit::record(&mut tx, &caller, "contract.set_value", project).await?;
        let response = SetContractValueResponse {
            contract: Some(contract.into()),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }
}

impl Contracts {
    /// The projects among these whose money the caller may see.
    async fn visible_projects(&self, caller: &Caller, projects: &[Uuid]) -> Result<Vec<Uuid>> {
        self.resolve(caller, projects)
            .await?
            .iter()
            .filter(|access| access.money() > MoneyScope::None)
            .map(|access| parse_id(&access.project_id, "project_id"))
            .collect()
    }

    /// Asks projects, acting for the caller; named projects only, so that none names none.
    async fn resolve(&self, caller: &Caller, projects: &[Uuid]) -> Result<Vec<ProjectAccess>> {
        if projects.is_empty() {
            return Ok(Vec::new());
        }
        let token = self
            .signer
            .on_behalf(caller.tenant, caller.person()?.clone())?;
        let request = ResolveRequest {
            project_ids: projects.iter().map(Uuid::to_string).collect(),
        };
        let answer = AccessServiceClient::new(self.projects.clone())
            .resolve(authorized(&token, request))
            .await?;
        Ok(answer.into_inner().projects)
    }
}

/// The version that an etag carries; 0 where none was read.
fn version_of(etag: &str) -> Result<i64> {
    match etag {
        "" => Ok(0),
        etag => etag::version(etag),
    }
}

fn is_currency_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn money(contract: &store::contract::Contract) -> Money {
    Money {
        minor_units: contract.value_minor_units,
        currency_code: contract.currency_code.clone(),
    }
}

impl From<store::contract::Contract> for Contract {
    fn from(row: store::contract::Contract) -> Self {
        Self {
            project_id: row.project_id.to_string(),
            value: Some(money(&row)),
            updated_at: Some(proto::timestamp(row.updated_at.to_jiff())),
            etag: row.version.to_string(),
        }
    }
}

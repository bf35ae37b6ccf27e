//! What is asked of identity, projects and documents.

use std::{collections::HashMap, sync::Arc};

use jiff::tz::TimeZone;
use proto::{
    documents::{BatchGetPhotosRequest, Photo, photo_service_client::PhotoServiceClient},
    identity::{
        Account, AccountKind, AccountState, BatchGetAccountsRequest, GetOrganizationRequest, Link,
        LinkState, MintLinkRequest, Organization, Role,
        account_service_client::AccountServiceClient, link_service_client::LinkServiceClient,
        organization_service_client::OrganizationServiceClient,
    },
    projects::{
        GetProjectRequest, Project, ResolveRequest, access_service_client::AccessServiceClient,
        project_service_client::ProjectServiceClient,
    },
};
use service::{Error, Peer, Reason, Result, parse_id};
use tenancy::{
    ClientMembership, KeyRing, Party, Person, Rights, Role as PersonRole, Signer, TenantId,
    authorized,
};
use uuid::Uuid;

use crate::{config::Addresses, visible_projects::VisibleProjects};

/// The most photos that one call may name.
const BATCH: usize = 1_000;

/// The other services.
#[derive(Clone)]
pub(crate) struct Peers {
    identity: Peer,
    projects: Peer,
    documents: Peer,
    signer: Signer,
}

/// A link as it goes into a mail.
pub(crate) struct Minted {
    /// On the organization's host; empty where the mail has no link of its own.
    pub(crate) path: String,
    pub(crate) link: Link,
}

impl Peers {
    pub(crate) fn new(addresses: &Addresses, ring: Arc<KeyRing>) -> anyhow::Result<Self> {
        Ok(Self {
            identity: Peer::new(&addresses.identity)?,
            projects: Peer::new(&addresses.projects)?,
            documents: Peer::new(&addresses.documents)?,
            signer: Signer::new(ring),
        })
    }

    /// An account of the organization; none where it has none with this id.
    pub(crate) async fn account(&self, tenant: TenantId, id: Uuid) -> Result<Option<Account>> {
        Ok(self.accounts(tenant, &[id]).await?.remove(&id))
    }

    /// Those accounts of the organization that it has.
    pub(crate) async fn accounts(
        &self,
        tenant: TenantId,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Account>> {
        let request = BatchGetAccountsRequest {
            account_ids: ids.iter().map(Uuid::to_string).collect(),
            client_ids: Vec::new(),
        };
        self.get_accounts(tenant, request)
            .await?
            .into_iter()
            .map(|account| Ok((parse_id(&account.id, "id")?, account)))
            .collect()
    }

    /// The people of a client record who use the portal.
    pub(crate) async fn active_accounts_of(
        &self,
        tenant: TenantId,
        client: Uuid,
    ) -> Result<Vec<Account>> {
        let request = BatchGetAccountsRequest {
            account_ids: Vec::new(),
            client_ids: vec![client.to_string()],
        };
        let mut accounts = self.get_accounts(tenant, request).await?;
        accounts.retain(|account| {
            account.kind() == AccountKind::Client && account.state() == AccountState::Active
        });
        Ok(accounts)
    }

    async fn get_accounts(
        &self,
        tenant: TenantId,
        request: BatchGetAccountsRequest,
    ) -> Result<Vec<Account>> {
        let token = self.signer.service(tenant)?;
        let answer = AccountServiceClient::new(self.identity.clone())
            .batch_get_accounts(authorized(&token, request))
            .await?;
        Ok(answer.into_inner().accounts)
    }

    pub(crate) async fn organization(&self, tenant: TenantId) -> Result<Organization> {
        let token = self.signer.service(tenant)?;
        let answer = OrganizationServiceClient::new(self.identity.clone())
            .get_organization(authorized(&token, GetOrganizationRequest {}))
            .await?;
        answer
            .into_inner()
            .organization
            .ok_or_else(|| Error::internal("identity answered without the organization"))
    }

    /// The time zone that a client chose, or else the organization's.
    pub(crate) async fn zone(&self, tenant: TenantId, chosen: &str) -> Result<TimeZone> {
        if let Ok(zone) = TimeZone::get(chosen) {
            return Ok(zone);
        }
        Ok(zone_of(&self.organization(tenant).await?))
    }

    /// Makes the link of a mail; none where it would not work any more.
    pub(crate) async fn mint(&self, tenant: TenantId, link: Uuid) -> Result<Option<Minted>> {
        let token = self.signer.service(tenant)?;
        let request = MintLinkRequest {
            link_id: link.to_string(),
        };
        let answer = LinkServiceClient::new(self.identity.clone())
            .mint_link(authorized(&token, request))
            .await;
        let minted = match answer {
            Ok(answer) => answer.into_inner(),
            Err(status) if Reason::LinkGone.is_in(&status) || Reason::NotFound.is_in(&status) => {
                return Ok(None);
            }
            Err(status) => return Err(status.into()),
        };
        let link = minted.link.unwrap_or_default();
        let works = minted.path.is_empty() || link.state() == LinkState::Open;
        Ok(works.then_some(Minted {
            path: minted.path,
            link,
        }))
    }

    /// A project with everything in it; none where it is gone.
    pub(crate) async fn project(&self, tenant: TenantId, id: Uuid) -> Result<Option<Project>> {
        let token = self.signer.service(tenant)?;
        self.get_project(&token, id).await
    }

    /// A project as a person may see it; none where it is gone or hidden.
    pub(crate) async fn project_for(
        &self,
        tenant: TenantId,
        person: &Person,
        id: Uuid,
    ) -> Result<Option<Project>> {
        let token = self.signer.on_behalf(tenant, person.clone())?;
        self.get_project(&token, id).await
    }

    async fn get_project(&self, token: &str, id: Uuid) -> Result<Option<Project>> {
        let request = GetProjectRequest { id: id.to_string() };
        let answer = ProjectServiceClient::new(self.projects.clone())
            .get_project(authorized(token, request))
            .await;
        match answer {
            Ok(answer) => Ok(answer.into_inner().project),
            Err(status) if status.code() == tonic::Code::NotFound => Ok(None),
            Err(status) => Err(status.into()),
        }
    }

    /// What a person may be told of now, over all projects.
    pub(crate) async fn visible_projects(
        &self,
        tenant: TenantId,
        person: &Person,
    ) -> Result<VisibleProjects> {
        let token = self.signer.on_behalf(tenant, person.clone())?;
        let answer = AccessServiceClient::new(self.projects.clone())
            .resolve(authorized(&token, ResolveRequest::default()))
            .await?;
        VisibleProjects::of(answer.into_inner().projects)
    }

    /// Those of these photos that a person may see now.
    pub(crate) async fn visible_photos(
        &self,
        tenant: TenantId,
        person: &Person,
        ids: &[Uuid],
    ) -> Result<HashMap<Uuid, Photo>> {
        let mut visible = HashMap::new();
        for batch in ids.chunks(BATCH) {
            let token = self.signer.on_behalf(tenant, person.clone())?;
            let request = BatchGetPhotosRequest {
                ids: batch.iter().map(Uuid::to_string).collect(),
            };
            let answer = PhotoServiceClient::new(self.documents.clone())
                .batch_get_photos(authorized(&token, request))
                .await?;
            for photo in answer.into_inner().photos {
                visible.insert(parse_id(&photo.id, "id")?, photo);
            }
        }
        Ok(visible)
    }
}

/// The organization's own time zone.
pub(crate) fn zone_of(organization: &Organization) -> TimeZone {
    TimeZone::get(&organization.time_zone).unwrap_or(TimeZone::UTC)
}

/// Who an account is, for calls on the person's behalf.
pub(crate) fn person_of(account: &Account) -> Result<Person> {
    let party = match account.kind() {
        AccountKind::Client => Party::Client {
            memberships: account
                .memberships
                .iter()
                .map(|membership| {
                    let rights = membership.rights.unwrap_or_default();
                    Ok(ClientMembership {
                        client: parse_id(&membership.client_id, "client_id")?,
                        rights: Rights {
                            view_financials: rights.view_financials,
                            approve: rights.approve,
                            pay: rights.pay,
                            message: rights.message,
                        },
                    })
                })
                .collect::<Result<_>>()?,
        },
        AccountKind::Office | AccountKind::Unspecified => Party::Office {
            role: match account.role() {
                Role::Owner => PersonRole::Owner,
                Role::Pm => PersonRole::Pm,
                Role::Field | Role::Unspecified => PersonRole::Field,
            },
        },
    };
    Ok(Person {
        account: parse_id(&account.id, "account_id")?,
        party,
        session: None,
    })
}

//! What other services said during one round of work, so that nobody is asked twice.
//!
//! A round begins after all that it works on was recorded, and ends in moments: what was said in it is no older than the
//! work.

use std::{future::Future, hash::Hash, sync::Arc};

use jiff::tz::TimeZone;
use proto::{
    identity::{Account, Organization},
    projects::Project,
};
use quick_cache::sync::Cache;
use service::Result;
use tenancy::{Person, TenantId};
use uuid::Uuid;

use crate::{
    peers::{Peers, zone_of},
    visible_projects::VisibleProjects,
};

/// More than a round asks for, of each kind.
const ANSWERS: usize = 1_000;

/// Answers by what was asked: the organization first, so that no other gets them.
pub(crate) struct Round {
    pub(crate) peers: Peers,
    organizations: Cache<TenantId, Arc<Organization>>,
    accounts: Cache<(TenantId, Uuid), Option<Account>>,
    active_accounts: Cache<(TenantId, Uuid), Vec<Account>>,
    projects: Cache<(TenantId, Uuid), Option<Arc<Project>>>,
    /// By account and project.
    projects_for: Cache<(TenantId, Uuid, Uuid), Option<Arc<Project>>>,
    visible_projects: Cache<(TenantId, Uuid), Arc<VisibleProjects>>,
}

impl Round {
    pub(crate) fn new(peers: &Peers) -> Self {
        Self {
            peers: peers.clone(),
            organizations: Cache::new(ANSWERS),
            accounts: Cache::new(ANSWERS),
            active_accounts: Cache::new(ANSWERS),
            projects: Cache::new(ANSWERS),
            projects_for: Cache::new(ANSWERS),
            visible_projects: Cache::new(ANSWERS),
        }
    }

    pub(crate) async fn organization(&self, tenant: TenantId) -> Result<Arc<Organization>> {
        let ask = async || Ok(Arc::new(self.peers.organization(tenant).await?));
        once(&self.organizations, tenant, ask()).await
    }

    /// The time zone that a client chose, or else the organization's.
    pub(crate) async fn zone(&self, tenant: TenantId, chosen: &str) -> Result<TimeZone> {
        if let Ok(zone) = TimeZone::get(chosen) {
            return Ok(zone);
        }
        Ok(zone_of(&*self.organization(tenant).await?))
    }

    /// An account of the organization; none where it has none with this id.
    pub(crate) async fn account(&self, tenant: TenantId, id: Uuid) -> Result<Option<Account>> {
        once(&self.accounts, (tenant, id), self.peers.account(tenant, id)).await
    }

    /// The people of a client record who use the portal.
    pub(crate) async fn active_accounts_of(
        &self,
        tenant: TenantId,
        client: Uuid,
    ) -> Result<Vec<Account>> {
        let ask = self.peers.active_accounts_of(tenant, client);
        once(&self.active_accounts, (tenant, client), ask).await
    }

    /// A project with everything in it; none where it is gone.
    pub(crate) async fn project(&self, tenant: TenantId, id: Uuid) -> Result<Option<Arc<Project>>> {
        let ask = async || Ok(self.peers.project(tenant, id).await?.map(Arc::new));
        once(&self.projects, (tenant, id), ask()).await
    }

    /// A project as a person may see it; none where it is gone or hidden.
    pub(crate) async fn project_for(
        &self,
        tenant: TenantId,
        person: &Person,
        id: Uuid,
    ) -> Result<Option<Arc<Project>>> {
        let ask = async || {
            let project = self.peers.project_for(tenant, person, id).await?;
            Ok(project.map(Arc::new))
        };
        once(&self.projects_for, (tenant, person.account, id), ask()).await
    }

    /// What a person may be told of now, over all projects.
    pub(crate) async fn visible_projects(
        &self,
        tenant: TenantId,
        person: &Person,
    ) -> Result<Arc<VisibleProjects>> {
        let ask = async || {
            let visible = self.peers.visible_projects(tenant, person).await?;
            Ok(Arc::new(visible))
        };
        once(&self.visible_projects, (tenant, person.account), ask()).await
    }
}

/// The answer of before, or the one that this gets: whoever asks at the same time waits for it.
async fn once<K: Clone + Eq + Hash, V: Clone>(
    answers: &Cache<K, V>,
    question: K,
    ask: impl Future<Output = Result<V>>,
) -> Result<V> {
    answers.get_or_insert_async(&question, Box::pin(ask)).await
}

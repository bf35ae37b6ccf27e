//! What other services said while events of one organization are handled together, so that nobody is asked twice.
//!
//! The events were recorded before anybody was asked, so an answer is never older than what it is about. It decides what is
//! written down; what a person may see is asked again when a mail is written and when the inbox is read.

use std::{collections::HashMap, sync::Arc};

use jiff::tz::TimeZone;
use proto::{identity::Account, projects::Project};
use service::Result;
use tenancy::{Person, TenantId};
use uuid::Uuid;

use crate::{peers::Peers, visible_projects::VisibleProjects};

/// The answers of one organization, by what was asked.
pub(crate) struct Round {
    tenant: TenantId,
    peers: Peers,
    /// By the zone that was chosen.
    zones: HashMap<String, TimeZone>,
    /// By client.
    active_accounts: HashMap<Uuid, Arc<[Account]>>,
    projects: HashMap<Uuid, Option<Arc<Project>>>,
    /// By account.
    visible_projects: HashMap<Uuid, Arc<VisibleProjects>>,
}

impl Round {
    pub(crate) fn new(tenant: TenantId, peers: &Peers) -> Self {
        Self {
            tenant,
            peers: peers.clone(),
            zones: HashMap::new(),
            active_accounts: HashMap::new(),
            projects: HashMap::new(),
            visible_projects: HashMap::new(),
        }
    }

    /// The time zone that a client chose, or else the organization's.
    pub(crate) async fn zone(&mut self, chosen: &str) -> Result<TimeZone> {
        if let Some(zone) = self.zones.get(chosen) {
            return Ok(zone.clone());
        }
        let zone = self.peers.zone(self.tenant, chosen).await?;
        self.zones.insert(chosen.to_owned(), zone.clone());
        Ok(zone)
    }

    /// An account of the organization, asked for each time; none where it has none with this id.
    pub(crate) async fn account(&self, id: Uuid) -> Result<Option<Account>> {
        self.peers.account(self.tenant, id).await
    }

    /// The people of a client record who use the portal.
    pub(crate) async fn active_accounts_of(&mut self, client: Uuid) -> Result<Arc<[Account]>> {
        if let Some(accounts) = self.active_accounts.get(&client) {
            return Ok(accounts.clone());
        }
        let accounts = self.peers.active_accounts_of(self.tenant, client).await?;
        let accounts: Arc<[Account]> = accounts.into();
        self.active_accounts.insert(client, accounts.clone());
        Ok(accounts)
    }

    /// A project with everything in it; none where it is gone.
    pub(crate) async fn project(&mut self, id: Uuid) -> Result<Option<Arc<Project>>> {
        if let Some(project) = self.projects.get(&id) {
            return Ok(project.clone());
        }
        let project = self.peers.project(self.tenant, id).await?.map(Arc::new);
        self.projects.insert(id, project.clone());
        Ok(project)
    }

    /// What a person may be told of now, over all projects.
    pub(crate) async fn visible_projects(
        &mut self,
        person: &Person,
    ) -> Result<Arc<VisibleProjects>> {
        if let Some(visible) = self.visible_projects.get(&person.account) {
            return Ok(visible.clone());
        }
        let visible = self.peers.visible_projects(self.tenant, person).await?;
        let visible = Arc::new(visible);
        self.visible_projects
            .insert(person.account, visible.clone());
        Ok(visible)
    }
}

//! Who sees which photos: projects' answer, turned into a filter.

use proto::projects::{
    GetProjectRequest, PhotoScope, ProjectAccess, ResolveRequest,
    access_service_client::AccessServiceClient, project_service_client::ProjectServiceClient,
};
use service::{Error, Found as _, Peer, Result, parse_id};
use tenancy::{Caller, Signer, authorized};
use uuid::Uuid;

use crate::photo::Audience;

/// Asks projects, acting for the caller.
#[derive(Clone)]
pub(crate) struct Access {
    pub(crate) projects: Peer,
    pub(crate) signer: Signer,
}

/// A project in which the caller sees photos.
#[derive(Clone, Debug)]
pub(crate) struct VisibleProject {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// IANA name.
    pub(crate) time_zone: String,
    pub(crate) scope: Scope,
}

/// Which photos of a project a caller sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All of them, and may change them.
    Manager,
    /// Those that the account added, and may change them.
    Own(Uuid),
    /// Those for these audiences, without knowing for which.
    Client(&'static [Audience]),
}

impl Access {
    /// The project, where the caller sees photos of it.
    pub(crate) async fn visible_project(
        &self,
        caller: &Caller,
        project: Uuid,
    ) -> Result<VisibleProject> {
        self.visible_projects(caller, &[project])
            .await?
            .pop()
            .found()
    }

    /// Those of the projects in which the caller sees photos.
    pub(crate) async fn visible_projects(
        &self,
        caller: &Caller,
        projects: &[Uuid],
    ) -> Result<Vec<VisibleProject>> {
        if projects.is_empty() {
            return Ok(Vec::new());
        }
        let request = ResolveRequest {
            project_ids: projects.iter().map(Uuid::to_string).collect(),
        };
        let answer = AccessServiceClient::new(self.projects.clone())
            .resolve(authorized(&self.token(caller)?, request))
            .await?;
        let account = caller.person()?.account;
        answer
            .into_inner()
            .projects
            .into_iter()
            .filter_map(|access| Some((Scope::of(&access, account)?, access)))
            .map(|(scope, access)| {
                Ok(VisibleProject {
                    id: parse_id(&access.project_id, "project_id")?,
                    name: access.project_name,
                    time_zone: access.time_zone,
                    scope,
                })
            })
            .collect()
    }

    /// Fails where the phase is not one of the project.
    pub(crate) async fn check_phase(
        &self,
        caller: &Caller,
        project: Uuid,
        phase: Uuid,
        field: &'static str,
    ) -> Result<()> {
        let request = GetProjectRequest {
            id: project.to_string(),
        };
        let answer = ProjectServiceClient::new(self.projects.clone())
            .get_project(authorized(&self.token(caller)?, request))
            .await?;
        let phase = phase.to_string();
        let known = answer
            .into_inner()
            .project
            .is_some_and(|project| project.phases.iter().any(|known| known.id == phase));
        if known {
            Ok(())
        } else {
            Err(Error::invalid(field, "Choose a phase of the project"))
        }
    }

    fn token(&self, caller: &Caller) -> Result<String> {
        self.signer
            .on_behalf(caller.tenant, caller.person()?.clone())
    }
}

impl Scope {
    /// None where the caller sees no photos at all.
    fn of(access: &ProjectAccess, account: Uuid) -> Option<Self> {
        match access.photos() {
            PhotoScope::All if access.may_manage => Some(Self::Manager),
            PhotoScope::All => Some(Self::Client(&Audience::ALL)),
            PhotoScope::Own => Some(Self::Own(account)),
            PhotoScope::NotInternal => Some(Self::Client(&[Audience::Unmarked, Audience::Shared])),
            PhotoScope::Shared => Some(Self::Client(&[Audience::Shared])),
            PhotoScope::None | PhotoScope::Unspecified => None,
        }
    }

    /// The audiences of the photos that are seen.
    pub(crate) fn audiences(self) -> &'static [Audience] {
        match self {
            Self::Manager | Self::Own(_) => &Audience::ALL,
            Self::Client(audiences) => audiences,
        }
    }

    /// The account whose photos alone are seen.
    pub(crate) fn uploader(self) -> Option<Uuid> {
        match self {
            Self::Own(account) => Some(account),
            Self::Manager | Self::Client(_) => None,
        }
    }

    /// True for a photo that is seen.
    pub(crate) fn shows(self, audience: Audience, uploaded_by: Uuid) -> bool {
        self.audiences().contains(&audience)
            && self.uploader().is_none_or(|account| account == uploaded_by)
    }

    /// True where the caller adds and changes what is seen.
    pub(crate) fn may_edit(self) -> bool {
        !matches!(self, Self::Client(_))
    }
}

impl VisibleProject {
    /// The project, for who adds and changes photos there.
    pub(crate) fn editable(self) -> Result<Self> {
        self.scope.may_edit().then_some(self).found()
    }
}

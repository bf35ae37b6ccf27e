//! Projects are entered, shown to clients, and built.

use anyhow::{Context, Result};
use jiff::civil::Date;
use proto::billing::SetContractValueRequest;
use proto::billing::contract_service_client::ContractServiceClient;
use proto::notifications::MailKind;
use proto::projects::phase_service_client::PhaseServiceClient;
use proto::projects::project_service_client::ProjectServiceClient;
use proto::projects::visibility_service_client::VisibilityServiceClient;
use proto::projects::{
    CreatePhaseRequest, CreateProjectRequest, GetProjectRequest, GetVisibilityRequest, MapPoint,
    Phase, ProjectStatus, SiteAddress, UpdatePhaseRequest, UpdateProjectRequest,
    UpdateVisibilityRequest, Visibility,
};
use proto::types::Money;
use tenancy::authorized;

use super::mask;
use crate::sample::calendar::Calendar;
use crate::sample::cast::{Organization, Plan, Project};
use crate::sample::stage::{Stage, request_id};

impl Stage<'_> {
    pub(super) async fn enter_project(
        &self,
        organization: &Organization,
        project: &'static Project,
        calendar: Calendar,
    ) -> Result<()> {
        let token = self
            .sign_in(organization, organization.manager.email)
            .await?;
        let mut entered = self
            .create_project(organization, project, calendar, &token)
            .await?;
        self.know(project.name, &entered.id);
        if let Plan::Own(phases) = project.plan {
            let mut start = project.start;
            for phase in phases {
                let end = start + phase.duration - 1;
                let phase = Phase {
                    project_id: entered.id.clone(),
                    name: phase.name.to_owned(),
                    weight: Some(phase.weight),
                    progress_percent: Some(0),
                    planned_start: Some(calendar.day(start)?.to_string()),
                    planned_end: Some(calendar.day(end)?.to_string()),
                    milestone: phase.milestone.map(str::to_owned),
                    ..Phase::default()
                };
                entered.phases.push(self.create_phase(phase, &token).await?);
                start = end + 1;
            }
        }
        for (phase, percent) in entered.phases.into_iter().zip(project.done) {
            self.catch_up(phase, *percent, &token).await?;
        }
        self.show(project, &token).await?;
        let request = SetContractValueRequest {
            project_id: self.id(project.name)?,
            value: Some(Money {
                minor_units: project.contract,
                currency_code: "USD".to_owned(),
            }),
            etag: String::new(),
            request_id: request_id(),
        };
        ContractServiceClient::new(self.billing.clone())
            .set_contract_value(authorized(&token, request))
            .await
            .context("set the value of the contract")?;
        Ok(())
    }

    async fn create_project(
        &self,
        organization: &Organization,
        project: &Project,
        calendar: Calendar,
        token: &str,
    ) -> Result<proto::projects::Project> {
        let (template, finish) = match project.plan {
            Plan::Template(template) => (template, None),
            Plan::Own(phases) => {
                let days: i32 = phases.iter().map(|phase| phase.duration).sum();
                ("", Some(calendar.day(project.start + days - 1)?))
            }
        };
        let (latitude_e6, longitude_e6) = project.point;
        let request = CreateProjectRequest {
            project: Some(proto::projects::Project {
                client_id: Some(self.id(project.client.name)?),
                name: project.name.to_owned(),
                r#type: project.kind.into(),
                status: ProjectStatus::Active.into(),
                address: Some(SiteAddress {
                    line1: project.site.line1.to_owned(),
                    city: project.site.city.to_owned(),
                    region: project.site.region.to_owned(),
                    postal_code: project.site.postal_code.to_owned(),
                    point: Some(MapPoint {
                        latitude_e6,
                        longitude_e6,
                    }),
                }),
                start_date: Some(calendar.day(project.start)?.to_string()),
                planned_finish: finish.as_ref().map(Date::to_string),
                manager_id: self.id(organization.manager.email)?,
                member_ids: vec![self.id(organization.field.email)?],
                time_zone: organization.time_zone.to_owned(),
                ..proto::projects::Project::default()
            }),
            template_id: template.to_owned(),
            request_id: request_id(),
        };
        ProjectServiceClient::new(self.projects.clone())
            .create_project(authorized(token, request))
            .await
            .with_context(|| format!("enter the project {}", project.name))?
            .into_inner()
            .project
            .context("the answer carries no project")
    }

    async fn create_phase(&self, phase: Phase, token: &str) -> Result<Phase> {
        let request = CreatePhaseRequest {
            phase: Some(phase),
            request_id: request_id(),
        };
        PhaseServiceClient::new(self.projects.clone())
            .create_phase(authorized(token, request))
            .await
            .context("enter a phase")?
            .into_inner()
            .phase
            .context("the answer carries no phase")
    }

    /// Enters how far a phase had come before the project was entered: it went as planned.
    async fn catch_up(&self, mut phase: Phase, percent: i32, token: &str) -> Result<()> {
        phase.actual_start.clone_from(&phase.planned_start);
        phase.actual_end = phase.planned_end.clone().filter(|_| percent == 100);
        phase.progress_percent = Some(percent);
        let fields = ["progress_percent", "actual_start", "actual_end"];
        self.update_phase(phase, &fields, token).await
    }

    async fn update_phase(&self, phase: Phase, fields: &[&str], token: &str) -> Result<()> {
        let request = UpdatePhaseRequest {
            phase: Some(phase),
            update_mask: Some(mask(fields)),
        };
        PhaseServiceClient::new(self.projects.clone())
            .update_phase(authorized(token, request))
            .await
            .context("save a phase")?;
        Ok(())
    }

    /// Saves what clients see of a project.
    async fn show(&self, project: &'static Project, token: &str) -> Result<()> {
        let mut visibilities = VisibilityServiceClient::new(self.projects.clone());
        let request = GetVisibilityRequest {
            project_id: self.id(project.name)?,
        };
        let saved = visibilities
            .get_visibility(authorized(token, request))
            .await
            .context("read what clients see")?
            .into_inner()
            .visibility
            .context("the answer carries no settings")?;
        let seen = &project.visibility;
        let request = UpdateVisibilityRequest {
            visibility: Some(Visibility {
                progress: seen.progress.into(),
                photos: seen.photos.into(),
                logs: seen.logs.into(),
                schedule: seen.schedule.into(),
                financials: seen.financials.into(),
                ..saved
            }),
        };
        visibilities
            .update_visibility(authorized(token, request))
            .await
            .context("save what clients see")?;
        Ok(())
    }

    pub(super) async fn progress(
        &self,
        organization: &Organization,
        project: &'static Project,
        phase: &str,
        percent: i32,
    ) -> Result<()> {
        let token = self
            .sign_in(organization, organization.manager.email)
            .await?;
        let found = self.project(project, &token).await?;
        let known = found.phases.into_iter().find(|known| known.name == phase);
        let mut phase = known.with_context(|| format!("find the phase {phase}"))?;
        let reaches_milestone = phase.milestone.is_some() && percent == 100;
        phase.progress_percent = Some(percent);
        self.update_phase(phase, &["progress_percent"], &token)
            .await?;
        if reaches_milestone && self.has_listeners(project.client) {
            self.told(MailKind::MilestoneReached, &found.id, &token)
                .await?;
            self.settle(organization, &token).await?;
        }
        Ok(())
    }

    pub(super) async fn set_status(
        &self,
        organization: &Organization,
        project: &'static Project,
        status: ProjectStatus,
    ) -> Result<()> {
        let token = self
            .sign_in(organization, organization.manager.email)
            .await?;
        let mut found = self.project(project, &token).await?;
        found.set_status(status);
        let request = UpdateProjectRequest {
            project: Some(found),
            update_mask: Some(mask(&["status"])),
        };
        ProjectServiceClient::new(self.projects.clone())
            .update_project(authorized(&token, request))
            .await
            .context("save where a project stands")?;
        Ok(())
    }

    pub(super) async fn project(
        &self,
        project: &'static Project,
        token: &str,
    ) -> Result<proto::projects::Project> {
        let request = GetProjectRequest {
            id: self.id(project.name)?,
        };
        ProjectServiceClient::new(self.projects.clone())
            .get_project(authorized(token, request))
            .await
            .context("read a project")?
            .into_inner()
            .project
            .context("the answer carries no project")
    }
}

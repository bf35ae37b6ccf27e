//! A project as one viewer may see it: what is out of scope is absent.

use proto::projects::{MapPoint, Phase, ProgressScope, Project, ScheduleScope, SiteAddress};
use service::Result;

use crate::{
    access::{Scopes, Viewer},
    day,
    progress::{self, Share},
    project::Address,
    schedule, store,
};

/// A project with its phases, in order.
pub(crate) fn project(
    row: &store::project::Project,
    phases: &[store::phase::Phase],
    scopes: &Scopes,
) -> Result<Project> {
    let details = &row.details;
    let shows_progress = scopes.progress > ProgressScope::None;
    let shows_schedule = scopes.schedule > ScheduleScope::None;
    let shows_all_dates = scopes.schedule > ScheduleScope::Milestones;
    let work = || phases.iter().map(|phase| &phase.details);

    let current = schedule::current(work()).map(|index| phases[index].id.to_string());
    let shares = work().map(|phase| Share {
        weight: phase.weight,
        percent: phase.percent,
    });
    let days_behind = schedule::days_behind(work(), details.today()?);

    Ok(Project {
        id: row.id.to_string(),
        client_id: (scopes.viewer != Viewer::Field).then(|| row.client_id.to_string()),
        name: details.name.clone(),
        r#type: details.project_type.into(),
        status: details.status.into(),
        address: Some(address(&details.address)),
        start_date: day::text(details.start_date).filter(|_| shows_all_dates),
        planned_finish: day::text(details.planned_finish).filter(|_| shows_schedule),
        manager_id: details.manager.to_string(),
        member_ids: details.members.iter().map(ToString::to_string).collect(),
        time_zone: details.time_zone.clone(),
        progress_percent: shows_progress.then(|| progress::overall(shares)),
        current_phase_id: current.filter(|_| scopes.shows_phases()),
        phases: phases
            .iter()
            .filter(|_| scopes.shows_phases())
            .map(|row| phase(row, scopes))
            .collect(),
        days_behind: shows_schedule.then_some(days_behind),
        updated_at: Some(proto::timestamp(row.changed.newest(scopes))),
        etag: etag(row.version, scopes),
    })
}

/// A phase.
pub(crate) fn phase(row: &store::phase::Phase, scopes: &Scopes) -> Phase {
    let details = &row.details;
    let shows_progress = scopes.progress > ProgressScope::None;
    let shows_all_dates = scopes.schedule > ScheduleScope::Milestones;
    let shows_end = match scopes.schedule {
        ScheduleScope::Full => true,
        ScheduleScope::Milestones => details.milestone.is_some(),
        ScheduleScope::None | ScheduleScope::Unspecified => false,
    };
    Phase {
        id: row.id.to_string(),
        project_id: row.project_id.to_string(),
        name: details.name.clone(),
        weight: (scopes.viewer != Viewer::Client).then_some(details.weight),
        status: shows_progress.then(|| details.status().into()),
        progress_percent: shows_progress.then_some(details.percent),
        planned_start: day::text(details.planned_start).filter(|_| shows_all_dates),
        planned_end: day::text(details.planned_end).filter(|_| shows_end),
        actual_start: day::text(details.actual_start).filter(|_| shows_all_dates),
        actual_end: day::text(details.actual_end).filter(|_| shows_end),
        milestone: details.milestone.clone().filter(|_| shows_end),
        etag: etag(row.version, scopes),
    }
}

/// Only who may change something needs its version; to others it would count changes that they may not see.
fn etag(version: i64, scopes: &Scopes) -> String {
    if scopes.may_manage() {
        version.to_string()
    } else {
        String::new()
    }
}

fn address(address: &Address) -> SiteAddress {
    SiteAddress {
        line1: address.line1.clone(),
        city: address.city.clone(),
        region: address.region.clone(),
        postal_code: address.postal_code.clone(),
        point: address.point.map(|point| MapPoint {
            latitude_e6: point.latitude,
            longitude_e6: point.longitude,
        }),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date};
    use proto::projects::{ProgressVisibility, ProjectStatus, ProjectType, ScheduleVisibility};
    use uuid::Uuid;

    use super::*;
    use crate::{access, parts::Times, phase, project};

    fn kitchen() -> (store::project::Project, Vec<store::phase::Phase>) {
        let id = service::new_id();
        let row = store::project::Project {
            id,
            client_id: service::new_id(),
            details: project::Details {
                name: "Kitchen remodel".to_owned(),
                project_type: ProjectType::Kitchen,
                status: ProjectStatus::Active,
                address: Address::default(),
                start_date: Some(date(2020, 1, 6)),
                planned_finish: Some(date(2020, 3, 6)),
                manager: service::new_id(),
                members: Vec::new(),
                time_zone: "America/Los_Angeles".to_owned(),
            },
            settings: access::Settings::CAUTIOUS,
            changed: Times {
                details: Timestamp::UNIX_EPOCH,
                progress: Timestamp::UNIX_EPOCH,
                schedule: Timestamp::UNIX_EPOCH,
                milestones: Timestamp::UNIX_EPOCH,
            },
            version: 7,
        };
        let phases = vec![
            phase_row(id, 100, None),
            phase_row(id, 50, Some("Countertops installed")),
        ];
        (row, phases)
    }

    fn phase_row(project: Uuid, percent: i32, milestone: Option<&str>) -> store::phase::Phase {
        store::phase::Phase {
            id: service::new_id(),
            project_id: project,
            details: phase::Details {
                name: "Demolition".to_owned(),
                weight: 10,
                percent,
                planned_start: Some(date(2020, 1, 6)),
                planned_end: Some(date(2020, 2, 6)),
                actual_start: Some(date(2020, 1, 7)),
                actual_end: (percent == 100).then_some(date(2020, 2, 7)),
                milestone: milestone.map(str::to_owned),
            },
            version: 3,
        }
    }

    #[test]
    fn a_manager_sees_every_field() {
        let (row, phases) = kitchen();
        let seen = project(&row, &phases, &Scopes::MANAGER).expect("a known zone");
        assert_eq!(seen.client_id, Some(row.client_id.to_string()));
        assert_eq!(seen.progress_percent, Some(75));
        assert_eq!(seen.current_phase_id, Some(phases[1].id.to_string()));
        assert!(seen.days_behind > Some(2000));
        assert_eq!(seen.etag, "7");
        assert_eq!(seen.phases[1].weight, Some(10));
        assert_eq!(seen.phases[0].actual_end.as_deref(), Some("2020-02-07"));
    }

    #[test]
    fn what_is_hidden_is_absent_in_every_combination() {
        let (row, phases) = kitchen();
        for settings in access::tests::all_settings() {
            let scopes = access::scopes_of_client(Default::default(), &settings);
            let seen = project(&row, &phases, &scopes).expect("a known zone");
            let progress = settings.progress == ProgressVisibility::Show;
            let milestones = settings.schedule != ScheduleVisibility::Hide;
            let full = settings.schedule == ScheduleVisibility::Full;

            assert_eq!(seen.progress_percent.is_some(), progress);
            assert_eq!(seen.current_phase_id.is_some(), progress || milestones);
            assert_eq!(
                seen.phases.len(),
                if progress || milestones { 2 } else { 0 }
            );
            assert_eq!(seen.start_date.is_some(), full);
            assert_eq!(seen.planned_finish.is_some(), milestones);
            assert_eq!(seen.days_behind.is_some(), milestones);
            assert_eq!(seen.etag, "");
            for phase in &seen.phases {
                let is_milestone = phase.id == phases[1].id.to_string();
                assert_eq!(phase.weight, None);
                assert_eq!(phase.etag, "");
                assert_eq!(phase.status.is_some(), progress);
                assert_eq!(phase.progress_percent.is_some(), progress);
                assert_eq!(phase.planned_start.is_some(), full);
                assert_eq!(phase.actual_start.is_some(), full);
                assert_eq!(
                    phase.planned_end.is_some(),
                    full || (milestones && is_milestone)
                );
                assert_eq!(phase.milestone.is_some(), milestones && is_milestone);
                assert_eq!(phase.actual_end.is_some(), full && !is_milestone);
            }
        }
    }
}

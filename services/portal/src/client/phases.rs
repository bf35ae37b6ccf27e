//! What a project's phases say: how far it is, what is next.
//!
//! Everything is optional here, because a field that is hidden from the client is absent in the answer.

use std::fmt::Write as _;

use jiff::civil::Date;
use proto::projects::{Phase, PhaseStatus, Project};

use crate::format::{Format, date_of};

/// The bar of a project: a segment a phase, as wide as its planned time.
pub(crate) struct Bar {
    /// What it shows, as a sentence.
    pub(crate) words: String,
    /// From the first phase to the last.
    pub(crate) segments: Vec<Segment>,
}

/// One phase of the bar; both numbers name classes of the style sheet.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// 1 to 100.
    pub(crate) width: i64,
    /// 0 to 100.
    pub(crate) percent: i32,
}

impl Bar {
    /// The bar; none where the progress is hidden or there are no phases.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        project.progress_percent?;
        let phases = &project.phases;
        if phases.is_empty() {
            return None;
        }
        let days: Option<Vec<i64>> = phases.iter().map(planned_days).collect();
        let days = days.unwrap_or_else(|| vec![1; phases.len()]);
        let longest = days.iter().copied().max().unwrap_or(1);
        let segments = phases
            .iter()
            .zip(days)
            .map(|(phase, days)| Segment {
                width: (days * 100 / longest).clamp(1, 100),
                percent: phase.progress_percent.unwrap_or_default().clamp(0, 100),
            })
            .collect();
        let done = phases.iter().filter(|phase| is_done(phase)).count();
        let mut words = format!("{done} of {} phases done", phases.len());
        if let Some(current) = current(project).filter(|phase| !is_done(phase))
            && let Some(percent) = current.progress_percent
        {
            write!(words, ", {} {percent}% done", current.name)
                .expect("writing to a string cannot fail");
        }
        Some(Self { words, segments })
    }
}

/// The phase that is being worked on.
pub(crate) fn current(project: &Project) -> Option<&Phase> {
    let id = project.current_phase_id.as_ref()?;
    project.phases.iter().find(|phase| phase.id == *id)
}

/// "Phase 6 of 8", for the current one.
pub(crate) fn position(project: &Project) -> Option<String> {
    let id = project.current_phase_id.as_ref()?;
    let index = project.phases.iter().position(|phase| phase.id == *id)?;
    Some(format!("Phase {} of {}", index + 1, project.phases.len()))
}

/// True for a phase that is over, as far as this client may know.
pub(crate) fn is_done(phase: &Phase) -> bool {
    phase.status == Some(PhaseStatus::Done.into()) || phase.actual_end.is_some()
}

/// A milestone that is still ahead.
pub(crate) struct Milestone {
    /// What is reached then.
    pub(crate) name: String,
    /// When it is planned; none where no day was set.
    pub(crate) day: Option<Date>,
}

/// The milestones ahead, in the order of the phases; none where the schedule is hidden.
pub(crate) fn milestones(project: &Project) -> Vec<Milestone> {
    project
        .phases
        .iter()
        .filter(|phase| !is_done(phase))
        .filter_map(|phase| {
            Some(Milestone {
                name: phase.milestone.clone()?,
                day: date_of(phase.planned_end.as_deref()),
            })
        })
        .collect()
}

/// When a phase was or will be, as far as this client may know: the plan, until work has begun.
pub(crate) fn when(phase: &Phase, format: &Format) -> Option<String> {
    let planned_end = date_of(phase.planned_end.as_deref());
    let (start, end) = match date_of(phase.actual_start.as_deref()) {
        Some(begun) => {
            let ended = date_of(phase.actual_end.as_deref());
            // a late beginning can lie behind the planned end, which then says nothing any more
            let end = ended.or(planned_end.filter(|end| *end >= begun));
            (Some(begun), end)
        }
        None => (
            date_of(phase.planned_start.as_deref()),
            date_of(phase.actual_end.as_deref()).or(planned_end),
        ),
    };
    match (start, end) {
        (Some(start), Some(end)) if start <= end => Some(format.days(start, end)),
        (Some(start), None) => Some(format!("Since {}", format.short_day(start))),
        (_, Some(end)) => Some(format.short_day(end)),
        (None, None) => None,
    }
}

/// The planned time of a phase in days, the first and the last included.
fn planned_days(phase: &Phase) -> Option<i64> {
    let start = date_of(phase.planned_start.as_deref())?;
    let end = date_of(phase.planned_end.as_deref())?;
    Some(i64::from((end - start).get_days()) + 1).filter(|days| *days > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(id: &str, start: &str, end: &str, percent: i32) -> Phase {
        let status = match percent {
            0 => PhaseStatus::NotStarted,
            100 => PhaseStatus::Done,
            _ => PhaseStatus::InProgress,
        };
        Phase {
            id: id.to_owned(),
            name: format!("Phase {id}"),
            status: Some(status.into()),
            progress_percent: Some(percent),
            planned_start: Some(start.to_owned()),
            planned_end: Some(end.to_owned()),
            ..Phase::default()
        }
    }

    fn project() -> Project {
        Project {
            progress_percent: Some(40),
            current_phase_id: Some("b".to_owned()),
            phases: vec![
                phase("a", "2026-08-24", "2026-08-28", 100),
                phase("b", "2026-08-31", "2026-09-09", 55),
                phase("c", "2026-09-10", "2026-09-10", 0),
            ],
            ..Project::default()
        }
    }

    #[test]
    fn segments_are_as_wide_as_their_planned_time() {
        let bar = Bar::of(&project()).expect("progress is visible");
        let widths: Vec<_> = bar.segments.iter().map(|segment| segment.width).collect();
        assert_eq!(widths, [50, 100, 10]);
        assert_eq!(bar.words, "1 of 3 phases done, Phase b 55% done");
        assert_eq!(position(&project()).as_deref(), Some("Phase 2 of 3"));
    }

    #[test]
    fn hidden_dates_make_segments_equal_and_hidden_progress_takes_the_bar_away() {
        let mut project = project();
        project.phases[1].planned_start = None;
        let bar = Bar::of(&project).expect("progress is visible");
        assert!(bar.segments.iter().all(|segment| segment.width == 100));
        project.progress_percent = None;
        assert!(Bar::of(&project).is_none());
    }

    #[test]
    fn the_plan_gives_way_to_what_happened() {
        let format = Format::new(Default::default(), jiff::tz::TimeZone::UTC);
        let year = format.today().year();
        let on = |day: &str| Some(format!("{year}-{day}"));
        let mut phase = Phase {
            planned_start: on("09-08"),
            planned_end: on("09-14"),
            ..Phase::default()
        };
        assert_eq!(when(&phase, &format).as_deref(), Some("Sep 8 – Sep 14"));
        phase.actual_start = on("09-10");
        assert_eq!(when(&phase, &format).as_deref(), Some("Sep 10 – Sep 14"));
        phase.actual_start = on("09-20");
        assert_eq!(when(&phase, &format).as_deref(), Some("Since Sep 20"));
        phase.actual_end = on("09-25");
        assert_eq!(when(&phase, &format).as_deref(), Some("Sep 20 – Sep 25"));
        // with milestones only, the end is all that a client may know
        phase.actual_start = None;
        phase.planned_start = None;
        assert_eq!(when(&phase, &format).as_deref(), Some("Sep 25"));
        phase.actual_end = None;
        phase.planned_end = None;
        assert_eq!(when(&phase, &format), None);
    }

    #[test]
    fn reached_milestones_are_no_longer_ahead() {
        let mut project = project();
        for phase in &mut project.phases {
            phase.milestone = Some(format!("{} reached", phase.name));
        }
        let names: Vec<_> = milestones(&project)
            .into_iter()
            .map(|ahead| ahead.name)
            .collect();
        assert_eq!(names, ["Phase b reached", "Phase c reached"]);
    }
}

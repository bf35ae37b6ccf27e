//! The made-up data: a client's two projects, and the news on them.

use jiff::{ToSpan as _, civil::Date, tz::TimeZone};
use proto::{
    documents::{ListPhotosResponse, PhaseCount, Photo, PhotoAudience},
    notifications::{Frequency, InboxItem, InboxItemKind, ListInboxResponse, Preferences},
    projects::{Phase, PhaseStatus, Project, ProjectStatus, SiteAddress},
};

use crate::{
    client::{Around, activity::Entry},
    format::{Format, Locale},
};

pub(super) fn timestamp(minutes_ago: i64) -> prost_types::Timestamp {
    let at = service::clock::now() - minutes_ago.minutes();
    prost_types::Timestamp {
        seconds: at.as_second(),
        nanos: 0,
    }
}

fn day(offset: i64) -> Date {
    service::clock::today(&TimeZone::UTC) + offset.days()
}

fn phases(percent: &[i32]) -> Vec<Phase> {
    let plan = [
        ("Planning and permits", 12, Some("Permits granted")),
        ("Demolition", 7, None),
        ("Framing and structure", 11, None),
        ("Plumbing and electrical", 19, Some("Rough-in inspected")),
        ("Drywall and paint", 19, Some("Drywall and paint done")),
        ("Cabinets and counters", 24, Some("Countertops installed")),
        ("Tile and flooring", 9, Some("Tile and floor finished")),
        (
            "Fixtures and final walk-through",
            5,
            Some("Final walk-through with you"),
        ),
    ];
    let mut start = -85;
    plan.iter()
        .zip(percent)
        .enumerate()
        .map(|(index, ((name, days, milestone), percent))| {
            let (from, to) = (day(start), day(start + days - 1));
            start += days;
            let status = match percent {
                0 => PhaseStatus::NotStarted,
                100 => PhaseStatus::Done,
                _ => PhaseStatus::InProgress,
            };
            Phase {
                id: format!("phase-{index}"),
                name: (*name).to_owned(),
                status: Some(status.into()),
                progress_percent: Some(*percent),
                planned_start: Some(from.to_string()),
                planned_end: Some(to.to_string()),
                actual_end: (*percent == 100).then(|| to.to_string()),
                milestone: milestone.map(str::to_owned),
                ..Phase::default()
            }
        })
        .collect()
}

fn project(id: &str, name: &str, percent: &[i32], overall: i32) -> Project {
    let phases = phases(percent);
    let current = phases
        .iter()
        .find(|phase| phase.status != Some(PhaseStatus::Done.into()))
        .map(|phase| phase.id.clone());
    Project {
        id: id.to_owned(),
        name: name.to_owned(),
        status: ProjectStatus::Active.into(),
        address: Some(SiteAddress {
            line1: "214 Larkspur Lane".to_owned(),
            city: "Portland".to_owned(),
            ..SiteAddress::default()
        }),
        start_date: phases.first().and_then(|phase| phase.planned_start.clone()),
        planned_finish: phases.last().and_then(|phase| phase.planned_end.clone()),
        progress_percent: Some(overall),
        current_phase_id: current,
        days_behind: Some(0),
        updated_at: Some(timestamp(60)),
        phases,
        ..Project::default()
    }
}

pub(super) fn kitchen() -> Project {
    project(
        "a",
        "Kitchen remodel",
        &[100, 100, 100, 100, 100, 55, 0, 0],
        68,
    )
}

pub(super) fn kitchen_of(id: &str) -> Project {
    Project {
        id: id.to_owned(),
        ..kitchen()
    }
}

pub(super) fn addition() -> Project {
    let mut project = project("b", "House addition", &[100, 40, 0, 0, 0, 0, 0, 0], 22);
    project.days_behind = Some(3);
    project
}

/// The same project as a client sees it where progress, schedule and money are hidden.
pub(super) fn hidden(mut project: Project) -> Project {
    project.phases.clear();
    project.progress_percent = None;
    project.current_phase_id = None;
    project.start_date = None;
    project.planned_finish = None;
    project.days_behind = None;
    project
}

pub(super) fn around(projects: Vec<Project>) -> Around {
    let item = |id: &str, text: &str, minutes: i64, seen| InboxItem {
        kind: InboxItemKind::MilestoneReached.into(),
        id: id.to_owned(),
        text: text.to_owned(),
        project_id: "a".to_owned(),
        project_name: "Kitchen remodel".to_owned(),
        seen,
        created_at: Some(timestamp(minutes)),
        ..InboxItem::default()
    };
    Around {
        projects,
        inbox: Some(ListInboxResponse {
            items: vec![
                InboxItem {
                    kind: InboxItemKind::PhotosAdded.into(),
                    count: 6,
                    ..item("0", "6 new photos", 30, false)
                },
                item("1", "Milestone reached: drywall and paint done", 90, false),
                item("2", "Milestone reached: rough-in inspected", 60 * 26, true),
                item(
                    "3",
                    "Milestone reached: permits granted",
                    60 * 24 * 40,
                    true,
                ),
            ],
            unseen_count: 2,
            ..ListInboxResponse::default()
        }),
        preferences: Some(Preferences {
            frequency: Frequency::Daily.into(),
            time_zone: "America/Los_Angeles".to_owned(),
            ..Preferences::default()
        }),
        format: Format::new(Locale::EnUs, TimeZone::UTC),
    }
}

pub(super) fn entries(around: &Around) -> Vec<Entry> {
    let items = around.inbox.clone().unwrap_or_default().items;
    items
        .into_iter()
        .map(|item| Entry::new(item, Some("Tomás Reyes".to_owned()), &around.format))
        .collect()
}

/// A page of photos of the kitchen: five of today, four of yesterday, the rest of last week.
pub(super) fn photos(number: usize) -> ListPhotosResponse {
    let captions = [
        "Base cabinets are in, wall cabinets follow",
        "Brass pulls on the green cabinet doors",
        "Sink cut-out on the sample counter",
        "",
        "Two green pendant lights, test hung",
        "Water damage at the sink wall",
        "Three tile samples on the bench",
    ];
    let audiences = [
        PhotoAudience::Shared,
        PhotoAudience::Unmarked,
        PhotoAudience::Internal,
    ];
    let photo = |index: usize| {
        let added = match index {
            0..5 => 10,
            5..9 => 60 * 24,
            _ => 60 * 24 * 7,
        };
        // the seventh stands on end
        let (width, height) = if index == 6 {
            (1200, 1600)
        } else {
            (1600, 1067)
        };
        Photo {
            // as long as a real one, for the weight of a page
            id: format!("0192f3a4-0000-7000-8000-{index:012}"),
            project_id: "a".to_owned(),
            phase_id: if index < 9 { "phase-5" } else { "phase-4" }.to_owned(),
            caption: captions[index % captions.len()].to_owned(),
            audience: audiences[index % audiences.len()].into(),
            uploaded_by: "reyes".to_owned(),
            taken_at: Some(timestamp(added)),
            created_at: Some(timestamp(added)),
            width,
            height,
            etag: "1".to_owned(),
            ..Photo::default()
        }
    };
    let count = |phase: &str, count| PhaseCount {
        phase_id: phase.to_owned(),
        count,
    };
    ListPhotosResponse {
        photos: (0..number).map(photo).collect(),
        next_page_token: if number < 24 {
            ""
        } else {
            "AZPxAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        }
        .to_owned(),
        total_count: 43,
        filtered_count: 43,
        phases: vec![
            count("phase-5", 12),
            count("phase-4", 9),
            count("phase-2", 16),
            count("", 6),
        ],
    }
}

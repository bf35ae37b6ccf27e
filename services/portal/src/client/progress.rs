//! How a project is going: progress, phases, milestones, the team.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::{
    documents::{ListPhotosRequest, PhotoFilter},
    projects::{Phase, PhaseStatus, Project},
};
use uuid::Uuid;

use crate::{
    auth::role_words,
    client::{
        ClientFrame, News, format_at, members, optional, phases,
        phases::Bar,
        project::{Band, Opened, Section, VisibleProject},
    },
    error::Error,
    format::{Format, When, date_of, initials, time_of},
    page,
    pictures::Picture,
    session::Client,
};

/// As many photos of the current phase as stand in a row.
const IN_STEP: i32 = 3;

#[derive(Template)]
#[template(path = "client/progress.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) band: Band,
    pub(crate) updated: Option<When>,
    pub(crate) overall: Overall,
    pub(crate) steps: Vec<Step>,
    pub(crate) done: Option<String>,
    pub(crate) ahead: Vec<Ahead>,
    pub(crate) team: Vec<TeamMember>,
}

/// The project as a whole; each part only where the client may see it.
pub(crate) struct Overall {
    pub(crate) percent: Option<i32>,
    pub(crate) facts: Vec<(&'static str, String)>,
    pub(crate) bar: Option<Bar>,
    pub(crate) ends: Option<(String, String)>,
}

/// One phase in the list.
pub(crate) struct Step {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) state: StepState,
    pub(crate) when: Option<String>,
    /// "Done", "55%" or "Not started"; none where the progress is hidden.
    pub(crate) progress: Option<String>,
    /// The newest of the current phase; none of others, and none where photos are hidden.
    pub(crate) pictures: Vec<Picture>,
}

/// How a phase is marked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepState {
    Done,
    Now,
    Ahead,
}

/// One milestone that is coming up.
pub(crate) struct Ahead {
    pub(crate) name: String,
    pub(crate) when: Option<When>,
}

/// Somebody of the contractor's team.
pub(crate) struct TeamMember {
    pub(crate) name: String,
    pub(crate) initials: String,
    pub(crate) role: &'static str,
}

/// `GET /p/{project}/progress`
pub(crate) async fn show(client: Client, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let project = async {
        let visible = VisibleProject::load(&client, id, Section::Progress).await?;
        let (team, pictures) =
            tokio::join!(team(&client, &visible.project), pictures(&client, &visible));
        Ok((visible, team, pictures))
    };
    let news = async { Ok::<_, Error>(News::load(&client, 1, "").await) };
    let ((visible, team, pictures), news) = tokio::try_join!(project, news)?;
    page::show(&Page::new(
        Opened::new(&client, visible, news),
        team,
        pictures,
    ))
}

async fn pictures(client: &Client, visible: &VisibleProject) -> Vec<Picture> {
    let project = &visible.project;
    let Some(phase) = phases::current(project).filter(|_| visible.shows_photos) else {
        return Vec::new();
    };
    let request = ListPhotosRequest {
        project_id: project.id.clone(),
        filter: Some(PhotoFilter {
            phase_id: phase.id.clone(),
            ..PhotoFilter::default()
        }),
        page_size: IN_STEP,
        page_token: String::new(),
    };
    let answer = client.calls.photos().list_photos(request).await;
    let format = format_at(client, &project.time_zone);
    optional("photos of the current phase", answer)
        .map(|answer| answer.photos)
        .unwrap_or_default()
        .iter()
        .map(|photo| Picture::of(photo, &format))
        .collect()
}

async fn team(client: &Client, project: &Project) -> Vec<TeamMember> {
    let mut ids = vec![project.manager_id.clone()];
    ids.extend(
        project
            .member_ids
            .iter()
            .filter(|id| **id != project.manager_id)
            .cloned(),
    );
    let mut known = members(client, ids.clone()).await;
    ids.iter()
        .filter_map(|id| known.remove(id))
        .map(|member| TeamMember {
            initials: initials(&member.name),
            role: role_words(member.role()),
            name: member.name,
        })
        .collect()
}

impl Page {
    /// `pictures` are the newest of the current phase.
    pub(crate) fn new(opened: Opened, team: Vec<TeamMember>, pictures: Vec<Picture>) -> Self {
        let Opened {
            around,
            frame,
            band,
            project,
            ..
        } = opened;
        let format = &around.format;
        let mut steps: Vec<Step> = project
            .phases
            .iter()
            .map(|phase| Step::new(phase, &project, format))
            .collect();
        if let Some(step) = steps.iter_mut().find(|step| step.state == StepState::Now) {
            step.pictures = pictures;
        }
        let ahead = phases::milestones(&project)
            .into_iter()
            .map(|milestone| Ahead {
                when: milestone.day.map(|day| format.ahead(day)),
                name: milestone.name,
            })
            .collect();
        let done = project.progress_percent.map(|_| {
            let done = project
                .phases
                .iter()
                .filter(|phase| phases::is_done(phase))
                .count();
            format!("{done} of {} done", project.phases.len())
        });
        Self {
            updated: time_of(project.updated_at).map(|at| format.when(at)),
            overall: Overall::new(&project, format),
            frame,
            band,
            steps,
            done,
            ahead,
            team,
        }
    }
}

impl Overall {
    fn new(project: &Project, format: &Format) -> Self {
        let started = date_of(project.start_date.as_deref());
        let finish = date_of(project.planned_finish.as_deref());
        let mut facts = Vec::new();
        if let Some(current) = phases::current(project) {
            facts.push(("Now", current.name.clone()));
        }
        if let Some(started) = started {
            let label = if started <= format.today() {
                "Started"
            } else {
                "Starts"
            };
            facts.push((label, format.day(started)));
        }
        if let Some(finish) = finish {
            facts.push(("Planned finish", format.day(finish)));
        }
        Self {
            percent: project.progress_percent,
            facts,
            bar: Bar::of(project),
            ends: started
                .zip(finish)
                .map(|(from, to)| (format.short_day(from), format.short_day(to))),
        }
    }

    /// True where nothing of it may be seen.
    pub(crate) fn is_hidden(&self) -> bool {
        self.percent.is_none() && self.facts.is_empty()
    }
}

impl Step {
    fn new(phase: &Phase, project: &Project, format: &Format) -> Self {
        let is_current = project.current_phase_id.as_deref() == Some(phase.id.as_str());
        let state = if phases::is_done(phase) {
            StepState::Done
        } else if is_current {
            StepState::Now
        } else {
            StepState::Ahead
        };
        let progress = phase.status.map(|status| {
            if status == i32::from(PhaseStatus::Done) {
                "Done".to_owned()
            } else {
                match phase.progress_percent.unwrap_or_default() {
                    0 => "Not started".to_owned(),
                    percent => format!("{percent}%"),
                }
            }
        });
        Self {
            id: phase.id.clone(),
            name: phase.name.clone(),
            state,
            when: phases::when(phase, format),
            progress,
            pictures: Vec::new(),
        }
    }

    /// The class in the style sheet.
    pub(crate) fn class(&self) -> &'static str {
        match self.state {
            StepState::Done => "done",
            StepState::Now => "now",
            StepState::Ahead => "",
        }
    }
}

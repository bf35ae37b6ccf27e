//! What the pages of one project have in common: its band with the tabs that this client has.

use axum::{
    extract::Path,
    response::{IntoResponse, Redirect, Response},
};
use proto::projects::{
    GetProjectRequest, MoneyScope, PhotoScope, ProgressScope, Project, ProjectAccess,
    ResolveRequest, ScheduleScope, SiteAddress,
};
use uuid::Uuid;

use crate::{
    client::{Around, ClientFrame, Here, News, projects},
    error::Error,
    session::Client,
};

/// A tab of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Progress, phases and milestones.
    Progress,
    /// Photos from the site.
    Photos,
    /// Money.
    Financials,
}

impl Section {
    fn word(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Photos => "photos",
            Self::Financials => "financials",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Progress => "Progress",
            Self::Photos => "Photos",
            Self::Financials => "Financials",
        }
    }

    /// The tabs that there are for this client, first the one to land on; there is always one.
    fn of(access: &ProjectAccess) -> Vec<Self> {
        let mut sections = Vec::new();
        let sees_money = matches!(access.money(), MoneyScope::Summary | MoneyScope::Full);
        let sees_plan = access.progress() == ProgressScope::Full
            || matches!(
                access.schedule(),
                ScheduleScope::Milestones | ScheduleScope::Full
            );
        if sees_plan {
            sections.push(Self::Progress);
        }
        if shows_photos(access) {
            sections.push(Self::Photos);
        }
        if sees_money {
            sections.push(Self::Financials);
        }
        if sections.is_empty() {
            sections.push(Self::Progress);
        }
        sections
    }
}

/// True where the caller may see photos of a project, were there any.
pub(crate) fn shows_photos(access: &ProjectAccess) -> bool {
    !matches!(access.photos(), PhotoScope::None | PhotoScope::Unspecified)
}

/// The band below the top bar.
pub(crate) struct Band {
    /// The project's name.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) address: String,
    /// Its tabs.
    pub(crate) tabs: Vec<Tab>,
}

impl Band {
    pub(crate) fn new(project: &Project, sections: &[Section], current: Section) -> Self {
        let tabs = sections
            .iter()
            .map(|section| Tab {
                title: section.title(),
                link: format!("/p/{}/{}", project.id, section.word()),
                is_current: *section == current,
            })
            .collect();
        Self {
            name: project.name.clone(),
            address: address_line(project.address.as_ref()),
            tabs,
        }
    }
}

/// One tab.
pub(crate) struct Tab {
    /// What it is called.
    pub(crate) title: &'static str,
    /// Where it leads.
    pub(crate) link: String,
    /// True for the one that is shown.
    pub(crate) is_current: bool,
}

/// A project of which this client may see a section.
pub(crate) struct VisibleProject {
    /// The project, as far as this client may see it.
    pub(crate) project: Project,
    /// True where this client may see its photos.
    pub(crate) shows_photos: bool,
    section: Section,
    sections: Vec<Section>,
    projects: Vec<Project>,
}

impl VisibleProject {
    /// Asks for the project; it is not there for who may not see this section of it.
    pub(crate) async fn load(client: &Client, id: Uuid, section: Section) -> Result<Self, Error> {
        let id = id.to_string();
        let (projects, access) = tokio::try_join!(projects(client), access(client, id.clone()))?;
        let sections = Section::of(&access);
        if !sections.contains(&section) {
            return Err(Error::NotFound);
        }
        let listed = projects.iter().find(|project| project.id == id).cloned();
        let project = match listed {
            Some(project) => project,
            None => get(client, id).await?,
        };
        Ok(Self {
            project,
            shows_photos: shows_photos(&access),
            section,
            sections,
            projects,
        })
    }
}

/// What a page of a project starts from.
pub(crate) struct Opened {
    /// What every page of a client has.
    pub(crate) around: Around,
    /// The frame.
    pub(crate) frame: ClientFrame,
    /// The band.
    pub(crate) band: Band,
    /// The project as this client may see it.
    pub(crate) project: Project,
}

impl Opened {
    /// Asks for the project and the news; it is not there for who may not see this section of it.
    pub(crate) async fn load(client: &Client, id: Uuid, section: Section) -> Result<Self, Error> {
        let news = async { Ok(News::load(client, 1, "").await) };
        let (visible, news) = tokio::try_join!(VisibleProject::load(client, id, section), news)?;
        Ok(Self::new(client, visible, news))
    }

    /// For a page that goes on from the project while the news is on its way.
    pub(crate) fn new(client: &Client, visible: VisibleProject, news: News) -> Self {
        let around = Around::new(client, visible.projects, news);
        Self {
            frame: around.frame(client, Here::Project(visible.project.id.clone())),
            band: Band::new(&visible.project, &visible.sections, visible.section),
            around,
            project: visible.project,
        }
    }
}

async fn get(client: &Client, id: String) -> Result<Project, Error> {
    let request = GetProjectRequest { id };
    let answer = client.calls.projects().get_project(request).await?;
    answer.into_inner().project.ok_or(Error::NotFound)
}

async fn access(client: &Client, id: String) -> Result<ProjectAccess, Error> {
    let answer = client
        .calls
        .access()
        .resolve(ResolveRequest {
            project_ids: vec![id],
        })
        .await?;
    answer.into_inner().projects.pop().ok_or(Error::NotFound)
}

/// A site's address in one line: "214 Larkspur Lane, Portland".
pub(crate) fn address_line(address: Option<&SiteAddress>) -> String {
    let Some(address) = address else {
        return String::new();
    };
    [&address.line1, &address.city]
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ")
}

/// `GET /p/{project}`
pub(crate) async fn first_tab(client: Client, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let access = access(&client, id.to_string()).await?;
    let first = Section::of(&access)
        .into_iter()
        .next()
        .unwrap_or(Section::Progress);
    Ok(Redirect::to(&format!("/p/{id}/{}", first.word())).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sections(
        progress: ProgressScope,
        schedule: ScheduleScope,
        money: MoneyScope,
        photos: PhotoScope,
    ) -> Vec<Section> {
        Section::of(&ProjectAccess {
            progress: progress.into(),
            schedule: schedule.into(),
            money: money.into(),
            photos: photos.into(),
            ..ProjectAccess::default()
        })
    }

    #[test]
    fn a_tab_is_there_only_for_who_may_see_it() {
        use Section::{Financials, Photos, Progress};
        let (none, full) = (ProgressScope::None, ProgressScope::Full);
        let hidden = ScheduleScope::None;
        let dark = PhotoScope::None;
        assert_eq!(
            sections(full, hidden, MoneyScope::Full, PhotoScope::Shared),
            [Progress, Photos, Financials]
        );
        assert_eq!(sections(full, hidden, MoneyScope::None, dark), [Progress]);
        assert_eq!(
            sections(none, hidden, MoneyScope::Summary, dark),
            [Financials]
        );
        assert_eq!(
            sections(none, hidden, MoneyScope::None, PhotoScope::NotInternal),
            [Photos]
        );
        assert_eq!(
            sections(none, ScheduleScope::Milestones, MoneyScope::None, dark),
            [Progress]
        );
        // somewhere a project must open, even where all of it is hidden
        assert_eq!(sections(none, hidden, MoneyScope::None, dark), [Progress]);
        let unknown = (MoneyScope::Unspecified, PhotoScope::Unspecified);
        assert_eq!(sections(full, hidden, unknown.0, unknown.1), [Progress]);
    }
}

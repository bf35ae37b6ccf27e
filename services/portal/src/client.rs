//! A client's pages.

use std::{collections::HashMap, ops::Deref};

use jiff::tz::TimeZone;
use proto::{
    identity::{BatchGetMembersRequest, MemberCard},
    notifications::{GetPreferencesRequest, ListInboxRequest, ListInboxResponse, Preferences},
    projects::{ListProjectsRequest, Project},
};

use crate::{
    error::Error,
    format::{Format, Locale, initials},
    page::Frame,
    session::Client,
};

pub(crate) mod account;
pub(crate) mod activity;
pub(crate) mod financials;
pub(crate) mod help;
pub(crate) mod home;
pub(crate) mod phases;
pub(crate) mod photo;
pub(crate) mod photos;
pub(crate) mod progress;
pub(crate) mod project;

/// More projects than a client of one contractor has.
const ALL_PROJECTS: i32 = 100;
/// As many as the top bar names one by one; more stand in a menu.
const PROJECTS_IN_BAR: usize = 3;

/// What every page of a client asks for, beside its own questions.
pub(crate) struct Around {
    /// All projects of the client, newest first.
    pub(crate) projects: Vec<Project>,
    /// The newest items, and how many are unseen; none while notifications is away.
    pub(crate) inbox: Option<ListInboxResponse>,
    /// How often the client is mailed; none while notifications is away.
    pub(crate) preferences: Option<Preferences>,
    /// How to write for this client.
    pub(crate) format: Format,
}

/// What notifications says of the client, which takes longer than anything else.
pub(crate) struct News {
    inbox: Option<ListInboxResponse>,
    preferences: Option<Preferences>,
}

impl News {
    /// Asks at once; `items` is how many of the inbox the page shows. A page is worth showing without its badge.
    pub(crate) async fn load(client: &Client, items: i32, page_token: &str) -> Self {
        let mut inbox = client.calls.inbox();
        let mut preferences = client.calls.preferences();
        let (inbox, preferences) = tokio::join!(
            inbox.list_inbox(ListInboxRequest {
                page_size: items,
                page_token: page_token.to_owned(),
                ..ListInboxRequest::default()
            }),
            preferences.get_preferences(GetPreferencesRequest::default()),
        );
        Self {
            inbox: optional("the inbox", inbox),
            preferences: optional("preferences", preferences).and_then(|answer| answer.preferences),
        }
    }
}

/// All projects of the client, newest first.
pub(crate) async fn projects(client: &Client) -> Result<Vec<Project>, Error> {
    let request = ListProjectsRequest {
        page_size: ALL_PROJECTS,
        ..ListProjectsRequest::default()
    };
    let answer = client.calls.projects().list_projects(request).await?;
    Ok(answer.into_inner().projects)
}

impl Around {
    /// Asks at once; `items` is how many of the inbox the page shows.
    pub(crate) async fn load(client: &Client, items: i32, page_token: &str) -> Result<Self, Error> {
        let (projects, news) =
            tokio::join!(projects(client), News::load(client, items, page_token));
        Ok(Self::new(client, projects?, news))
    }

    /// For a page that goes on from the projects while the news is on its way.
    pub(crate) fn new(client: &Client, projects: Vec<Project>, news: News) -> Self {
        let zone = news
            .preferences
            .as_ref()
            .and_then(|preferences| TimeZone::get(&preferences.time_zone).ok())
            .unwrap_or_else(|| client.site.zone.clone());
        Self {
            projects,
            inbox: news.inbox,
            preferences: news.preferences,
            format: Format::new(Locale::default(), zone),
        }
    }

    /// The frame of the page.
    pub(crate) fn frame(&self, client: &Client, here: Here) -> ClientFrame {
        ClientFrame::new(client.frame(), &client.account.name, self, here)
    }
}

/// What a service answered, or none with a line in the log: for parts that a page can do without.
pub(crate) fn optional<T>(
    what: &str,
    answer: Result<tonic::Response<T>, tonic::Status>,
) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            let error = anyhow::Error::new(status);
            tracing::warn!(
                error = format!("{error:#}"),
                "a page is shown without {what}"
            );
            None
        }
    }
}

/// How to write about a project: in the time zone of its site.
pub(crate) fn format_at(client: &Client, time_zone: &str) -> Format {
    let zone = TimeZone::get(time_zone).unwrap_or_else(|_| client.site.zone.clone());
    Format::new(Locale::default(), zone)
}

/// Names and roles of team members by id; who cannot be found is left out.
async fn members(client: &Client, mut ids: Vec<String>) -> HashMap<String, MemberCard> {
    ids.retain(|id| !id.is_empty());
    ids.sort_unstable();
    ids.dedup();
    if ids.is_empty() {
        return HashMap::new();
    }
    let answer = client
        .calls
        .members()
        .batch_get_members(BatchGetMembersRequest { ids })
        .await;
    optional("names", answer)
        .map(|answer| answer.members)
        .unwrap_or_default()
        .into_iter()
        .map(|member| (member.id.clone(), member))
        .collect()
}

/// Where in the portal a page is, for the navigation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    /// The home page.
    Home,
    /// A page of a project.
    Project(String),
    /// The activity page.
    Activity,
    /// The account page.
    Account,
}

/// A project in the navigation.
pub(crate) struct NavProject {
    /// Its id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// True where the page is one of this project.
    pub(crate) is_here: bool,
}

/// What `base_client.html` needs beside a [`Frame`].
pub(crate) struct ClientFrame {
    frame: Frame,
    /// The client.
    pub(crate) name: String,
    /// For the circle.
    pub(crate) initials: String,
    /// All projects.
    pub(crate) projects: Vec<NavProject>,
    /// For the badge.
    pub(crate) unseen: i32,
    /// For the current item of the navigation.
    pub(crate) here: Here,
}

impl ClientFrame {
    pub(crate) fn new(frame: Frame, name: &str, around: &Around, here: Here) -> Self {
        let projects = around
            .projects
            .iter()
            .map(|project| NavProject {
                is_here: here == Here::Project(project.id.clone()),
                id: project.id.clone(),
                name: project.name.clone(),
            })
            .collect();
        Self {
            frame,
            name: name.to_owned(),
            initials: initials(name),
            projects,
            unseen: around.inbox.as_ref().map_or(0, |inbox| inbox.unseen_count),
            here,
        }
    }

    /// Shows a message on the page.
    #[cfg(test)]
    pub(crate) fn set_flash(&mut self, flash: crate::flash::Flash) {
        self.frame.flash = Some(flash);
    }

    /// True where the top bar has a menu of projects in place of each one's name.
    pub(crate) fn has_project_menu(&self) -> bool {
        self.projects.len() > PROJECTS_IN_BAR
    }

    /// Where "Project" of the phone's bar leads: to the only one, or to all of them.
    pub(crate) fn project_link(&self) -> Option<String> {
        match self.projects.as_slice() {
            [] => None,
            [only] => Some(format!("/p/{}", only.id)),
            _ => Some("/#projects".to_owned()),
        }
    }

    /// True on a page of any project.
    pub(crate) fn is_in_project(&self) -> bool {
        matches!(self.here, Here::Project(_))
    }
}

impl Deref for ClientFrame {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

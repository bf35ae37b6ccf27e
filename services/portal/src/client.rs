//! A client's pages.

use std::{collections::HashMap, ops::Deref};

use jiff::tz::TimeZone;
use proto::{
    identity::{BatchGetMembersRequest, MemberCard},
    notifications::{
        GetPreferencesRequest, ListInboxRequest, ListInboxResponse, Preferences,
    },
    projects::{ListProjectsRequest, Project},
};

use crate::{
    error::Error,
    format::{Format, Locale, initials},
    page::Frame,
    session::Client,
};

pub mod account;
pub mod activity;
pub mod financials;
pub mod help;
pub mod home;
mod phases;
pub mod progress;
pub mod project;

/// More projects than a client of one contractor has.
const ALL_PROJECTS: i32 = 100;
/// As many as the top bar names one by one; more stand in a menu.
const PROJECTS_IN_BAR: usize = 3;

/// What every page of a client asks for, beside its own questions.
pub struct Around {
    /// All projects of the client, newest first.
    pub projects: Vec<Project>,
    /// The newest items, and how many are unseen; none while notifications is away.
    pub inbox: Option<ListInboxResponse>,
    /// How often the client is mailed; none while notifications is away.
    pub preferences: Option<Preferences>,
    /// How to write for this client.
    pub format: Format,
}

impl Around {
    /// Asks at once; `items` is how many of the inbox the page shows.
    pub async fn load(client: &Client, items: i32, page_token: &str) -> Result<Self, Error> {
        let mut projects = client.calls.projects();
        let mut inbox = client.calls.inbox();
        let mut preferences = client.calls.preferences();
        let (projects, inbox, preferences) = tokio::join!(
            projects.list_projects(ListProjectsRequest {
                page_size: ALL_PROJECTS,
                ..ListProjectsRequest::default()
            }),
            inbox.list_inbox(ListInboxRequest {
                page_size: items,
                page_token: page_token.to_owned(),
                ..ListInboxRequest::default()
            }),
            preferences.get_preferences(GetPreferencesRequest::default()),
        );
        // a page is worth showing without its badge
        let inbox = optional("the inbox", inbox);
        let preferences = optional("preferences", preferences)
            .and_then(|answer| answer.preferences);
        let zone = preferences
            .as_ref()
            .and_then(|preferences| TimeZone::get(&preferences.time_zone).ok())
            .unwrap_or_else(|| client.site.zone.clone());
        Ok(Self {
            projects: projects?.into_inner().projects,
            inbox,
            preferences,
            format: Format::new(Locale::default(), zone),
        })
    }

    /// The frame of the page.
    pub fn frame(&self, client: &Client, here: Here) -> ClientFrame {
        let projects = self
            .projects
            .iter()
            .map(|project| NavProject {
                is_here: here == Here::Project(project.id.clone()),
                id: project.id.clone(),
                name: project.name.clone(),
            })
            .collect();
        ClientFrame {
            frame: client.frame(),
            name: client.account.name.clone(),
            initials: initials(&client.account.name),
            projects,
            unseen: self.inbox.as_ref().map_or(0, |inbox| inbox.unseen_count),
            here,
        }
    }
}

/// What a service answered, or none with a line in the log: for parts that a page can do without.
pub fn optional<T>(what: &str, answer: Result<tonic::Response<T>, tonic::Status>) -> Option<T> {
    match answer {
        Ok(answer) => Some(answer.into_inner()),
        Err(status) => {
            tracing::warn!(code = ?status.code(), "a page is shown without {what}");
            None
        }
    }
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
pub enum Here {
    /// The home page.
    Home,
    /// A page of a project.
    Project(String),
    /// The activity page.
    Activity,
    /// The account page.
    Account,
    /// Another page.
    Elsewhere,
}

/// A project in the navigation.
pub struct NavProject {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// True where the page is one of this project.
    pub is_here: bool,
}

/// What `base_client.html` needs beside a [`Frame`].
pub struct ClientFrame {
    frame: Frame,
    /// The client.
    pub name: String,
    /// For the circle.
    pub initials: String,
    /// All projects.
    pub projects: Vec<NavProject>,
    /// For the badge.
    pub unseen: i32,
    /// For the current item of the navigation.
    pub here: Here,
}

impl ClientFrame {
    /// True where the top bar has a menu of projects in place of each one's name.
    pub fn has_project_menu(&self) -> bool {
        self.projects.len() > PROJECTS_IN_BAR
    }

    /// Where "Project" of the phone's bar leads: to the only one, or to all of them.
    pub fn project_link(&self) -> Option<String> {
        match self.projects.as_slice() {
            [] => None,
            [only] => Some(format!("/p/{}", only.id)),
            _ => Some("/#projects".to_owned()),
        }
    }

    /// True on a page of any project.
    pub fn is_in_project(&self) -> bool {
        matches!(self.here, Here::Project(_))
    }
}

impl Deref for ClientFrame {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

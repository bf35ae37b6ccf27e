//! The office's pages.
//!
//! Who may come is the first argument of a handler: [`Office`] for the whole team, [`Manager`] for owners and project
//! managers, [`Owner`] for owners alone. Crew see the projects that they are assigned to, and nothing that leads
//! elsewhere. Every page is one round of calls; where names hang on the answer, one more.

use std::{collections::HashMap, ops::Deref};

use axum::extract::FromRequestParts;
use http::request::Parts;
use jiff::tz::TimeZone;
use proto::{
    identity::{
        Account, BatchGetAccountsRequest, BatchGetMembersRequest, ListClientsRequest, MemberCard,
        Role,
    },
    notifications::Delivery,
    projects::Project,
};

use crate::{
    App,
    auth::role_words,
    client::optional,
    error::Error,
    format::{Format, Locale, initials},
    page::Frame,
    session::Office,
};

pub(crate) mod account;
mod amount;
pub(crate) mod audience;
pub(crate) mod branding;
pub(crate) mod client;
pub(crate) mod client_form;
pub(crate) mod client_import;
pub(crate) mod clients;
pub(crate) mod company;
mod degrees;
pub(crate) mod edit;
pub(crate) mod logo;
pub(crate) mod mail;
pub(crate) mod person;
pub(crate) mod phases;
pub(crate) mod photo;
pub(crate) mod photos;
pub(crate) mod portal_access;
pub(crate) mod project;
pub(crate) mod project_form;
pub(crate) mod projects;
mod reach;
pub(crate) mod team;
pub(crate) mod today;
pub(crate) mod upload;
pub(crate) mod visibility;

/// An owner or a project manager, who run projects and look after clients.
pub(crate) struct Manager(Office);

impl Deref for Manager {
    type Target = Office;

    fn deref(&self) -> &Office {
        &self.0
    }
}

impl FromRequestParts<App> for Manager {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let office = Office::from_request_parts(parts, app).await?;
        if office.is_manager() {
            Ok(Self(office))
        } else {
            Err(Error::NotFound)
        }
    }
}

/// An owner, who also decides on the company, its colors and its team.
pub(crate) struct Owner(Manager);

impl Deref for Owner {
    type Target = Manager;

    fn deref(&self) -> &Manager {
        &self.0
    }
}

impl FromRequestParts<App> for Owner {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Error> {
        let manager = Manager::from_request_parts(parts, app).await?;
        if manager.role() == Role::Owner {
            Ok(Self(manager))
        } else {
            Err(Error::NotFound)
        }
    }
}

/// Where in the office a page is, for the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    /// What needs attention now.
    Today,
    /// A page of a project, or their list.
    Projects,
    /// A page of a client, or their list.
    Clients,
    /// What became of mails.
    Mail,
    /// Colors.
    Branding,
    /// Name and contact data of the company.
    Company,
    /// The team.
    Team,
    /// The person's own account.
    Account,
}

/// A link of the navigation.
#[derive(Clone, Copy)]
pub(crate) struct NavLink {
    here: Here,
    /// Where it leads.
    pub(crate) path: &'static str,
    /// Its icon.
    pub(crate) icon: &'static str,
    /// What it is called.
    pub(crate) title: &'static str,
}

const PROJECTS: NavLink = NavLink {
    here: Here::Projects,
    path: "/office/projects",
    icon: "folder",
    title: "Projects",
};

const WORK: [NavLink; 4] = [
    NavLink {
        here: Here::Today,
        path: "/office",
        icon: "grid",
        title: "Today",
    },
    PROJECTS,
    NavLink {
        here: Here::Clients,
        path: "/office/clients",
        icon: "users",
        title: "Clients",
    },
    NavLink {
        here: Here::Mail,
        path: "/office/mail",
        icon: "mail",
        title: "Mail delivery",
    },
];

const TEAM: NavLink = NavLink {
    here: Here::Team,
    path: "/office/settings/team",
    icon: "user",
    title: "Team",
};

const SETTINGS: [NavLink; 3] = [
    NavLink {
        here: Here::Branding,
        path: "/office/settings/branding",
        icon: "brush",
        title: "Branding",
    },
    NavLink {
        here: Here::Company,
        path: "/office/settings/organization",
        icon: "gear",
        title: "Company",
    },
    TEAM,
];

/// What `base_office.html` needs beside a [`Frame`].
#[derive(Default)]
pub(crate) struct OfficeFrame {
    frame: Frame,
    /// The person.
    pub(crate) name: String,
    /// For the circle.
    pub(crate) initials: String,
    /// What the person is here.
    pub(crate) role: &'static str,
    /// The navigation; only what this person has.
    pub(crate) work: &'static [NavLink],
    /// The settings below it.
    pub(crate) settings: &'static [NavLink],
    here: Option<Here>,
}

impl OfficeFrame {
    /// The frame of a page for one person.
    pub(crate) fn of(office: &Office, here: Here) -> Self {
        let (work, settings): (&[NavLink], &[NavLink]) = match office.role() {
            Role::Owner => (&WORK, &SETTINGS),
            Role::Pm => (&WORK, std::slice::from_ref(&TEAM)),
            Role::Field | Role::Unspecified => (std::slice::from_ref(&PROJECTS), &[]),
        };
        Self {
            frame: office.frame(),
            name: office.account.name.clone(),
            initials: initials(&office.account.name),
            role: role_words(office.role()),
            work,
            settings,
            here: Some(here),
        }
    }

    /// An owner's frame with made-up data.
    #[cfg(test)]
    pub(crate) fn sample(frame: Frame) -> Self {
        Self {
            frame,
            name: "Dana Ortiz".to_owned(),
            initials: initials("Dana Ortiz"),
            role: role_words(Role::Owner),
            work: &WORK,
            settings: &SETTINGS,
            here: Some(Here::Projects),
        }
    }

    /// Where the brand leads: to the first page that this person has.
    pub(crate) fn home(&self) -> &'static str {
        self.work.first().map_or("/office", |link| link.path)
    }

    /// True for the link of the page that is shown.
    pub(crate) fn is_here(&self, link: &NavLink) -> bool {
        self.here == Some(link.here)
    }

    /// True on the person's own page.
    pub(crate) fn is_account(&self) -> bool {
        self.here == Some(Here::Account)
    }
}

impl Deref for OfficeFrame {
    type Target = Frame;

    fn deref(&self) -> &Frame {
        &self.frame
    }
}

/// How to write for the office: in the organization's time zone.
pub(crate) fn format_of(office: &Office) -> Format {
    Format::new(Locale::default(), office.site.zone.clone())
}

/// How to write about a project: in the time zone of its site.
pub(crate) fn format_at(office: &Office, time_zone: &str) -> Format {
    let zone = TimeZone::get(time_zone).unwrap_or_else(|_| office.site.zone.clone());
    Format::new(Locale::default(), zone)
}

/// The fields that an update changes.
pub(crate) fn mask(paths: &[&str]) -> prost_types::FieldMask {
    prost_types::FieldMask {
        paths: paths.iter().map(|path| (*path).to_owned()).collect(),
    }
}

/// One choice of a select.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    /// What the form sends.
    pub(crate) value: String,
    /// What it is called.
    pub(crate) label: String,
    /// True for the one that is chosen.
    pub(crate) is_chosen: bool,
}

impl Choice {
    /// A choice that may be the one chosen.
    pub(crate) fn new(value: impl Into<String>, label: impl Into<String>, chosen: &str) -> Self {
        let value = value.into();
        Self {
            is_chosen: value == chosen,
            label: label.into(),
            value,
        }
    }
}

/// Names and roles of team members by id; who cannot be found is left out.
async fn members(office: &Office, ids: Vec<String>) -> HashMap<String, MemberCard> {
    let ids = each_once(ids);
    if ids.is_empty() {
        return HashMap::new();
    }
    let answer = office
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

/// The names of the clients of projects; none for crew, who know no clients.
async fn client_names(office: &Office, projects: &[Project]) -> HashMap<String, String> {
    let ids = each_once(
        projects
            .iter()
            .map(|project| project.client_id().to_owned())
            .collect(),
    );
    if ids.is_empty() || !office.is_manager() {
        return HashMap::new();
    }
    let answer = office
        .calls
        .clients()
        .list_clients(ListClientsRequest {
            page_size: i32::try_from(ids.len()).unwrap_or(i32::MAX),
            ids,
            ..ListClientsRequest::default()
        })
        .await;
    optional("names of clients", answer)
        .map(|answer| answer.clients)
        .unwrap_or_default()
        .into_iter()
        .map(|client| (client.id, client.display_name))
        .collect()
}

/// The people that mails went to.
///
/// Identity tells addresses by account to services alone, so the portal asks in its own name, and only for managers.
async fn recipients(
    manager: &Manager,
    deliveries: &[Delivery],
) -> Result<HashMap<String, Account>, Error> {
    let ids = deliveries
        .iter()
        .map(|delivery| delivery.account_id.clone());
    let account_ids = each_once(ids.collect());
    if account_ids.is_empty() {
        return Ok(HashMap::new());
    }
    let answer = manager
        .app
        .backend
        .portal(manager.site.tenant)?
        .accounts()
        .batch_get_accounts(BatchGetAccountsRequest {
            account_ids,
            client_ids: Vec::new(),
        })
        .await;
    let accounts = optional("the people that mails went to", answer)
        .map(|answer| answer.accounts)
        .unwrap_or_default();
    Ok(accounts
        .into_iter()
        .map(|account| (account.id.clone(), account))
        .collect())
}

fn each_once(mut ids: Vec<String>) -> Vec<String> {
    ids.retain(|id| !id.is_empty());
    ids.sort_unstable();
    ids.dedup();
    ids
}

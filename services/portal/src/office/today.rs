//! Today: what needs attention, how the projects stand, and what is left to set up.

use askama::Template;
use axum::response::Response;
use proto::{
    identity::{
        Client, ListClientsRequest, ListMembersRequest, PortalAccess, PortalAccessState, Role,
    },
    notifications::{Delivery, DeliveryState, ListDeliveriesRequest},
    projects::{ListProjectsRequest, Project, ProjectStatus},
};

use crate::{
    badge::Badge,
    client::{optional, phases},
    error::Error,
    format::{Format, capitalized, count, time_of},
    office::{Here, Manager, OfficeFrame, client_names, format_of, mail, reach, recipients},
    page,
    session::Office,
};

/// From this many days without news a project is worth a word to its clients.
pub(crate) const QUIET_DAYS: usize = 7;
const PROJECTS: i32 = 200;
const CLIENTS: i32 = 500;
const MAILS: i32 = 500;
const PROBLEMS: i32 = 50;
const MEMBERS: i32 = 2;
const SHOWN_PROJECTS: usize = 10;
const WEEK: usize = 7;

#[derive(Template)]
#[template(path = "office/today.html")]
struct Page {
    frame: OfficeFrame,
    day: String,
    active: String,
    /// The address that still has to be confirmed.
    unconfirmed: Option<String>,
    bounces: Vec<Bounce>,
    tiles: Vec<Tile>,
    /// None once everything is set up.
    steps: Option<Vec<Step>>,
    projects: Vec<Row>,
    has_more_projects: bool,
    quiet: Vec<Row>,
    /// None while notifications is away.
    mail: Option<Week>,
}

/// An address that does not work.
struct Bounce {
    email: String,
    name: String,
    /// What the mail server answered.
    answer: String,
    when: String,
    /// Where it can be mended; none for the team's own.
    link: Option<String>,
}

/// One number with a line below.
struct Tile {
    label: &'static str,
    value: usize,
    detail: String,
    is_bad: bool,
}

/// One thing to set up.
struct Step {
    title: &'static str,
    text: &'static str,
    link: &'static str,
    is_done: bool,
}

/// One active project.
#[derive(Clone)]
struct Row {
    id: String,
    name: String,
    client: String,
    percent: i32,
    updated: String,
    quiet_days: Option<usize>,
    quiet: Option<Badge>,
    next: String,
}

/// What became of the mails of the last seven days.
struct Week {
    accepted: usize,
    held: usize,
    problems: usize,
}

/// `GET /office`
pub(crate) async fn show(office: Office) -> Result<Response, Error> {
    if !office.is_manager() {
        return Err(Error::See("/office/projects".to_owned()));
    }
    let manager = Manager(office);
    page::show(&load(&manager).await?)
}

async fn load(manager: &Manager) -> Result<Page, Error> {
    let mut projects = manager.calls.projects();
    let mut records = manager.calls.clients();
    let mut members = manager.calls.members();
    let mut deliveries = manager.calls.deliveries();
    let mut troubled = manager.calls.deliveries();
    let (projects, records, members, deliveries, troubled) = tokio::join!(
        projects.list_projects(ListProjectsRequest {
            page_size: PROJECTS,
            ..ListProjectsRequest::default()
        }),
        records.list_clients(ListClientsRequest {
            page_size: CLIENTS,
            ..ListClientsRequest::default()
        }),
        members.list_members(ListMembersRequest {
            page_size: MEMBERS,
            ..ListMembersRequest::default()
        }),
        deliveries.list_deliveries(ListDeliveriesRequest {
            page_size: MAILS,
            ..ListDeliveriesRequest::default()
        }),
        troubled.list_deliveries(ListDeliveriesRequest {
            page_size: PROBLEMS,
            problems_only: true,
            ..ListDeliveriesRequest::default()
        }),
    );
    let all = projects?.into_inner().projects;
    let records = records?.into_inner().clients;
    let team = members?.into_inner().members.len();
    let deliveries = optional("mails", deliveries).map(|answer| answer.deliveries);
    let troubled = optional("mails that did not arrive", troubled)
        .map(|answer| answer.deliveries)
        .unwrap_or_default();
    let newest_first = merged(deliveries.clone().unwrap_or_default(), troubled);
    let bouncing: Vec<Delivery> = mail::bouncing(&newest_first).into_iter().cloned().collect();

    let (people, names) = tokio::join!(recipients(manager, &bouncing), client_names(manager, &all));
    let people = people?;
    let format = format_of(manager);
    let bounces: Vec<Bounce> = bouncing
        .iter()
        .filter_map(|delivery| {
            let account = people.get(&delivery.account_id)?;
            let of_account: Vec<&Delivery> = newest_first
                .iter()
                .filter(|other| other.account_id == delivery.account_id)
                .collect();
            let answer = reach::server_answer(&of_account);
            let when = time_of(delivery.created_at).map(|at| match answer.as_str() {
                "" => format.moment_first(at),
                _ => format.moment(at),
            });
            Some(Bounce {
                email: account.email.clone(),
                name: account.name.clone(),
                answer,
                when: when.unwrap_or_default(),
                link: account
                    .memberships
                    .first()
                    .map(|membership| format!("/office/clients/{}", membership.client_id)),
            })
        })
        .collect();

    let active: Vec<&Project> = all
        .iter()
        .filter(|project| project.status() == ProjectStatus::Active)
        .collect();
    let rows: Vec<Row> = active
        .iter()
        .map(|project| {
            let client = names.get(project.client_id()).cloned();
            Row::new(project, client.unwrap_or_default(), &format)
        })
        .collect();
    let mut quiet: Vec<Row> = rows
        .iter()
        .filter(|row| row.quiet.is_some())
        .cloned()
        .collect();
    quiet.sort_by_key(|row| std::cmp::Reverse(row.quiet_days));
    Ok(Page {
        frame: OfficeFrame::of(manager, Here::Today),
        day: format.long_day(format.today()),
        active: count(active.len(), "active project", "active projects"),
        unconfirmed: (manager.role() == Role::Owner && !manager.account.email_confirmed)
            .then(|| manager.account.email.clone()),
        tiles: tiles(&active, &records, bounces.len(), quiet.len()),
        bounces,
        steps: steps(manager, team, &records, &all),
        has_more_projects: rows.len() > SHOWN_PROJECTS,
        projects: rows.into_iter().take(SHOWN_PROJECTS).collect(),
        quiet,
        mail: deliveries.map(|deliveries| Week::of(&deliveries, &format)),
    })
}

/// Both lists as one, newest first, each mail once.
fn merged(newest: Vec<Delivery>, troubled: Vec<Delivery>) -> Vec<Delivery> {
    let mut all = newest;
    for delivery in troubled {
        if !all.iter().any(|known| known.id == delivery.id) {
            all.push(delivery);
        }
    }
    all.sort_by_key(|delivery| std::cmp::Reverse(time_of(delivery.created_at)));
    all
}

fn tiles(active: &[&Project], records: &[Client], bounces: usize, quiet: usize) -> Vec<Tile> {
    let behind = active
        .iter()
        .filter(|project| project.days_behind() > 0)
        .count();
    let states: Vec<PortalAccessState> = records
        .iter()
        .flat_map(|record| &record.contacts)
        .filter_map(|contact| contact.access.as_ref())
        .map(PortalAccess::state)
        .collect();
    let number = |wanted| states.iter().filter(|state| **state == wanted).count();
    let expired = number(PortalAccessState::InvitationExpired);
    vec![
        Tile {
            label: "Active projects",
            value: active.len(),
            detail: match behind {
                0 => "All on track".to_owned(),
                number => format!("{number} behind schedule"),
            },
            is_bad: false,
        },
        Tile {
            label: "Invitations not accepted",
            value: number(PortalAccessState::Invited) + expired,
            detail: match expired {
                0 => "None expired".to_owned(),
                number => format!("{number} expired"),
            },
            is_bad: expired > 0,
        },
        Tile {
            label: "Addresses that bounce",
            value: bounces,
            detail: match bounces {
                0 => "All mail arrives".to_owned(),
                _ => "These people get no mail".to_owned(),
            },
            is_bad: bounces > 0,
        },
        Tile {
            label: "Quiet projects",
            value: quiet,
            detail: format!("No update for {QUIET_DAYS} days or more"),
            is_bad: false,
        },
    ]
}

/// What is left to set up; none once a client can look at a project.
fn steps(
    manager: &Manager,
    team: usize,
    records: &[Client],
    projects: &[Project],
) -> Option<Vec<Step>> {
    let has_client = !records.is_empty();
    let has_project = !projects.is_empty();
    let has_invited = records
        .iter()
        .flat_map(|record| &record.contacts)
        .any(|contact| contact.access.is_some());
    if has_client && has_project && has_invited {
        return None;
    }
    let mut steps = Vec::new();
    if manager.role() == Role::Owner {
        let organization = &manager.site.organization;
        let has_phone = organization
            .contact
            .as_ref()
            .is_some_and(|contact| !contact.phone.is_empty());
        steps.push(Step {
            title: "Say how clients reach you",
            text: "Your phone number and a word of welcome stand on the invitation.",
            link: "/office/settings/organization",
            is_done: has_phone,
        });
        steps.push(Step {
            title: "Choose your colors",
            text: "Your portal and your mails look like yours. Any color works.",
            link: "/office/settings/branding",
            is_done: organization
                .brand
                .as_ref()
                .is_some_and(|brand| brand.primary != FIRST_COLOR),
        });
        steps.push(Step {
            title: "Invite your team",
            text: "Project managers run projects. Crew see what they are assigned to.",
            link: "/office/settings/team",
            is_done: team > 1,
        });
    }
    steps.push(Step {
        title: "Add your first client",
        text: "A household or a company, with the people who belong to it.",
        link: "/office/clients/new",
        is_done: has_client,
    });
    steps.push(Step {
        title: "Start your first project",
        text: "Begin from a template and adjust the phases.",
        link: "/office/projects/new",
        is_done: has_project,
    });
    steps.push(Step {
        title: "Invite a client to the portal",
        text: "Open the client and enable portal access for a person.",
        link: "/office/clients",
        is_done: has_invited,
    });
    Some(steps)
}

/// What every organization starts with.
const FIRST_COLOR: &str = "#1f5b4b";

impl Row {
    fn new(project: &Project, client: String, format: &Format) -> Self {
        let updated_at = time_of(project.updated_at);
        let days = updated_at.map(|at| format.days_since(at));
        let quiet_days = days.filter(|days| *days >= QUIET_DAYS);
        let next = phases::milestones(project)
            .into_iter()
            .next()
            .map(|milestone| match milestone.day {
                Some(day) => format!("{}, {}", milestone.name, format.short_day(day)),
                None => milestone.name,
            });
        Self {
            id: project.id.clone(),
            name: project.name.clone(),
            client,
            percent: project.progress_percent().clamp(0, 100),
            updated: updated_at
                .map(|at| capitalized(&format.days_ago(at)))
                .unwrap_or_default(),
            quiet: quiet_days.map(Badge::quiet),
            quiet_days,
            next: next.unwrap_or_else(|| "No milestone ahead".to_owned()),
        }
    }
}

impl Week {
    fn of(deliveries: &[Delivery], format: &Format) -> Self {
        let recent: Vec<&Delivery> = deliveries
            .iter()
            .filter(|delivery| {
                time_of(delivery.created_at).is_some_and(|at| format.days_since(at) < WEEK)
            })
            .collect();
        let number = |wanted: &dyn Fn(&Delivery) -> bool| {
            recent.iter().filter(|delivery| wanted(delivery)).count()
        };
        Self {
            accepted: number(&|delivery| delivery.state() == DeliveryState::Accepted),
            held: number(&|delivery| delivery.state() == DeliveryState::Held),
            problems: number(&reach::is_undeliverable),
        }
    }
}

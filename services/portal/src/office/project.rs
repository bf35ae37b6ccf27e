//! A project: what its pages have in common, and its overview with the contract value.

use askama::Template;
use axum::{extract::Path, response::Response};
use proto::{
    billing::{Contract, GetContractRequest, SetContractValueRequest},
    identity::{Client, GetClientRequest, PortalAccessState},
    projects::{GetProjectRequest, Project, ProjectType},
    types::Money,
};
use serde::Deserialize;
use tonic::Code;
use uuid::Uuid;

use crate::{
    badge::Badge,
    client::{optional, phases, phases::Bar, project::address_line},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    form::{FormView, request_id},
    format::{Format, date_of, time_of},
    office::{
        Here, Manager, OfficeFrame, amount, client,
        edit::{Difference, LabelledFields, differences},
        format_at, members,
    },
    page,
    session::Office,
};

const CURRENCY: &str = "USD";
const NEXT_MILESTONES: usize = 4;

/// A tab of a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Facts, money, people.
    Overview,
    /// Phases with their progress.
    Phases,
    /// Photos from the site.
    Photos,
    /// The settings for clients.
    Visibility,
}

/// What stands above every page of a project.
pub(crate) struct Band {
    /// The project's id.
    pub(crate) id: String,
    /// Its name.
    pub(crate) name: String,
    /// How it stands.
    pub(crate) badge: Option<Badge>,
    /// The client's record and name; none for crew, who know no clients.
    pub(crate) client: Option<(String, String)>,
    /// Its tabs.
    pub(crate) tabs: Vec<Tab>,
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

/// What a page of a project starts from.
pub(crate) struct Opened {
    /// The project as this person may see it.
    pub(crate) project: Project,
    /// The client's record; none for crew, and while identity is away.
    pub(crate) client: Option<Client>,
    /// How to write about it: in the time zone of the site.
    pub(crate) format: Format,
}

impl Opened {
    /// Asks for the project, then for its client.
    pub(crate) async fn load(office: &Office, id: Uuid) -> Result<Self, Error> {
        let project = read(office, id).await?;
        let client = read_client(office, &project).await;
        Ok(Self {
            format: format_at(office, &project.time_zone),
            project,
            client,
        })
    }

    /// The band with one tab marked.
    pub(crate) fn band(&self, office: &Office, section: Section) -> Band {
        Band::new(office, &self.project, self.client.as_ref(), section)
    }
}

/// Reads a project; one that is not this person's is not there.
pub(crate) async fn read(office: &Office, id: Uuid) -> Result<Project, Error> {
    office
        .calls
        .projects()
        .get_project(GetProjectRequest { id: id.to_string() })
        .await?
        .into_inner()
        .project
        .ok_or(Error::NotFound)
}

async fn read_client(office: &Office, project: &Project) -> Option<Client> {
    if !office.is_manager() {
        return None;
    }
    let request = GetClientRequest {
        id: project.client_id.clone()?,
    };
    let answer = office.calls.clients().get_client(request).await;
    optional("the client", answer)?.client
}

impl Band {
    fn new(office: &Office, project: &Project, client: Option<&Client>, section: Section) -> Self {
        let path = format!("/office/projects/{}", project.id);
        let tabs = [
            (Section::Overview, "Overview", path.clone()),
            (Section::Phases, "Phases", format!("{path}/phases")),
            (Section::Photos, "Photos", format!("{path}/photos")),
            (
                Section::Visibility,
                "What clients see",
                format!("{path}/visibility"),
            ),
        ];
        Self {
            id: project.id.clone(),
            name: project.name.clone(),
            badge: Badge::of_project(project),
            client: client.map(|client| (client.id.clone(), client.display_name.clone())),
            tabs: tabs
                .into_iter()
                .filter(|(tab, ..)| office.is_manager() || *tab != Section::Visibility)
                .map(|(tab, title, link)| Tab {
                    title,
                    link,
                    is_current: tab == section,
                })
                .collect(),
        }
    }
}

#[derive(Template)]
#[template(path = "office/project.html")]
struct Page {
    frame: OfficeFrame,
    band: Band,
    is_manager: bool,
    percent: i32,
    bar: Option<Bar>,
    position: String,
    milestones: Vec<Milestone>,
    facts: Vec<Fact>,
    updated: String,
    money: Option<MoneyCard>,
    viewers: Vec<Viewer>,
}

/// A milestone ahead.
struct Milestone {
    name: String,
    when: String,
}

/// A word and what it is.
struct Fact {
    label: &'static str,
    value: String,
}

/// The contract value and its form.
struct MoneyCard {
    value: Option<String>,
    form: FormView<ContractFields>,
    stale: Vec<Difference>,
}

/// Somebody of the client who can look at the project.
struct Viewer {
    name: String,
    badge: Badge,
    rights: String,
}

/// The form on the contract value.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ContractFields {
    request_id: String,
    etag: String,
    value: String,
}

impl LabelledFields for ContractFields {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        vec![("Contract value", self.value.trim().to_owned())]
    }
}

/// `GET /office/projects/{project}`
pub(crate) async fn show(office: Office, Path(id): Path<Uuid>) -> Result<Response, Error> {
    let (opened, contract) = tokio::try_join!(Opened::load(&office, id), contract_of(&office, id))?;
    page::show(&Page::new(&office, &opened, contract.as_ref(), None, Vec::new()).await)
}

/// `POST /office/projects/{project}/contract`
pub(crate) async fn set_contract(
    manager: Manager,
    Path(id): Path<Uuid>,
    Form(fields): Form<ContractFields>,
) -> Result<Response, Error> {
    let Some(minor_units) = amount::read(&fields.value) else {
        let mut form = FormView::new(fields);
        form.errors
            .add("value", "enter an amount such as 86,400.00");
        return refuse_contract(&manager, id, form).await;
    };
    let value = Money {
        minor_units,
        currency_code: CURRENCY.to_owned(),
    };
    let set = manager
        .calls
        .contracts()
        .set_contract_value(SetContractValueRequest {
            project_id: id.to_string(),
            value: Some(value.clone()),
            etag: fields.etag.clone(),
            request_id: fields.request_id.clone(),
        })
        .await;
    let path = format!("/office/projects/{id}");
    match set {
        Ok(_) => {
            let project = read(&manager, id).await?;
            let amount = format_at(&manager, &project.time_zone).money(&value);
            let flash = Flash::done(format!("The contract value is {amount}."));
            Ok(flash::redirect(&manager.app, &path, &flash))
        }
        Err(status) if status.code() == Code::Aborted => {
            let (opened, contract) =
                tokio::try_join!(Opened::load(&manager, id), contract_of(&manager, id))?;
            let saved = ContractFields::of(contract.as_ref());
            let stale = differences(&saved, &fields);
            let form = FormView::new(ContractFields {
                etag: saved.etag,
                request_id: saved.request_id,
                ..fields
            });
            let page = Page::new(&manager, &opened, contract.as_ref(), Some(form), stale).await;
            page::conflict(&page)
        }
        Err(status) => {
            let names = [
                ("value.minor_units", "value"),
                ("value.currency_code", "value"),
            ];
            let form = FormView::refused(fields, &status, &names)?;
            refuse_contract(&manager, id, form).await
        }
    }
}

async fn refuse_contract(
    manager: &Manager,
    id: Uuid,
    form: FormView<ContractFields>,
) -> Result<Response, Error> {
    let (opened, contract) = tokio::try_join!(Opened::load(manager, id), contract_of(manager, id))?;
    let page = Page::new(manager, &opened, contract.as_ref(), Some(form), Vec::new()).await;
    page::refuse(&page)
}

/// The contract; none where no value was set, and none for crew, who see no money.
async fn contract_of(office: &Office, id: Uuid) -> Result<Option<Contract>, Error> {
    if !office.is_manager() {
        return Ok(None);
    }
    let answer = office
        .calls
        .contracts()
        .get_contract(GetContractRequest {
            project_id: id.to_string(),
        })
        .await;
    match answer {
        Ok(answer) => Ok(answer.into_inner().contract),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

impl Page {
    async fn new(
        office: &Office,
        opened: &Opened,
        contract: Option<&Contract>,
        form: Option<FormView<ContractFields>>,
        stale: Vec<Difference>,
    ) -> Self {
        let (project, format) = (&opened.project, &opened.format);
        let mut ids = project.member_ids.clone();
        ids.push(project.manager_id.clone());
        let names = members(office, ids).await;
        let name_of = |id: &String| names.get(id).map(|member| member.name.clone());
        let team: Vec<String> = project
            .member_ids
            .iter()
            .filter(|id| **id != project.manager_id)
            .filter_map(name_of)
            .collect();
        let day = |text: Option<&str>| date_of(text).map(|day| format.day(day));
        let facts = [
            ("Address", Some(address_line(project.address.as_ref()))),
            ("Type", Some(type_words(project.r#type()).to_owned())),
            ("Start", day(project.start_date.as_deref())),
            ("Planned finish", day(project.planned_finish.as_deref())),
            ("Project manager", name_of(&project.manager_id)),
            ("Team", Some(team.join(", "))),
        ];
        let money = office.is_manager().then(|| MoneyCard {
            value: contract
                .and_then(|contract| contract.value.as_ref())
                .map(|value| format.money(value)),
            form: form.unwrap_or_else(|| FormView::new(ContractFields::of(contract))),
            stale,
        });
        Self {
            frame: OfficeFrame::of(office, Here::Projects),
            band: opened.band(office, Section::Overview),
            is_manager: office.is_manager(),
            percent: project.progress_percent().clamp(0, 100),
            bar: Bar::of(project),
            position: position_words(project),
            milestones: phases::milestones(project)
                .into_iter()
                .take(NEXT_MILESTONES)
                .map(|milestone| Milestone {
                    name: milestone.name,
                    when: milestone
                        .day
                        .map_or_else(|| "no day yet".to_owned(), |day| format.day(day)),
                })
                .collect(),
            facts: facts
                .into_iter()
                .filter_map(|(label, value)| {
                    Some(Fact {
                        label,
                        value: value?,
                    })
                })
                .filter(|fact| !fact.value.is_empty())
                .collect(),
            updated: time_of(project.updated_at)
                .map(|at| format.moment(at))
                .unwrap_or_default(),
            money,
            viewers: opened.client.as_ref().map(viewers).unwrap_or_default(),
        }
    }

    /// What stands above the page where the form was refused.
    fn errors(&self) -> Option<&crate::form::Errors> {
        self.money.as_ref().map(|money| &money.form.errors)
    }

    /// True where the form was refused.
    fn is_refused(&self) -> bool {
        self.errors().is_some_and(|errors| !errors.is_empty())
    }
}

impl ContractFields {
    fn of(contract: Option<&Contract>) -> Self {
        let value = contract.and_then(|contract| contract.value.as_ref());
        Self {
            request_id: request_id(),
            etag: contract
                .map(|contract| contract.etag.clone())
                .unwrap_or_default(),
            value: value
                .map(|value| amount::show(value.minor_units))
                .unwrap_or_default(),
        }
    }
}

fn position_words(project: &Project) -> String {
    match (phases::position(project), phases::current(project)) {
        (Some(position), Some(phase)) => format!("{position}: {}", phase.name),
        _ if project.phases.is_empty() => "No phases yet".to_owned(),
        _ => "Every phase is done".to_owned(),
    }
}

fn viewers(client: &Client) -> Vec<Viewer> {
    client
        .contacts
        .iter()
        .filter_map(|contact| {
            let access = contact.access.as_ref()?;
            (access.state() != PortalAccessState::Disabled).then(|| Viewer {
                name: contact.name.clone(),
                badge: Badge::of_access(Some(access.state())),
                rights: client::rights_words(access.rights.as_ref()),
            })
        })
        .collect()
}

/// What is built, in words.
pub(crate) fn type_words(project_type: ProjectType) -> &'static str {
    match project_type {
        ProjectType::Kitchen => "Kitchen",
        ProjectType::Bathroom => "Bathroom",
        ProjectType::Addition => "Addition",
        ProjectType::WholeHome => "Whole home",
        ProjectType::NewHome => "New home",
        ProjectType::Exterior => "Exterior",
        ProjectType::Other | ProjectType::Unspecified => "Other",
    }
}

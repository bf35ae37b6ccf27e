//! Home: what needs an answer, how it is going, what happened last.

use askama::Template;
use axum::response::Response;
use proto::{
    billing::{BatchGetContractsRequest, Contract},
    projects::Project,
};

use crate::{
    badge::Badge,
    client::{
        Around, ClientFrame, Here,
        activity::{self, Entry},
        optional, phases,
        phases::Bar,
        project::address_line,
    },
    error::Error,
    format::{Format, When, date_of, first_name, time_of},
    page,
    session::Client,
};

const RECENT: i32 = 5;

#[derive(Template)]
#[template(path = "client/home.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) greeting: &'static str,
    pub(crate) first_name: String,
    pub(crate) latest: Option<When>,
    /// The newest project in numbers.
    pub(crate) stats: Option<Stats>,
    pub(crate) cards: Vec<Card>,
    /// None while the inbox is away.
    pub(crate) recent: Option<Vec<Entry>>,
}

/// One project in numbers; a number that is hidden has no tile.
pub(crate) struct Stats {
    pub(crate) project: String,
    pub(crate) tiles: Vec<Tile>,
}

/// One number with a line below.
pub(crate) struct Tile {
    pub(crate) label: &'static str,
    pub(crate) value: String,
    pub(crate) detail: String,
}

/// One project.
pub(crate) struct Card {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) badge: Option<Badge>,
    pub(crate) position: Option<String>,
    pub(crate) phase: Option<String>,
    pub(crate) percent: Option<i32>,
    pub(crate) bar: Option<Bar>,
}

/// `GET /`
pub(crate) async fn show(client: Client) -> Result<Response, Error> {
    let around = Around::load(&client, RECENT, "").await?;
    let items = around.inbox.as_ref().map(|inbox| inbox.items.clone());
    let newest = around.projects.first();
    let (recent, contract) = tokio::join!(
        activity::entries(&client, items.unwrap_or_default(), &around.format),
        contract_of(&client, newest)
    );
    let frame = around.frame(&client, Here::Home);
    page::show(&Page::new(frame, &around, recent, contract))
}

async fn contract_of(client: &Client, project: Option<&Project>) -> Option<Contract> {
    let request = BatchGetContractsRequest {
        project_ids: vec![project?.id.clone()],
    };
    let answer = client.calls.contracts().batch_get_contracts(request).await;
    optional("the contract", answer)?.contracts.pop()
}

impl Page {
    pub(crate) fn new(
        frame: ClientFrame,
        around: &Around,
        recent: Vec<Entry>,
        contract: Option<Contract>,
    ) -> Self {
        let format = &around.format;
        let newest_item = around
            .inbox
            .as_ref()
            .and_then(|inbox| time_of(inbox.items.first()?.created_at));
        let newest_change = around
            .projects
            .iter()
            .filter_map(|project| time_of(project.updated_at))
            .max();
        Self {
            greeting: format.greeting(),
            first_name: first_name(&frame.name).to_owned(),
            latest: newest_item.max(newest_change).map(|at| format.when(at)),
            stats: around
                .projects
                .first()
                .and_then(|project| Stats::new(project, contract, format)),
            cards: around.projects.iter().map(Card::new).collect(),
            recent: around.inbox.as_ref().map(|_| recent),
            frame,
        }
    }
}

impl Stats {
    fn new(project: &Project, contract: Option<Contract>, format: &Format) -> Option<Self> {
        let mut tiles = Vec::new();
        if let Some(percent) = project.progress_percent {
            tiles.push(Tile {
                label: "Progress",
                value: format!("{percent}%"),
                detail: phases::current(project)
                    .map(|phase| phase.name.clone())
                    .unwrap_or_default(),
            });
        }
        if let Some(next) = phases::milestones(project).into_iter().next() {
            let (value, detail) = match next.day {
                Some(day) => (format.day(day), next.name),
                None => (next.name, "Day not set yet".to_owned()),
            };
            tiles.push(Tile {
                label: "Next milestone",
                value,
                detail,
            });
        }
        if let Some(value) = contract.and_then(|contract| contract.value) {
            tiles.push(Tile {
                label: "Contract value",
                value: format.money(&value),
                detail: String::new(),
            });
        }
        if let Some(finish) = date_of(project.planned_finish.as_deref()) {
            tiles.push(Tile {
                label: "Planned finish",
                value: format.day(finish),
                detail: format.until(finish).unwrap_or_default(),
            });
        }
        (!tiles.is_empty()).then(|| Self {
            project: project.name.clone(),
            tiles,
        })
    }
}

impl Card {
    fn new(project: &Project) -> Self {
        Self {
            id: project.id.clone(),
            name: project.name.clone(),
            address: address_line(project.address.as_ref()),
            badge: Badge::of_project(project),
            position: phases::position(project),
            phase: phases::current(project).map(|phase| phase.name.clone()),
            percent: project.progress_percent,
            bar: Bar::of(project),
        }
    }
}

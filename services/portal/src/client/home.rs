//! Home: what needs an answer, how it is going, what happened last.

use askama::Template;
use axum::response::Response;
use proto::{
    billing::{BatchGetContractsRequest, Contract},
    documents::{ListPhotosRequest, ListPhotosResponse},
    notifications::{InboxItem, InboxItemKind},
    projects::{Project, ProjectAccess, ProjectStatus, ResolveRequest},
};

use crate::{
    badge::Badge,
    client::{
        Around, ClientFrame, Here, News,
        activity::{self, Entry},
        format_at, optional, phases,
        phases::Bar,
        project::{address_line, shows_photos},
        projects,
    },
    error::Error,
    format::{Format, When, count, date_of, first_name, time_of},
    page,
    pictures::Picture,
    session::Client,
};

const RECENT: i32 = 5;
const NEW_PHOTOS: i32 = 5;

#[derive(Template)]
#[template(path = "client/home.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) greeting: &'static str,
    pub(crate) first_name: String,
    pub(crate) latest: Option<When>,
    /// The newest project in numbers.
    pub(crate) stats: Option<Stats>,
    /// None where there are no photos to see.
    pub(crate) photos: Option<Strip>,
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

/// The newest photos of one project.
pub(crate) struct Strip {
    pub(crate) project: String,
    /// The gallery.
    pub(crate) link: String,
    /// "All 43 photos".
    pub(crate) all: String,
    pub(crate) pictures: Vec<Picture>,
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
    let projects = async {
        let projects = projects(&client).await?;
        let contract = contract_of(&client, projects.first()).await;
        Ok::<_, Error>((projects, contract))
    };
    let (projects, accesses, news) =
        tokio::join!(projects, accesses(&client), News::load(&client, RECENT, ""));
    let (projects, contract) = projects?;
    let around = Around::new(&client, projects, news);
    let items = around
        .inbox
        .as_ref()
        .map(|inbox| inbox.items.clone())
        .unwrap_or_default();
    let shown = photographed(&around.projects, &accesses, &items);
    let (recent, photos) = tokio::join!(
        activity::entries(&client, items.clone(), &around.format),
        strip_of(&client, shown)
    );
    let frame = around.frame(&client, Here::Home);
    page::show(&Page::new(frame, &around, recent, contract, photos))
}

/// What the client may see of each project; nothing while that cannot be asked.
async fn accesses(client: &Client) -> Vec<ProjectAccess> {
    let answer = client
        .calls
        .access()
        .resolve(ResolveRequest::default())
        .await;
    optional("new photos", answer)
        .map(|answer| answer.projects)
        .unwrap_or_default()
}

/// The project whose photos are shown: the one of the latest news of photos, else the newest that is being worked on.
fn photographed<'a>(
    projects: &'a [Project],
    accesses: &[ProjectAccess],
    items: &[InboxItem],
) -> Option<&'a Project> {
    let is_shown = |id: &str| {
        accesses
            .iter()
            .any(|access| access.project_id == id && shows_photos(access))
    };
    let shown = || projects.iter().filter(|project| is_shown(&project.id));
    let news = items
        .iter()
        .filter(|item| item.kind() == InboxItemKind::PhotosAdded)
        .find_map(|item| shown().find(|project| project.id == item.project_id));
    news.or_else(|| shown().find(|project| project.status() == ProjectStatus::Active))
        .or_else(|| shown().next())
}

async fn strip_of(client: &Client, project: Option<&Project>) -> Option<Strip> {
    let project = project?;
    let request = ListPhotosRequest {
        project_id: project.id.clone(),
        page_size: NEW_PHOTOS,
        ..ListPhotosRequest::default()
    };
    let answer = client.calls.photos().list_photos(request).await;
    let photos = optional("new photos", answer)?;
    Strip::new(project, &photos, &format_at(client, &project.time_zone))
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
        photos: Option<Strip>,
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
            photos,
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

impl Strip {
    /// None where there are no photos.
    pub(crate) fn new(
        project: &Project,
        photos: &ListPhotosResponse,
        format: &Format,
    ) -> Option<Self> {
        let pictures: Vec<Picture> = photos
            .photos
            .iter()
            .map(|photo| Picture::of(photo, format))
            .collect();
        let total = usize::try_from(photos.total_count).unwrap_or_default();
        (!pictures.is_empty()).then(|| Self {
            project: project.name.clone(),
            link: format!("/p/{}/photos", project.id),
            all: format!("All {}", count(total, "photo", "photos")),
            pictures,
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

#[cfg(test)]
mod tests {
    use proto::projects::PhotoScope;

    use super::*;

    fn project(id: &str, status: ProjectStatus) -> Project {
        Project {
            id: id.to_owned(),
            status: status.into(),
            ..Project::default()
        }
    }

    fn access(id: &str, photos: PhotoScope) -> ProjectAccess {
        ProjectAccess {
            project_id: id.to_owned(),
            photos: photos.into(),
            ..ProjectAccess::default()
        }
    }

    #[test]
    fn photos_come_from_where_they_are_shown_and_new() {
        let projects = [
            project("planned", ProjectStatus::Planned),
            project("hidden", ProjectStatus::Active),
            project("kitchen", ProjectStatus::Active),
            project("attic", ProjectStatus::Active),
        ];
        let accesses = [
            access("planned", PhotoScope::Shared),
            access("hidden", PhotoScope::None),
            access("kitchen", PhotoScope::NotInternal),
            access("attic", PhotoScope::Shared),
        ];
        let news = |project: &str| InboxItem {
            kind: InboxItemKind::PhotosAdded.into(),
            project_id: project.to_owned(),
            ..InboxItem::default()
        };
        let found = |accesses: &[ProjectAccess], items: &[InboxItem]| {
            photographed(&projects, accesses, items).map(|project| project.id.clone())
        };
        assert_eq!(found(&accesses, &[]).as_deref(), Some("kitchen"));
        assert_eq!(
            found(&accesses, &[news("hidden"), news("attic")]).as_deref(),
            Some("attic")
        );
        assert_eq!(found(&accesses[..1], &[]).as_deref(), Some("planned"));
        assert_eq!(found(&accesses[1..2], &[news("hidden")]), None);
        assert_eq!(found(&[], &[]), None);
    }
}

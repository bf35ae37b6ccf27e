//! The gallery of a project: its photos by day.

use askama::Template;
use axum::{
    extract::{Path, Query},
    response::Response,
};
use jiff::civil::Date;
use proto::{
    documents::{ListPhotosRequest, ListPhotosResponse, Photo, PhotoFilter},
    projects::Project,
};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    client::{
        ClientFrame, format_at,
        project::{Band, Opened, Section},
    },
    error::Error,
    format::{Format, count, time_of},
    page,
    pictures::Picture,
    session::Client,
};

const PAGE: i32 = 24;
/// The word for photos of no phase.
const NONE: &str = "none";
/// A day with so many photos has a first one that is twice as large: the others fill the room beside it.
const WITH_HERO: usize = 5;

#[derive(Template)]
#[template(path = "client/photos.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) band: Band,
    /// "43 photos".
    pub(crate) total: String,
    pub(crate) pills: Vec<Pill>,
    pub(crate) days: Vec<Day>,
    /// "Showing 24 of 43".
    pub(crate) showing: String,
    /// What the pages of the photos carry on, with its question mark.
    pub(crate) query: String,
    pub(crate) newest: Option<String>,
    pub(crate) older: Option<String>,
}

/// A link that narrows the photos to a phase.
pub(crate) struct Pill {
    pub(crate) title: String,
    pub(crate) count: i32,
    pub(crate) link: String,
    pub(crate) is_current: bool,
}

/// The photos of one day, newest first.
pub(crate) struct Day {
    pub(crate) title: String,
    /// The phases that they show, as far as their names are known.
    pub(crate) phases: String,
    pub(crate) pictures: Vec<Picture>,
}

/// What the address of the gallery, and of a photo in it, may carry.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// A phase, or "none".
    pub(crate) phase: String,
    /// The token of a page of older photos.
    pub(crate) before: String,
}

/// `GET /p/{project}/photos`
pub(crate) async fn show(
    client: Client,
    Path(id): Path<Uuid>,
    Query(asked): Query<Asked>,
) -> Result<Response, Error> {
    let mut photos = client.calls.photos();
    let photos = async {
        let request = ListPhotosRequest {
            project_id: id.to_string(),
            filter: Some(asked.filter()),
            page_size: PAGE,
            page_token: asked.before.clone(),
        };
        Ok(photos.list_photos(request).await?.into_inner())
    };
    let (opened, photos) = tokio::try_join!(Opened::load(&client, id, Section::Photos), photos)?;
    asked.check(&opened.project)?;
    let format = format_at(&client, &opened.project.time_zone);
    page::show(&Page::new(opened, &photos, &asked, &format))
}

impl Asked {
    pub(crate) fn filter(&self) -> PhotoFilter {
        let without_phase = self.phase == NONE;
        PhotoFilter {
            phase_id: if without_phase {
                String::new()
            } else {
                self.phase.clone()
            },
            without_phase,
            ..PhotoFilter::default()
        }
    }

    /// A phase whose name this client may not know is as if it were not there.
    pub(crate) fn check(&self, project: &Project) -> Result<(), Error> {
        let is_known = self.phase.is_empty()
            || self.phase == NONE
            || project.phases.iter().any(|phase| phase.id == self.phase);
        if is_known {
            Ok(())
        } else {
            Err(Error::NotFound)
        }
    }

    /// "?phase=…&before=…"; empty where nothing was asked for.
    pub(crate) fn query(&self) -> String {
        let pairs = [("phase", &self.phase), ("before", &self.before)];
        let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(given)
            .finish();
        if query.is_empty() {
            query
        } else {
            format!("?{query}")
        }
    }

    fn link(&self, project: &str) -> String {
        format!("/p/{project}/photos{}", self.query())
    }
}

impl Page {
    pub(crate) fn new(
        opened: Opened,
        photos: &ListPhotosResponse,
        asked: &Asked,
        format: &Format,
    ) -> Self {
        let Opened {
            frame,
            band,
            project,
            ..
        } = opened;
        let at_page = |before: &str| Asked {
            phase: asked.phase.clone(),
            before: before.to_owned(),
        };
        let older = Some(&photos.next_page_token).filter(|token| !token.is_empty());
        let total = usize::try_from(photos.total_count).unwrap_or_default();
        Self {
            total: count(total, "photo", "photos"),
            pills: pills(photos, &project, asked),
            days: days(&photos.photos, &project, format),
            showing: format!(
                "Showing {} of {}",
                photos.photos.len(),
                photos.filtered_count
            ),
            query: asked.query(),
            newest: (!asked.before.is_empty()).then(|| at_page("").link(&project.id)),
            older: older.map(|token| at_page(token).link(&project.id)),
            frame,
            band,
        }
    }
}

impl Day {
    /// True where the first one is twice as large.
    pub(crate) fn has_hero(&self) -> bool {
        self.pictures.len() >= WITH_HERO
    }
}

/// A link for each phase that has photos, the latest first; none where there is nothing to choose from.
fn pills(photos: &ListPhotosResponse, project: &Project, asked: &Asked) -> Vec<Pill> {
    let count_of = |phase: &str| {
        let found = photos.phases.iter().find(|count| count.phase_id == phase);
        found.map_or(0, |count| count.count)
    };
    let pill = |word: &str, title: &str, count: i32| {
        let narrowed = Asked {
            phase: word.to_owned(),
            before: String::new(),
        };
        Pill {
            title: title.to_owned(),
            count,
            link: narrowed.link(&project.id),
            is_current: asked.phase == word,
        }
    };
    let named: Vec<Pill> = project
        .phases
        .iter()
        .rev()
        .map(|phase| pill(&phase.id, &phase.name, count_of(&phase.id)))
        .filter(|pill| pill.count > 0)
        .collect();
    if named.is_empty() {
        return Vec::new();
    }
    let mut pills = vec![pill("", "All", photos.total_count)];
    pills.extend(named);
    let other = pill(NONE, "Other", count_of(""));
    if other.count > 0 {
        pills.push(other);
    }
    pills
}

fn days(photos: &[Photo], project: &Project, format: &Format) -> Vec<Day> {
    let day_of = |photo: &Photo| -> Option<Date> { Some(format.date(time_of(photo.taken_at)?)) };
    photos
        .chunk_by(|one, next| day_of(one) == day_of(next))
        .map(|group| Day {
            title: group
                .first()
                .and_then(day_of)
                .map(|day| format.long_day(day))
                .unwrap_or_default(),
            phases: phases_of(group, project),
            pictures: group
                .iter()
                .map(|photo| Picture::of(photo, format))
                .collect(),
        })
        .collect()
}

fn phases_of(photos: &[Photo], project: &Project) -> String {
    let names: Vec<&str> = project
        .phases
        .iter()
        .filter(|phase| photos.iter().any(|photo| photo.phase_id == phase.id))
        .map(|phase| phase.name.as_str())
        .collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proto::{documents::PhaseCount, projects::Phase};

    use super::*;

    fn project(names: &[&str]) -> Project {
        let phases = names.iter().map(|name| Phase {
            id: name.to_lowercase(),
            name: (*name).to_owned(),
            ..Phase::default()
        });
        Project {
            id: "p".to_owned(),
            phases: phases.collect(),
            ..Project::default()
        }
    }

    fn counts(counts: &[(&str, i32)]) -> ListPhotosResponse {
        let phases = counts.iter().map(|(phase_id, count)| PhaseCount {
            phase_id: (*phase_id).to_owned(),
            count: *count,
        });
        ListPhotosResponse {
            total_count: counts.iter().map(|(_, count)| count).sum(),
            phases: phases.collect(),
            ..ListPhotosResponse::default()
        }
    }

    fn titles(project: &Project, photos: &ListPhotosResponse) -> Vec<String> {
        pills(photos, project, &Asked::default())
            .into_iter()
            .map(|pill| format!("{} {}", pill.title, pill.count))
            .collect()
    }

    #[test]
    fn only_phases_with_photos_and_known_names_can_be_chosen() {
        let photos = counts(&[("framing", 8), ("cabinets", 12), ("", 3)]);
        assert_eq!(
            titles(&project(&["Demolition", "Framing", "Cabinets"]), &photos),
            ["All 23", "Cabinets 12", "Framing 8", "Other 3"]
        );
        assert_eq!(
            titles(&project(&["Framing"]), &photos),
            ["All 23", "Framing 8", "Other 3"]
        );
        assert!(titles(&project(&[]), &photos).is_empty());
        assert!(titles(&project(&["Framing"]), &counts(&[("", 3)])).is_empty());
    }

    #[test]
    fn an_unknown_phase_is_as_if_it_were_not_there() {
        let project = project(&["Framing"]);
        let check = |phase: &str| {
            let asked = Asked {
                phase: phase.to_owned(),
                ..Asked::default()
            };
            asked.check(&project).is_ok()
        };
        assert!(check("") && check(NONE) && check("framing"));
        assert!(!check("cabinets"));
    }

    #[test]
    fn photos_stand_under_the_day_of_their_site() {
        let zone = TimeZone::get("America/Los_Angeles").expect("a known zone");
        let now = "2026-11-18T20:00:00Z".parse().expect("a time");
        let format = Format::at(Default::default(), zone, now);
        let photo = |taken: &str, phase: &str| Photo {
            taken_at: Some(proto::timestamp(taken.parse().expect("a time"))),
            phase_id: phase.to_owned(),
            ..Photo::default()
        };
        let photos = [
            photo("2026-11-18T07:30:00Z", "cabinets"),
            photo("2026-11-17T22:05:00Z", ""),
            photo("2025-11-17T22:05:00Z", "framing"),
        ];
        let days = days(&photos, &project(&["Framing", "Cabinets"]), &format);
        let told: Vec<_> = days
            .iter()
            .map(|day| (day.title.as_str(), day.phases.as_str(), day.pictures.len()))
            .collect();
        assert_eq!(
            told,
            [
                ("Tuesday, November 17", "Cabinets", 2),
                ("Monday, November 17, 2025", "Framing", 1)
            ]
        );
    }
}

//! What is shown of the photos: which ones, with links to others, and each as a tile.

use proto::documents::{ListPhotosResponse, Photo, PhotoAudience, PhotoFilter};
use serde::Deserialize;
use uuid::Uuid;

use crate::{
    badge::Badge,
    office::{audience, project::Opened},
    pictures::Picture,
};

/// The word for photos of no phase.
pub(super) const NONE: &str = "none";

/// What an address asks for; the form for the chosen photos carries it too, so that it leads back there.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    /// A phase, or [`NONE`].
    pub(crate) phase: String,
    /// One audience.
    pub(crate) audience: String,
    /// "1" for the trash.
    pub(crate) trash: String,
    /// The token of a page of older ones.
    pub(crate) before: String,
}

/// A link that narrows the photos.
pub(crate) struct Pill {
    pub(crate) title: String,
    /// None where it is not known without asking more.
    pub(crate) count: Option<i32>,
    pub(crate) link: String,
    pub(crate) is_current: bool,
}

/// One photo.
pub(crate) struct Tile {
    pub(crate) picture: Picture,
    pub(crate) link: String,
    pub(crate) badge: Badge,
    pub(crate) is_chosen: bool,
}

impl Asked {
    pub(crate) fn is_trash(&self) -> bool {
        !self.trash.is_empty()
    }

    pub(super) fn is_narrowed(&self) -> bool {
        !self.phase.is_empty() || !self.audience.is_empty()
    }

    pub(crate) fn filter(&self) -> PhotoFilter {
        let without_phase = self.phase == NONE;
        PhotoFilter {
            phase_id: if without_phase {
                String::new()
            } else {
                self.phase.clone()
            },
            without_phase,
            audience: audience::of_word(&self.audience).into(),
            trashed: self.is_trash(),
        }
    }

    pub(super) fn without_page(&self) -> Self {
        self.at(String::new())
    }

    pub(super) fn at(&self, before: String) -> Self {
        Self {
            before,
            ..self.clone()
        }
    }

    /// The address that asks for it.
    pub(crate) fn path(&self, project: Uuid) -> String {
        self.path_at(&project.to_string())
    }

    pub(crate) fn path_at(&self, project: &str) -> String {
        let path = format!("/office/projects/{project}/photos");
        let query = self.query();
        if query.is_empty() {
            path
        } else {
            format!("{path}?{query}")
        }
    }

    /// The same without what is empty.
    pub(crate) fn query(&self) -> String {
        let pairs = [
            ("phase", &self.phase),
            ("audience", &self.audience),
            ("trash", &self.trash),
            ("before", &self.before),
        ];
        let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
        url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(given)
            .finish()
    }
}

/// A link for each phase that has photos, and for those of none.
pub(super) fn pills(photos: &ListPhotosResponse, opened: &Opened, asked: &Asked) -> Vec<Pill> {
    let project = &opened.project;
    let count_of = |phase: &str| {
        let found = photos.phases.iter().find(|count| count.phase_id == phase);
        found.map_or(0, |count| count.count)
    };
    let pill = |word: &str, title: &str, count: i32| {
        let narrowed = Asked {
            phase: word.to_owned(),
            ..asked.without_page()
        };
        Pill {
            title: title.to_owned(),
            count: Some(count),
            link: narrowed.path_at(&project.id),
            is_current: asked.phase == word,
        }
    };
    let all = photos.phases.iter().map(|count| count.count).sum();
    let mut pills = vec![pill("", "All phases", all)];
    pills.extend(
        project
            .phases
            .iter()
            .rev()
            .map(|phase| pill(&phase.id, &phase.name, count_of(&phase.id)))
            .filter(|pill| pill.count != Some(0) || pill.is_current),
    );
    let none = pill(NONE, "No phase", count_of(""));
    if none.count != Some(0) || none.is_current {
        pills.push(none);
    }
    pills
}

/// A link for each audience, and for the trash.
pub(super) fn audience_pills(opened: &Opened, asked: &Asked) -> Vec<Pill> {
    let id = &opened.project.id;
    let pill = |title: &str, is_current, narrowed: Asked| Pill {
        title: title.to_owned(),
        count: None,
        link: narrowed.path_at(id),
        is_current,
    };
    let outside = |word: &str| Asked {
        audience: word.to_owned(),
        trash: String::new(),
        ..asked.without_page()
    };
    let is_at = |word: &str| !asked.is_trash() && asked.audience == word;
    let mut pills = vec![pill("For everyone", is_at(""), outside(""))];
    for (audience, title) in [
        (PhotoAudience::Shared, "Shared"),
        (PhotoAudience::Unmarked, "Unmarked"),
        (PhotoAudience::Internal, "Internal"),
    ] {
        let word = audience::word(audience);
        pills.push(pill(title, is_at(word), outside(word)));
    }
    let trash = Asked {
        trash: "1".to_owned(),
        ..Asked::default()
    };
    pills.push(pill("Trash", asked.is_trash(), trash));
    pills
}

pub(super) fn tile(photo: &Photo, opened: &Opened, asked: &Asked, is_chosen: bool) -> Tile {
    let query = asked.query();
    let mark = if query.is_empty() { "" } else { "?" };
    Tile {
        picture: Picture::of(photo, &opened.format),
        link: format!(
            "/office/projects/{}/photos/{}{mark}{query}",
            opened.project.id, photo.id
        ),
        badge: Badge::of_audience(photo.audience()),
        is_chosen,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_holds_what_was_asked_and_no_more() {
        let mut asked = Asked::default();
        assert_eq!(asked.path_at("p"), "/office/projects/p/photos");
        asked.audience = "internal".to_owned();
        asked.before = "a b".to_owned();
        assert_eq!(
            asked.path_at("p"),
            "/office/projects/p/photos?audience=internal&before=a+b"
        );
        assert_eq!(asked.without_page().query(), "audience=internal");
    }

    #[test]
    fn photos_of_no_phase_can_be_asked_for() {
        let asked = Asked {
            phase: NONE.to_owned(),
            ..Asked::default()
        };
        let filter = asked.filter();
        assert!(filter.without_phase && filter.phase_id.is_empty() && !filter.trashed);
    }
}

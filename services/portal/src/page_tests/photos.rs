//! The pages of photos, of the client and of the office.

use jiff::tz::TimeZone;
use proto::{
    documents::{GetPhotoResponse, ListPhotosResponse, Photo, RefusalReason, Upload, UploadState},
    projects::Project,
};

use super::{client_frame, frame, render, sample};
use crate::{
    badge::Badge,
    client::{
        Here, photo as client_photo, photos as gallery,
        project::{Band, Opened, Section},
    },
    flash::Flash,
    form::FormView,
    format::Format,
    office::{self, Choice, OfficeFrame, edit::Difference, photo, photos, project},
    page::{Letterhead, Logo, Theme},
    pictures::Picture,
};

fn format() -> Format {
    Format::new(Default::default(), TimeZone::UTC)
}

pub(super) fn pages(theme: Theme) -> Vec<(&'static str, String)> {
    let newest = gallery::Asked::default();
    let older = gallery::Asked {
        before: "token".to_owned(),
        ..gallery::Asked::default()
    };
    let nothing = ListPhotosResponse::default;
    let trash = photos::Asked {
        trash: "1".to_owned(),
        ..photos::Asked::default()
    };
    vec![
        (
            "photos",
            gallery_page(theme, sample::kitchen(), &sample::photos(24), &newest),
        ),
        (
            "photos-few",
            gallery_page(theme, sample::kitchen(), &sample::photos(3), &newest),
        ),
        (
            "photos-without-phases",
            gallery_page(
                theme,
                sample::hidden(sample::kitchen()),
                &sample::photos(9),
                &newest,
            ),
        ),
        (
            "photos-empty",
            gallery_page(theme, sample::kitchen(), &nothing(), &newest),
        ),
        (
            "photos-no-older",
            gallery_page(theme, sample::kitchen(), &nothing(), &older),
        ),
        ("photo", photo_page(theme, 7)),
        ("photo-only", photo_page(theme, 0)),
        (
            "office-photos",
            tab(
                theme,
                sample::photos(24),
                photos::Asked::default(),
                With::Uploads,
            ),
        ),
        (
            "office-photos-error",
            tab(
                theme,
                sample::photos(5),
                photos::Asked::default(),
                With::Error,
            ),
        ),
        (
            "office-photos-empty",
            tab(theme, nothing(), photos::Asked::default(), With::Nothing),
        ),
        (
            "office-photos-trash",
            tab(theme, sample::photos(5), trash.clone(), With::Nothing),
        ),
        (
            "office-photos-trash-empty",
            tab(theme, nothing(), trash, With::Nothing),
        ),
        ("office-photo", edit_page(theme, true)),
        ("office-photo-crew", edit_page(theme, false)),
    ]
}

fn gallery_page(
    theme: Theme,
    project: Project,
    photos: &ListPhotosResponse,
    asked: &gallery::Asked,
) -> String {
    let around = sample::around(vec![project.clone(), sample::addition()]);
    let sections = [Section::Progress, Section::Photos, Section::Financials];
    let opened = Opened {
        frame: client_frame(&around, theme, Here::Project(project.id.clone())),
        band: Band::new(&project, &sections, Section::Photos),
        around,
        project,
    };
    render(&gallery::Page::new(opened, photos, asked, &format()))
}

fn photo_page(theme: Theme, position: i32) -> String {
    let alone = position == 0;
    let id = |index: i32| {
        if alone {
            String::new()
        } else {
            format!("photo-{index}")
        }
    };
    let index = usize::try_from(position).unwrap_or_default();
    let found = GetPhotoResponse {
        photo: sample::photos(10).photos.get(index.max(1) - 1).cloned(),
        previous_id: id(position - 2),
        next_id: id(position),
        position: position.max(1),
        total_count: if alone { 1 } else { 43 },
    };
    let by = Some("Tomás Reyes".to_owned());
    let asked = gallery::Asked::default();
    let project = sample::kitchen();
    render(&client_photo::Page::new(
        frame(theme),
        &found,
        &project,
        by,
        &asked,
        &format(),
    ))
}

enum With {
    Nothing,
    Uploads,
    Error,
}

fn band() -> project::Band {
    let tab = |title, link: &str| project::Tab {
        title,
        link: format!("/office/projects/a{link}"),
        is_current: title == "Photos",
    };
    project::Band {
        id: "a".to_owned(),
        name: "Kitchen remodel".to_owned(),
        badge: Badge::of_project(&sample::kitchen()),
        client: Some(("okafor".to_owned(), "Maya Okafor".to_owned())),
        tabs: vec![
            tab("Overview", ""),
            tab("Phases", "/phases"),
            tab("Photos", "/photos"),
            tab("What clients see", "/visibility"),
        ],
    }
}

fn opened() -> project::Opened {
    project::Opened {
        project: sample::kitchen(),
        client: None,
        format: format(),
    }
}

fn audiences(chosen: &str) -> Vec<Choice> {
    [
        ("internal", "Internal: only your team"),
        ("unmarked", "Unmarked: clients, where all photos are shown"),
        ("shared", "Shared with the client"),
    ]
    .map(|(word, label)| Choice::new(word, label, chosen))
    .into()
}

fn tab(theme: Theme, photos: ListPhotosResponse, asked: photos::Asked, with: With) -> String {
    let mut inner = frame(theme);
    let mut bulk = FormView::default();
    let mut uploads = Vec::new();
    let upload = |index: i32, state: UploadState| Upload {
        id: format!("upload-{index}"),
        file_name: format!("IMG_{index:04}.jpg"),
        state: state.into(),
        refusal: RefusalReason::Unreadable.into(),
        ..Upload::default()
    };
    match with {
        With::Nothing => {}
        With::Uploads => {
            let ids = vec![service::new_id(); 2];
            inner.flash = Some(
                Flash::done("2 photos are in the trash for 30 days. Nobody sees them any more.")
                    .with_undo("/office/projects/a/photos/restore".to_owned(), ids),
            );
            inner.letterhead = with_logo(inner.letterhead);
            uploads = vec![
                upload(1, UploadState::Processing),
                upload(2, UploadState::Refused),
                upload(3, UploadState::Refused),
            ];
        }
        With::Error => bulk
            .errors
            .add("caption", "describe a shared photo, or give it a caption"),
    }
    let found = photos::Found {
        opened: opened(),
        photos,
        uploads,
    };
    render(&photos::Page::new(
        OfficeFrame::sample(inner),
        band(),
        found,
        asked,
        bulk,
        audiences("unmarked"),
    ))
}

fn with_logo(letterhead: Letterhead) -> Letterhead {
    Letterhead {
        logo: Some(Logo {
            path: "/brand/logo/sample.png".to_owned(),
            width: 480,
            height: 120,
        }),
        ..letterhead
    }
}

fn edit_page(theme: Theme, is_manager: bool) -> String {
    let sample: Photo = sample::photos(7).photos.remove(6);
    let opened = opened();
    let form = FormView::new(photo::Fields::of(&sample, &opened.project));
    let stale = if is_manager {
        vec![Difference {
            label: "Caption",
            saved: "Tile samples".to_owned(),
            typed: "Three tile samples on the bench".to_owned(),
        }]
    } else {
        Vec::new()
    };
    render(&photo::Page {
        frame: OfficeFrame::sample(frame(theme)),
        band: band(),
        back: "/office/projects/a/photos".to_owned(),
        asked: photos::Asked::default(),
        picture: Picture::of(&sample, &opened.format),
        about: "Yesterday, 2:05 pm · Tomás Reyes".to_owned(),
        who_sees: office::audience::who_sees(sample.audience()),
        is_manager,
        phases: opened
            .project
            .phases
            .iter()
            .map(|phase| Choice::new(&phase.id, &phase.name, &sample.phase_id))
            .collect(),
        audiences: is_manager.then(|| audiences("shared")),
        form,
        stale,
    })
}

//! Photos as pages show them.

use jiff::Timestamp;
use proto::documents::Photo;

use crate::format::{Format, time_of};

/// So long is a photo marked as new.
const NEW_FOR_DAYS: i64 = 2;

/// A photo, ready for the template `parts/picture.html`.
#[derive(Clone, Debug)]
pub(crate) struct Picture {
    /// The photo's id.
    pub(crate) id: String,
    /// Its page, below which its files are.
    pub(crate) path: String,
    /// What it shows; never empty.
    pub(crate) alt: String,
    /// What was written below it; may be empty.
    pub(crate) caption: String,
    /// True for one that was added in the last two days.
    pub(crate) is_new: bool,
    /// Of the largest size, in pixels.
    pub(crate) width: i32,
    /// Of the largest size, in pixels.
    pub(crate) height: i32,
}

impl Picture {
    /// The photo, told in the time zone of its site.
    pub(crate) fn of(photo: &Photo, format: &Format) -> Self {
        Self {
            path: format!("/p/{}/photos/{}", photo.project_id, photo.id),
            id: photo.id.clone(),
            alt: alt_of(photo, format),
            caption: photo.caption.clone(),
            is_new: time_of(photo.created_at).is_some_and(is_new),
            width: photo.width,
            height: photo.height,
        }
    }

    /// The files to choose from, each with its real width: of a photo on end the sizes count the height.
    pub(crate) fn srcset(&self) -> String {
        let (small, middle) = (self.width_at(320), self.width_at(640));
        let path = &self.path;
        format!("{path}/320.jpg {small}w,{path}/640.jpg {middle}w")
    }

    fn width_at(&self, size: i32) -> i32 {
        let longer = self.width.max(self.height).max(1);
        (size.min(longer) * self.width / longer).max(1)
    }
}

/// What a photo shows: what was written about it, else when it was taken.
pub(crate) fn alt_of(photo: &Photo, format: &Format) -> String {
    let written = [&photo.alt_text, &photo.caption];
    if let Some(text) = written.into_iter().find(|text| !text.is_empty()) {
        return text.clone();
    }
    match time_of(photo.taken_at) {
        Some(at) => format!("Photo, {}", format.moment(at)),
        None => "Photo".to_owned(),
    }
}

fn is_new(at: Timestamp) -> bool {
    at.duration_until(service::clock::now()) < jiff::SignedDuration::from_hours(NEW_FOR_DAYS * 24)
}

#[cfg(test)]
mod tests {
    use jiff::{ToSpan as _, tz::TimeZone};

    use super::*;

    fn format() -> Format {
        Format::new(Default::default(), TimeZone::UTC)
    }

    fn photo(width: i32, height: i32) -> Photo {
        Photo {
            id: "a".to_owned(),
            project_id: "p".to_owned(),
            width,
            height,
            ..Photo::default()
        }
    }

    #[test]
    fn a_photo_on_end_says_its_real_width() {
        let set = |width, height| Picture::of(&photo(width, height), &format()).srcset();
        assert_eq!(
            set(1600, 1200),
            "/p/p/photos/a/320.jpg 320w,/p/p/photos/a/640.jpg 640w"
        );
        assert_eq!(
            set(1200, 1600),
            "/p/p/photos/a/320.jpg 240w,/p/p/photos/a/640.jpg 480w"
        );
        // one that was small from the start is not made larger
        assert_eq!(
            set(400, 300),
            "/p/p/photos/a/320.jpg 320w,/p/p/photos/a/640.jpg 400w"
        );
        assert_eq!(
            set(0, 0),
            "/p/p/photos/a/320.jpg 1w,/p/p/photos/a/640.jpg 1w"
        );
    }

    #[test]
    fn every_photo_has_words() {
        let mut photo = photo(3, 2);
        assert_eq!(alt_of(&photo, &format()), "Photo");
        photo.taken_at = Some(proto::timestamp(
            "2019-05-04T09:05:00Z".parse().expect("a time"),
        ));
        assert_eq!(
            alt_of(&photo, &format()),
            "Photo, Sat, May 4, 2019, 9:05 am"
        );
        photo.caption = "Base cabinets are in".to_owned();
        assert_eq!(alt_of(&photo, &format()), "Base cabinets are in");
        photo.alt_text = "Base cabinets along the window wall".to_owned();
        assert_eq!(
            alt_of(&photo, &format()),
            "Base cabinets along the window wall"
        );
    }

    #[test]
    fn new_is_what_came_in_the_last_two_days() {
        let added = |hours: i64| Photo {
            created_at: Some(proto::timestamp(service::clock::now() - hours.hours())),
            ..photo(3, 2)
        };
        assert!(Picture::of(&added(47), &format()).is_new);
        assert!(!Picture::of(&added(49), &format()).is_new);
        assert!(!Picture::of(&photo(3, 2), &format()).is_new);
    }
}

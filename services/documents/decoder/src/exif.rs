//! The two things that a photo's metadata is read for. Nothing else of it goes any further.

use std::io::Cursor;

use exif::{Exif, Field, In, Reader, Tag, Value};
use jiff::civil::DateTime;

/// Photos older than digital cameras, or from a future, come from a clock that was never set.
const YEARS: std::ops::RangeInclusive<i16> = 1990..=2100;

/// What is known of how a photo was taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metadata {
    pub orientation: Orientation,
    /// Local time where the camera was.
    pub taken: Option<DateTime>,
}

/// How the stored pixels have to be turned, in the order of the values 1 to 8 (Exif 2.32, 4.6.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orientation {
    #[default]
    Upright,
    Mirrored,
    UpsideDown,
    UpsideDownMirrored,
    Transposed,
    /// The top of the scene is the right edge: turn a quarter clockwise.
    TopOnRight,
    Transversed,
    /// The top of the scene is the left edge: turn a quarter counterclockwise.
    TopOnLeft,
}

impl Orientation {
    fn from_value(value: u32) -> Self {
        match value {
            2 => Self::Mirrored,
            3 => Self::UpsideDown,
            4 => Self::UpsideDownMirrored,
            5 => Self::Transposed,
            6 => Self::TopOnRight,
            7 => Self::Transversed,
            8 => Self::TopOnLeft,
            _ => Self::Upright,
        }
    }
}

/// Reads metadata of a JPEG, PNG or HEIC. A photo with damaged metadata is a photo without.
pub fn read(file: &[u8]) -> Metadata {
    let exif = Reader::new()
        .continue_on_error(true)
        .read_from_container(&mut Cursor::new(file))
        .or_else(|error| error.distill_partial_result(drop));
    exif.map(|exif| Metadata {
        orientation: orientation(&exif),
        taken: taken(&exif),
    })
    .unwrap_or_default()
}

fn orientation(exif: &Exif) -> Orientation {
    exif.get_field(Tag::Orientation, In::PRIMARY)
        .and_then(|field| field.value.get_uint(0))
        .map_or(Orientation::Upright, Orientation::from_value)
}

fn taken(exif: &Exif) -> Option<DateTime> {
    let Field {
        value: Value::Ascii(texts),
        ..
    } = exif.get_field(Tag::DateTimeOriginal, In::PRIMARY)?
    else {
        return None;
    };
    let text = exif::DateTime::from_ascii(texts.first()?).ok()?;
    let number = |value: u8| i8::try_from(value).ok();
    let taken = DateTime::new(
        i16::try_from(text.year).ok()?,
        number(text.month)?,
        number(text.day)?,
        number(text.hour)?,
        number(text.minute)?,
        number(text.second)?,
        0,
    )
    .ok()?;
    YEARS.contains(&taken.year()).then_some(taken)
}

//! What the cast photographs. Nobody built anything, so the pictures are drawings.

pub(super) mod kitchen;
pub(super) mod studio;

use proto::documents::PhotoAudience;
use proto::projects::PhotosVisibility;

use super::cast::Project;

/// An Exif segment of JPEG that says "mirrored" and nothing else (Exif 2.32, 4.6.4): big-endian, one directory of one
/// entry, orientation 2.
const MIRRORED: &[u8; 36] =
    b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x02\0\0\0\0\0\0";
/// The marker with which every JPEG begins.
const START: usize = 2;

/// A picture of 1200 by 800 pixels.
pub(super) struct Drawing {
    pub(super) file_name: &'static str,
    bytes: &'static [u8],
}

macro_rules! drawing {
    ($name:literal) => {
        Drawing {
            file_name: $name,
            bytes: include_bytes!(concat!("photos/", $name)),
        }
    };
}

static ADDITION: Drawing = drawing!("addition.jpg");
static ADDITION_FOUNDATION: Drawing = drawing!("addition-foundation.jpg");
static ADDITION_FRAMING: Drawing = drawing!("addition-framing.jpg");
static CABINETS: Drawing = drawing!("cabinets.jpg");
static COUNTER: Drawing = drawing!("counter.jpg");
static DEMOLITION: Drawing = drawing!("demolition.jpg");
static DRYWALL: Drawing = drawing!("drywall.jpg");
static FRAMING: Drawing = drawing!("framing.jpg");
static HARDWARE: Drawing = drawing!("hardware.jpg");
static HEXAGONS: Drawing = drawing!("hexagons.jpg");
static KITCHEN: Drawing = drawing!("kitchen.jpg");
static MARBLE: Drawing = drawing!("marble.jpg");
static PENDANTS: Drawing = drawing!("pendants.jpg");
static ROOF: Drawing = drawing!("roof.jpg");
static ROUGH_IN: Drawing = drawing!("rough-in.jpg");
static SUBFLOOR: Drawing = drawing!("subfloor.jpg");
static SUBWAY_TILE: Drawing = drawing!("subway-tile.jpg");
static TILE_SAMPLES: Drawing = drawing!("tile-samples.jpg");
static WHITE_TILE: Drawing = drawing!("white-tile.jpg");
static WINDOWS: Drawing = drawing!("windows.jpg");
static WOOD_FLOOR: Drawing = drawing!("wood-floor.jpg");

/// A photo, as somebody adds it.
pub(super) struct Shot {
    pub(super) drawing: &'static Drawing,
    /// True for another moment in the same place. So that one drawing can stand for both, the second is turned by its
    /// metadata, as the photos of phones are.
    pub(super) is_mirrored: bool,
    pub(super) caption: &'static str,
    pub(super) alt_text: &'static str,
    pub(super) audience: PhotoAudience,
}

impl Shot {
    const fn shared(
        drawing: &'static Drawing,
        caption: &'static str,
        alt_text: &'static str,
    ) -> Self {
        Self {
            drawing,
            is_mirrored: false,
            caption,
            alt_text,
            audience: PhotoAudience::Shared,
        }
    }

    const fn unmarked(
        drawing: &'static Drawing,
        caption: &'static str,
        alt_text: &'static str,
    ) -> Self {
        Self {
            audience: PhotoAudience::Unmarked,
            ..Self::shared(drawing, caption, alt_text)
        }
    }

    const fn internal(
        drawing: &'static Drawing,
        caption: &'static str,
        alt_text: &'static str,
    ) -> Self {
        Self {
            audience: PhotoAudience::Internal,
            ..Self::shared(drawing, caption, alt_text)
        }
    }

    const fn mirrored(self) -> Self {
        Self {
            is_mirrored: true,
            ..self
        }
    }

    /// The file as a phone would send it.
    pub(super) fn file(&self) -> Vec<u8> {
        let (start, rest) = self.drawing.bytes.split_at(START);
        let metadata: &[u8] = if self.is_mirrored { MIRRORED } else { &[] };
        [start, metadata, rest].concat()
    }

    /// True where clients of a project see it as it was added.
    pub(super) fn is_seen_in(&self, project: &Project) -> bool {
        match project.visibility.photos {
            PhotosVisibility::All => self.audience != PhotoAudience::Internal,
            PhotosVisibility::Selected => self.audience == PhotoAudience::Shared,
            PhotosVisibility::None | PhotosVisibility::Unspecified => false,
        }
    }
}

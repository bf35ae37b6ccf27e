//! The studio of Lena Holt: first what there was when the project was entered, then how it was finished.

use super::{
    ADDITION, ADDITION_FOUNDATION, ADDITION_FRAMING, DRYWALL, HEXAGONS, PENDANTS, ROOF, ROUGH_IN,
    Shot, WINDOWS, WOOD_FLOOR,
};

pub(in crate::sample) static FOUNDATION: [Shot; 1] = [Shot::shared(
    &ADDITION_FOUNDATION,
    "Forms and steel, the day before the pour",
    "A white house, and beside it the forms of a foundation with a grid of steel.",
)];

pub(in crate::sample) static FRAME: [Shot; 2] = [
    Shot::shared(
        &ADDITION_FRAMING,
        "Walls and rafters stand",
        "The studio beside the house as a bare frame of walls and rafters.",
    ),
    Shot::shared(
        &ROOF,
        "Trusses at the end of the day",
        "A row of roof trusses against an evening sky.",
    ),
];

pub(in crate::sample) static CLOSED_IN: [Shot; 2] = [
    Shot::shared(
        &WINDOWS,
        "Windows are in, the wrap goes on",
        "The studio with four tall windows in a wall of white house wrap.",
    )
    .mirrored(),
    Shot::shared(
        &WINDOWS,
        "Closed in",
        "The studio with its roof and its four tall windows; a ladder leans at the corner.",
    ),
];

pub(in crate::sample) static PRIMED: [Shot; 1] = [Shot::unmarked(
    &DRYWALL,
    "Primed, before the last coat",
    "A primed wall beside the window, with a bucket in front of it.",
)];

pub(in crate::sample) static FLOORS: [Shot; 2] = [
    Shot::shared(
        &HEXAGONS,
        "Terracotta where the wheel will stand",
        "A floor of hexagonal terracotta tile.",
    ),
    Shot::shared(
        &WOOD_FLOOR,
        "Oak at the window side",
        "Oak floor boards, oiled.",
    ),
];

pub(in crate::sample) static LIGHTS: [Shot; 2] = [
    Shot::internal(
        &ROUGH_IN,
        "The kiln's own circuit, for the file",
        "Cable and two outlet boxes in the open wall behind the panel.",
    ),
    Shot::shared(
        &PENDANTS,
        "Lights above the workbench",
        "Two green pendant lights above the workbench, lit.",
    ),
];

pub(in crate::sample) static FINISHED: [Shot; 1] = [Shot::shared(
    &ADDITION,
    "Done: the studio in the evening",
    "The finished studio beside the house, its glass doors lit from inside.",
)];

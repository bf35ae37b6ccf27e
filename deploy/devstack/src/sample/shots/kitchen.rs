//! The kitchen of the Okafors. Each batch is told from its first photo to its last.

use super::{
    CABINETS, COUNTER, DEMOLITION, DRYWALL, FRAMING, HARDWARE, HEXAGONS, KITCHEN, MARBLE, PENDANTS,
    ROUGH_IN, SUBFLOOR, SUBWAY_TILE, Shot, TILE_SAMPLES, WHITE_TILE, WOOD_FLOOR,
};

pub(in crate::sample) static OPENED_WALL: [Shot; 2] = [
    Shot::shared(
        &DEMOLITION,
        "Lath and plaster come down",
        "A hole in the plaster of the old kitchen wall shows wooden lath and three studs; rubble lies on the floor.",
    )
    .mirrored(),
    Shot::shared(
        &DEMOLITION,
        "The wall to the dining room is open",
        "The old kitchen wall, opened down to lath and studs, with a plastic sheet on one side and a window on the other.",
    ),
];

pub(in crate::sample) static NEW_WALL: [Shot; 2] = [
    Shot::internal(
        &FRAMING,
        "Header: check the nailing before drywall",
        "The window opening in the new wall, with its header and the studs above it.",
    )
    .mirrored(),
    Shot::shared(
        &FRAMING,
        "The new wall, with its window opening",
        "New wall framing with the window opening, daylight between the studs.",
    ),
];

pub(in crate::sample) static ROUGH_IN_DONE: [Shot; 2] = [
    Shot::unmarked(
        &ROUGH_IN,
        "Circuits for the counter, from the pantry side",
        "Two blue outlet boxes between studs, with yellow cable above them and copper pipe beside them.",
    )
    .mirrored(),
    Shot::unmarked(
        &ROUGH_IN,
        "Copper and outlet boxes at the sink wall",
        "Copper pipe and blue outlet boxes between the studs, before drywall.",
    ),
];

pub(in crate::sample) static DRYWALL_HANGS: [Shot; 2] = [
    Shot::shared(
        &KITCHEN,
        "Where we are going: the drawing on the site wall",
        "Drawing of the finished kitchen: green cabinets, white island, three pendant lights.",
    ),
    Shot::shared(
        &DRYWALL,
        "Drywall hangs on the long wall",
        "Drywall on the long wall, screw heads filled, with a bucket of joint compound in front of it.",
    ),
];

pub(in crate::sample) static SEAMS: [Shot; 1] = [Shot::unmarked(
    &DRYWALL,
    "Seams are taped, first coat is on",
    "Finished drywall seams before the second coat.",
)
.mirrored()];

pub(in crate::sample) static TILES_TO_CHOOSE: [Shot; 5] = [
    Shot::shared(
        &HEXAGONS,
        "Terracotta, hexagons",
        "Hexagonal terracotta tile in warm reds and oranges.",
    ),
    Shot::shared(
        &MARBLE,
        "Marble, laid on the slant",
        "Gray and white marble in slanted strips.",
    ),
    Shot::shared(
        &WHITE_TILE,
        "Handmade white",
        "Handmade white tile sample; no two squares have the same shade.",
    ),
    Shot::shared(
        &SUBWAY_TILE,
        "Fog gray, glazed",
        "Subway tile sample in fog gray.",
    ),
    Shot::shared(
        &TILE_SAMPLES,
        "Three tiles to hold against the cabinets",
        "Three tile samples on the bench: white squares, gray subway tile, and terracotta.",
    ),
];

pub(in crate::sample) static FIRST_DOORS: [Shot; 1] = [Shot::shared(
    &HARDWARE,
    "Brass pulls on the first doors",
    "Two brass pulls on green cabinet doors.",
)];

pub(in crate::sample) static BOARDS: [Shot; 1] = [Shot::unmarked(
    &WOOD_FLOOR,
    "Oak, twelve boxes",
    "Oak floor boards, close up.",
)];

pub(in crate::sample) static WATER_DAMAGE: [Shot; 2] = [
    Shot::internal(
        &SUBFLOOR,
        "Joist is soft: ask Ruth before we close it",
        "A dark hole in the floor with a joist and a drain pipe in it; a tape measure shows four feet.",
    )
    .mirrored(),
    Shot::shared(
        &SUBFLOOR,
        "Water damage at the sink wall",
        "Opened floor at the sink wall: dark stained boards around a hole, with the drain pipe and joists visible. \
         A tape measure shows about four feet.",
    ),
];

pub(in crate::sample) static WALL_CABINETS: [Shot; 1] = [Shot::shared(
    &CABINETS,
    "Wall cabinets go up",
    "Green cabinets on both sides of the window, two of them still without doors; a ladder in front.",
)
.mirrored()];

pub(in crate::sample) static TEMPLATE: [Shot; 1] = [Shot::unmarked(
    &COUNTER,
    "Template for the counter",
    "A white sheet with the cut-out for the sink, and a tape measure on it.",
)
.mirrored()];

pub(in crate::sample) static DRY_LAID: [Shot; 2] = [
    Shot::shared(
        &WHITE_TILE,
        "White, in the morning light",
        "White tile held against the wall beside the window.",
    )
    .mirrored(),
    Shot::shared(
        &SUBWAY_TILE,
        "Fog gray, laid dry above the counter",
        "Gray subway tile laid dry in rows, without grout.",
    )
    .mirrored(),
];

pub(in crate::sample) static ACCLIMATIZING: [Shot; 1] = [Shot::shared(
    &WOOD_FLOOR,
    "The oak gets used to the house",
    "Oak floor boards laid out to acclimatize.",
)
.mirrored()];

pub(in crate::sample) static TILES_LEFT: [Shot; 1] = [Shot::unmarked(
    &TILE_SAMPLES,
    "Samples for the next visit",
    "Three tile samples on the bench, with a pencil beside them.",
)
.mirrored()];

pub(in crate::sample) static PENDANTS_PLANNED: [Shot; 1] = [Shot::shared(
    &PENDANTS,
    "Where the pendants will hang",
    "Two green pendant lights, lit, held up by their cords.",
)
.mirrored()];

pub(in crate::sample) static PENDANTS_HUNG: [Shot; 1] = [Shot::shared(
    &PENDANTS,
    "Pendants, hung for a test",
    "Two green pendant lights, test hung.",
)];

pub(in crate::sample) static BASE_CABINETS: [Shot; 3] = [
    Shot::shared(
        &HARDWARE,
        "Doors are hung, pulls are on",
        "Brass pulls on the green doors of a wall cabinet.",
    )
    .mirrored(),
    Shot::shared(
        &COUNTER,
        "Sink cut-out on the sample counter",
        "Sink cut-out in a white marbled counter, with a brass faucet behind it.",
    ),
    Shot::shared(
        &CABINETS,
        "Base cabinets are in, wall cabinets follow",
        "Base and wall cabinets going in along the window wall.",
    ),
];

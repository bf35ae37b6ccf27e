//! Alder & Finch Builders of Portland, with their clients and projects.

use proto::identity::{ClientKind, ClientStatus, Role};
use proto::projects::{
    FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility, ProjectType,
    ScheduleVisibility,
};

use super::{
    ALL_RIGHTS, Client, Contact, EVERYTHING, MAY_ONLY_LOOK, Member, Organization, OwnPhase, Place,
    Plan, Project, Seen,
};

pub(in crate::sample) static ALDER: Organization = Organization {
    slug: "alder",
    name: "Alder & Finch Builders",
    time_zone: "America/Los_Angeles",
    colors: ["#1f5b4b", "#c9a77c", "#b8572f"],
    logo: Some(include_str!("alder.svg")),
    phone: "(503) 555-0142",
    email: "office@alderfinch.example",
    website: "https://alderfinch.example",
    address: "1830 SE Belmont Street, Portland, OR 97214",
    welcome_text: "Welcome. Here you can follow your project day by day: where it stands, what comes next, \
        and what it costs. Call us whenever something is unclear; we would rather answer twice than have you wonder.",
    owner: &RUTH,
    manager: &TOMAS,
    field: &DANA,
    clients: &[&OKAFOR, &MOREAU, &BRANDT],
};

pub(in crate::sample) static RUTH: Member = Member {
    name: "Ruth Finch",
    email: "ruth@alderfinch.example",
    role: Role::Owner,
};
pub(in crate::sample) static TOMAS: Member = Member {
    name: "Tomás Reyes",
    email: "tomas@alderfinch.example",
    role: Role::Pm,
};
pub(in crate::sample) static DANA: Member = Member {
    name: "Dana Whitfield",
    email: "dana@alderfinch.example",
    role: Role::Field,
};

static LARKSPUR_LANE: Place = Place {
    line1: "214 Larkspur Lane",
    city: "Portland",
    region: "OR",
    postal_code: "97214",
    label: "Home",
};
static RIDGE_ROAD: Place = Place {
    line1: "88 Ridge Road",
    city: "Portland",
    region: "OR",
    postal_code: "97210",
    label: "Site",
};
static POST_OFFICE_BOX: Place = Place {
    line1: "PO Box 1120",
    city: "Portland",
    region: "OR",
    postal_code: "97207",
    label: "Billing",
};
static TILLAMOOK_STREET: Place = Place {
    line1: "3407 NE Tillamook Street",
    city: "Portland",
    region: "OR",
    postal_code: "97212",
    label: "Home",
};

pub(in crate::sample) static OKAFOR: Client = Client {
    name: "Maya and Daniel Okafor",
    kind: ClientKind::Individual,
    status: ClientStatus::Active,
    phone: "(503) 555-0177",
    best_time: "After 4 pm",
    source: "Referral",
    tags: &["kitchen", "addition"],
    notes: "Came through the Hendersons. Dog in the yard: keep the side gate shut. \
        Maya decides, Daniel wants to see the numbers first.",
    addresses: &[&LARKSPUR_LANE],
    contacts: &[&MAYA, &DANIEL],
};
pub(in crate::sample) static MAYA: Contact = Contact {
    name: "Maya Okafor",
    email: "maya@okafor.example",
    mistyped: None,
    phone: "(503) 555-0177",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client, mailed once a day",
};
pub(in crate::sample) static DANIEL: Contact = Contact {
    name: "Daniel Okafor",
    email: "daniel@okafor.example",
    mistyped: None,
    phone: "(503) 555-0178",
    relation: "Spouse",
    rights: MAY_ONLY_LOOK,
    remark: "client, may only look",
};

pub(in crate::sample) static MOREAU: Client = Client {
    name: "Ines Moreau",
    kind: ClientKind::Individual,
    status: ClientStatus::Active,
    phone: "(503) 555-0131",
    best_time: "Before noon",
    source: "Website",
    tags: &["loft"],
    notes: "Travels a lot and answers mail late. Prefers a call.",
    addresses: &[&RIDGE_ROAD, &POST_OFFICE_BOX],
    contacts: &[&INES],
};
pub(in crate::sample) static INES: Contact = Contact {
    name: "Ines Moreau",
    email: "ines@moreau.example",
    mistyped: None,
    phone: "(503) 555-0131",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client, invited: no password yet, the link is among the mails",
};

pub(in crate::sample) static BRANDT: Client = Client {
    name: "Hal Brandt",
    kind: ClientKind::Individual,
    status: ClientStatus::Active,
    phone: "(503) 555-0164",
    best_time: "",
    source: "Yard sign",
    tags: &["bath"],
    notes: "Second project with us: new windows in 2023.",
    addresses: &[&TILLAMOOK_STREET],
    contacts: &[&HAL],
};
pub(in crate::sample) static HAL: Contact = Contact {
    name: "Hal Brandt",
    email: "hal@brandt.example",
    mistyped: None,
    phone: "(503) 555-0164",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client",
};

pub(in crate::sample) static KITCHEN: Project = Project {
    name: "Kitchen remodel",
    client: &OKAFOR,
    kind: ProjectType::Kitchen,
    site: &LARKSPUR_LANE,
    point: (45_512_000, -122_622_000),
    start: -64,
    plan: Plan::Template("kitchen"),
    done: &[100, 100, 100, 80],
    contract: 8_640_000,
    visibility: Seen {
        photos: PhotosVisibility::Selected,
        ..EVERYTHING
    },
};
pub(in crate::sample) static ADDITION: Project = Project {
    name: "House addition",
    client: &OKAFOR,
    kind: ProjectType::Addition,
    site: &LARKSPUR_LANE,
    point: (45_512_000, -122_622_000),
    start: -33,
    plan: Plan::Template("addition"),
    done: &[60],
    contract: 24_850_000,
    visibility: Seen {
        logs: LogsVisibility::Summarized,
        financials: FinancialsVisibility::Summary,
        ..EVERYTHING
    },
};
pub(in crate::sample) static BATH: Project = Project {
    name: "Bath refresh",
    client: &BRANDT,
    kind: ProjectType::Bathroom,
    site: &TILLAMOOK_STREET,
    point: (45_537_000, -122_627_000),
    start: -42,
    plan: Plan::Template("bathroom"),
    done: &[100, 100, 100, 60],
    contract: 2_790_000,
    visibility: Seen {
        photos: PhotosVisibility::Selected,
        schedule: ScheduleVisibility::Milestones,
        ..EVERYTHING
    },
};
pub(in crate::sample) static LOFT: Project = Project {
    name: "Ridge Road loft",
    client: &MOREAU,
    kind: ProjectType::Other,
    site: &RIDGE_ROAD,
    point: (45_531_000, -122_715_000),
    start: -60,
    plan: Plan::Own(&[
        OwnPhase {
            name: "Design and permits",
            weight: 10,
            duration: 10,
            milestone: Some("Permits approved"),
        },
        OwnPhase {
            name: "Structure and stairs",
            weight: 30,
            duration: 15,
            milestone: Some("Stairs installed"),
        },
        OwnPhase {
            name: "Insulation and drywall",
            weight: 25,
            duration: 12,
            milestone: None,
        },
        OwnPhase {
            name: "Trim and paint",
            weight: 20,
            duration: 10,
            milestone: Some("Paint done"),
        },
        OwnPhase {
            name: "Steel railing and final walk-through",
            weight: 15,
            duration: 6,
            milestone: Some("Final walk-through with you"),
        },
    ]),
    done: &[100, 100, 100, 10],
    contract: 6_420_000,
    visibility: Seen {
        progress: ProgressVisibility::Hide,
        photos: PhotosVisibility::None,
        logs: LogsVisibility::Hide,
        schedule: ScheduleVisibility::Milestones,
        financials: FinancialsVisibility::Hide,
    },
};

//! Who and what the sample is made of. Names, addresses and amounts are always the same.

use proto::identity::{ClientKind, ClientStatus, PostalAddress, Rights, Role};
use proto::projects::{
    FinancialsVisibility, LogsVisibility, PhotosVisibility, ProgressVisibility, ProjectType,
    ScheduleVisibility,
};

/// Everybody's.
pub(super) const PASSWORD: &str = "a porch with a view";

pub(super) struct Organization {
    /// The first label of its host.
    pub(super) slug: &'static str,
    pub(super) name: &'static str,
    pub(super) time_zone: &'static str,
    /// Primary, secondary, accent.
    pub(super) colors: [&'static str; 3],
    pub(super) phone: &'static str,
    pub(super) email: &'static str,
    pub(super) website: &'static str,
    pub(super) address: &'static str,
    pub(super) welcome_text: &'static str,
    pub(super) owner: &'static Member,
    pub(super) manager: &'static Member,
    pub(super) field: &'static Member,
    pub(super) clients: &'static [&'static Client],
}

impl Organization {
    pub(super) fn team(&self) -> [&'static Member; 3] {
        [self.owner, self.manager, self.field]
    }

    pub(super) fn contacts(&self) -> impl Iterator<Item = (&'static Client, &'static Contact)> {
        self.clients.iter().flat_map(|client| {
            client
                .contacts
                .iter()
                .map(move |contact| (*client, *contact))
        })
    }
}

pub(super) struct Member {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    pub(super) role: Role,
}

pub(super) struct Client {
    pub(super) name: &'static str,
    pub(super) kind: ClientKind,
    pub(super) status: ClientStatus,
    pub(super) phone: &'static str,
    pub(super) best_time: &'static str,
    pub(super) source: &'static str,
    pub(super) tags: &'static [&'static str],
    pub(super) notes: &'static str,
    pub(super) addresses: &'static [&'static Place],
    /// The main contact first.
    pub(super) contacts: &'static [&'static Contact],
}

pub(super) struct Contact {
    pub(super) name: &'static str,
    pub(super) email: &'static str,
    /// What the office wrote down at first, where it mistyped the address.
    pub(super) mistyped: Option<&'static str>,
    pub(super) phone: &'static str,
    pub(super) relation: &'static str,
    pub(super) rights: Rights,
    /// What the person is, for who reads the list of sign-ins.
    pub(super) remark: &'static str,
}

impl Contact {
    pub(super) fn first_email(&self) -> &'static str {
        self.mistyped.unwrap_or(self.email)
    }
}

pub(super) struct Place {
    pub(super) line1: &'static str,
    pub(super) city: &'static str,
    pub(super) region: &'static str,
    pub(super) postal_code: &'static str,
    pub(super) label: &'static str,
}

impl Place {
    pub(super) fn postal_address(&self) -> PostalAddress {
        PostalAddress {
            line1: self.line1.to_owned(),
            line2: String::new(),
            city: self.city.to_owned(),
            region: self.region.to_owned(),
            postal_code: self.postal_code.to_owned(),
            label: self.label.to_owned(),
        }
    }
}

pub(super) struct Project {
    pub(super) name: &'static str,
    pub(super) client: &'static Client,
    pub(super) kind: ProjectType,
    pub(super) site: &'static Place,
    /// Latitude and longitude in millionths of a degree.
    pub(super) point: (i32, i32),
    /// In working days from today.
    pub(super) start: i32,
    pub(super) plan: Plan,
    /// Progress of the first phases when the project was entered, in percent.
    pub(super) done: &'static [i32],
    /// In cents.
    pub(super) contract: i64,
    pub(super) visibility: Seen,
}

/// Where the phases come from.
pub(super) enum Plan {
    Template(&'static str),
    Own(&'static [OwnPhase]),
}

pub(super) struct OwnPhase {
    pub(super) name: &'static str,
    pub(super) weight: i32,
    /// In working days.
    pub(super) duration: i32,
    pub(super) milestone: Option<&'static str>,
}

/// What clients see of a project.
pub(super) struct Seen {
    pub(super) progress: ProgressVisibility,
    pub(super) photos: PhotosVisibility,
    pub(super) logs: LogsVisibility,
    pub(super) schedule: ScheduleVisibility,
    pub(super) financials: FinancialsVisibility,
}

const EVERYTHING: Seen = Seen {
    progress: ProgressVisibility::Show,
    photos: PhotosVisibility::All,
    logs: LogsVisibility::Share,
    schedule: ScheduleVisibility::Full,
    financials: FinancialsVisibility::Full,
};

const ALL_RIGHTS: Rights = Rights {
    view_financials: true,
    approve: true,
    pay: true,
    message: true,
};
const MAY_ONLY_LOOK: Rights = Rights {
    view_financials: true,
    approve: false,
    pay: false,
    message: false,
};
/// Architects talk about the work and never see money.
const MAY_ONLY_WRITE: Rights = Rights {
    view_financials: false,
    approve: false,
    pay: false,
    message: true,
};

pub(super) static ORGANIZATIONS: [&Organization; 2] = [&ALDER, &BLUESTONE];

pub(super) static ALDER: Organization = Organization {
    slug: "alder",
    name: "Alder & Finch Builders",
    time_zone: "America/Los_Angeles",
    colors: ["#1f5b4b", "#c9a77c", "#b8572f"],
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

pub(super) static RUTH: Member = Member {
    name: "Ruth Finch",
    email: "ruth@alderfinch.example",
    role: Role::Owner,
};
pub(super) static TOMAS: Member = Member {
    name: "Tomás Reyes",
    email: "tomas@alderfinch.example",
    role: Role::Pm,
};
pub(super) static DANA: Member = Member {
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

pub(super) static OKAFOR: Client = Client {
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
pub(super) static MAYA: Contact = Contact {
    name: "Maya Okafor",
    email: "maya@okafor.example",
    mistyped: None,
    phone: "(503) 555-0177",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client, mailed once a day",
};
pub(super) static DANIEL: Contact = Contact {
    name: "Daniel Okafor",
    email: "daniel@okafor.example",
    mistyped: None,
    phone: "(503) 555-0178",
    relation: "Spouse",
    rights: MAY_ONLY_LOOK,
    remark: "client, may only look",
};

pub(super) static MOREAU: Client = Client {
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
pub(super) static INES: Contact = Contact {
    name: "Ines Moreau",
    email: "ines@moreau.example",
    mistyped: None,
    phone: "(503) 555-0131",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client, invited: no password yet, the link is among the mails",
};

pub(super) static BRANDT: Client = Client {
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
pub(super) static HAL: Contact = Contact {
    name: "Hal Brandt",
    email: "hal@brandt.example",
    mistyped: None,
    phone: "(503) 555-0164",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client",
};

pub(super) static KITCHEN: Project = Project {
    name: "Kitchen remodel",
    client: &OKAFOR,
    kind: ProjectType::Kitchen,
    site: &LARKSPUR_LANE,
    point: (45_512_000, -122_622_000),
    start: -64,
    plan: Plan::Template("kitchen"),
    done: &[100, 100, 100, 80],
    contract: 8_640_000,
    visibility: EVERYTHING,
};
pub(super) static ADDITION: Project = Project {
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
pub(super) static BATH: Project = Project {
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
pub(super) static LOFT: Project = Project {
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

pub(super) static BLUESTONE: Organization = Organization {
    slug: "bluestone",
    name: "Bluestone Design-Build",
    time_zone: "America/Denver",
    colors: ["#2f5bea", "#0f1f3d", "#e08a1e"],
    phone: "(303) 555-0119",
    email: "hello@bluestone.example",
    website: "https://bluestone.example",
    address: "2745 Walnut Street, Denver, CO 80205",
    welcome_text: "Hello from Bluestone. This is the place for everything about your project, \
        from the first permit to the last coat of paint.",
    owner: &NADIA,
    manager: &OWEN,
    field: &SAM,
    clients: &[&HOLT, &TALLGRASS],
};

pub(super) static NADIA: Member = Member {
    name: "Nadia Torres",
    email: "nadia@bluestone.example",
    role: Role::Owner,
};
pub(super) static OWEN: Member = Member {
    name: "Owen Pratt",
    email: "owen@bluestone.example",
    role: Role::Pm,
};
pub(super) static SAM: Member = Member {
    name: "Sam Whitlock",
    email: "sam@bluestone.example",
    role: Role::Field,
};

static ALCOTT_STREET: Place = Place {
    line1: "3122 Alcott Street",
    city: "Denver",
    region: "CO",
    postal_code: "80211",
    label: "Home",
};
static PEARL_STREET: Place = Place {
    line1: "1460 South Pearl Street",
    city: "Denver",
    region: "CO",
    postal_code: "80210",
    label: "Site",
};
static BLAKE_STREET: Place = Place {
    line1: "1899 Blake Street",
    city: "Denver",
    region: "CO",
    postal_code: "80202",
    label: "Office",
};

pub(super) static HOLT: Client = Client {
    name: "Lena Holt",
    kind: ClientKind::Individual,
    status: ClientStatus::Active,
    phone: "(720) 555-0186",
    best_time: "Evenings",
    source: "Referral",
    tags: &["studio"],
    notes: "Potter; the kiln needs a circuit of its own.",
    addresses: &[&ALCOTT_STREET],
    contacts: &[&LENA],
};
pub(super) static LENA: Contact = Contact {
    name: "Lena Holt",
    email: "lena@holt.example",
    mistyped: None,
    phone: "(720) 555-0186",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client",
};

pub(super) static TALLGRASS: Client = Client {
    name: "Tallgrass Property Group",
    kind: ClientKind::Company,
    status: ClientStatus::Active,
    phone: "(303) 555-0150",
    best_time: "Weekdays, 9 to 5",
    source: "Bid",
    tags: &["company", "rental"],
    notes: "Owns eleven duplexes south of downtown. Pays within 30 days.",
    addresses: &[&PEARL_STREET, &BLAKE_STREET],
    contacts: &[&GRANT, &PRIYA],
};
pub(super) static GRANT: Contact = Contact {
    name: "Grant Weller",
    email: "grant@tallgrass.example",
    mistyped: None,
    phone: "(303) 555-0151",
    relation: "Property manager",
    rights: ALL_RIGHTS,
    remark: "client, mailed once a week",
};
pub(super) static PRIYA: Contact = Contact {
    name: "Priya Raman",
    email: "priya@tallgrass.example",
    mistyped: Some("priya@tallgras.example"),
    phone: "(303) 555-0152",
    relation: "Architect",
    rights: MAY_ONLY_WRITE,
    remark: "client, mailed only when asked to decide",
};

pub(super) static STUDIO: Project = Project {
    name: "Garage studio",
    client: &HOLT,
    kind: ProjectType::Addition,
    site: &ALCOTT_STREET,
    point: (39_761_000, -105_018_000),
    start: -123,
    plan: Plan::Template("addition"),
    done: &[100, 100, 100, 100, 100, 100, 40],
    contract: 11_875_000,
    visibility: EVERYTHING,
};
pub(super) static DUPLEX: Project = Project {
    name: "Pearl Street duplex",
    client: &TALLGRASS,
    kind: ProjectType::Exterior,
    site: &PEARL_STREET,
    point: (39_690_000, -104_980_000),
    start: -30,
    plan: Plan::Template("exterior"),
    done: &[80],
    contract: 9_230_000,
    visibility: Seen {
        logs: LogsVisibility::Summarized,
        financials: FinancialsVisibility::Summary,
        ..EVERYTHING
    },
};

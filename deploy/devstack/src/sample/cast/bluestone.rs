//! Bluestone Design-Build of Denver, with their clients and projects.

use proto::identity::{ClientKind, ClientStatus, Role};
use proto::projects::{FinancialsVisibility, LogsVisibility, ProjectType};

use super::{
    ALL_RIGHTS, Client, Contact, EVERYTHING, MAY_ONLY_WRITE, Member, Organization, Place, Plan,
    Project, Seen,
};

pub(in crate::sample) static BLUESTONE: Organization = Organization {
    slug: "bluestone",
    name: "Bluestone Design-Build",
    time_zone: "America/Denver",
    colors: ["#2f5bea", "#0f1f3d", "#e08a1e"],
    logo: None,
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

pub(in crate::sample) static NADIA: Member = Member {
    name: "Nadia Torres",
    email: "nadia@bluestone.example",
    role: Role::Owner,
};
pub(in crate::sample) static OWEN: Member = Member {
    name: "Owen Pratt",
    email: "owen@bluestone.example",
    role: Role::Pm,
};
pub(in crate::sample) static SAM: Member = Member {
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

pub(in crate::sample) static HOLT: Client = Client {
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
pub(in crate::sample) static LENA: Contact = Contact {
    name: "Lena Holt",
    email: "lena@holt.example",
    mistyped: None,
    phone: "(720) 555-0186",
    relation: "",
    rights: ALL_RIGHTS,
    remark: "client",
};

pub(in crate::sample) static TALLGRASS: Client = Client {
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
pub(in crate::sample) static GRANT: Contact = Contact {
    name: "Grant Weller",
    email: "grant@tallgrass.example",
    mistyped: None,
    phone: "(303) 555-0151",
    relation: "Property manager",
    rights: ALL_RIGHTS,
    remark: "client, mailed once a week",
};
pub(in crate::sample) static PRIYA: Contact = Contact {
    name: "Priya Raman",
    email: "priya@tallgrass.example",
    mistyped: Some("priya@tallgras.example"),
    phone: "(303) 555-0152",
    relation: "Architect",
    rights: MAY_ONLY_WRITE,
    remark: "client, mailed only when asked to decide",
};

pub(in crate::sample) static STUDIO: Project = Project {
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
pub(in crate::sample) static DUPLEX: Project = Project {
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

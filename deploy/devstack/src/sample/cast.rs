//! Who and what the sample is made of. Names, addresses and amounts are always the same.

pub(super) mod alder;
pub(super) mod bluestone;

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
    /// SVG.
    pub(super) logo: Option<&'static str>,
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

pub(super) static ORGANIZATIONS: [&Organization; 2] = [&alder::ALDER, &bluestone::BLUESTONE];

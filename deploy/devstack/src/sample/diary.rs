//! What happens in the sample, moment by moment.

use anyhow::Result;
use jiff::Timestamp;
use proto::notifications::Frequency;
use proto::projects::ProjectStatus;

use super::calendar::Calendar;
use super::cast::alder::{
    ADDITION, ALDER, BATH, DANA, DANIEL, HAL, INES, KITCHEN, LOFT, MAYA, TOMAS,
};
use super::cast::bluestone::{BLUESTONE, DUPLEX, GRANT, HOLT, LENA, OWEN, PRIYA, SAM, STUDIO};
use super::cast::{Client, Contact, Member, Organization, Project};
use super::shots::{Shot, kitchen, studio};

use Deed::{
    Accept, AddPhotos, BecomePast, CorrectAddress, EnterClients, EnterProject, Invite, InviteAgain,
    InviteTeam, Join, Progress, SetStatus, SharePhotos, SignUp, Visit,
};

pub(super) struct Entry {
    /// In working days from today.
    day: i32,
    /// Hour and minute on the organization's clocks.
    time: (i8, i8),
    pub(super) organization: &'static Organization,
    pub(super) deed: Deed,
    /// What the person at the terminal reads.
    pub(super) line: &'static str,
}

impl Entry {
    pub(super) fn moment(&self, calendar: Calendar) -> Result<Timestamp> {
        calendar.moment(self.day, self.time, self.organization.time_zone)
    }
}

pub(super) enum Deed {
    /// The owner signs up, confirms the address, and enters what is known of the company.
    SignUp,
    /// The owner invites project manager and crew.
    InviteTeam,
    Join(&'static Member),
    /// The owner enters every client.
    EnterClients,
    /// The project manager enters a project, as far as it has come.
    EnterProject(&'static Project),
    /// The owner gives a contact a sign-in.
    Invite(&'static Contact),
    /// The owner invites a contact who did not answer once more.
    InviteAgain(&'static Contact),
    /// The owner finds out that an invitation bounced, and corrects the address.
    CorrectAddress(&'static Contact),
    Accept(&'static Contact, Frequency),
    /// A client looks at the photos and reads all news.
    Visit(&'static Contact),
    /// The project manager moves a phase to so many percent.
    Progress(&'static Project, &'static str, i32),
    /// The project manager changes where a project stands.
    SetStatus(&'static Project, ProjectStatus),
    /// Somebody of the team adds photos of a phase.
    AddPhotos(
        &'static Project,
        &'static Member,
        &'static str,
        &'static [Shot],
    ),
    /// The project manager shares what nobody has marked yet of a phase.
    SharePhotos(&'static Project, &'static str),
    /// The owner notes that a client's work is done.
    BecomePast(&'static Client),
}

const fn alder(day: i32, time: (i8, i8), deed: Deed, line: &'static str) -> Entry {
    Entry {
        day,
        time,
        organization: &ALDER,
        deed,
        line,
    }
}

const fn bluestone(day: i32, time: (i8, i8), deed: Deed, line: &'static str) -> Entry {
    Entry {
        day,
        time,
        organization: &BLUESTONE,
        deed,
        line,
    }
}

/// Denver's clocks are an hour ahead: what stands in pairs below happens at the same moment, and
/// is done at the same time.
#[rustfmt::skip]
pub(super) static DIARY: &[Entry] = &[
    alder(-24, (9, 5), SignUp, "Ruth Finch signs up Alder & Finch Builders"),
    bluestone(-24, (10, 5), SignUp, "Nadia Torres signs up Bluestone Design-Build"),
    alder(-24, (9, 40), InviteTeam, "Ruth invites Tomás and Dana"),
    bluestone(-24, (10, 40), InviteTeam, "Nadia invites Owen and Sam"),
    alder(-24, (10, 15), Join(&TOMAS), "Tomás Reyes joins"),
    alder(-24, (10, 15), Join(&DANA), "Dana Whitfield joins"),
    bluestone(-24, (11, 15), Join(&OWEN), "Owen Pratt joins"),
    bluestone(-24, (11, 15), Join(&SAM), "Sam Whitlock joins"),
    alder(-23, (9, 30), EnterClients, "Ruth enters three clients"),
    bluestone(-23, (10, 30), EnterClients, "Nadia enters two clients"),
    alder(-23, (10, 20), EnterProject(&ADDITION), "Tomás enters the Okafors' addition"),
    bluestone(-23, (11, 20), EnterProject(&STUDIO), "Owen enters Lena Holt's studio"),
    alder(-23, (10, 45), EnterProject(&KITCHEN), "Tomás enters the Okafors' kitchen"),
    bluestone(-23, (11, 45), EnterProject(&DUPLEX), "Owen enters the duplex on Pearl Street"),
    alder(-23, (11, 10), EnterProject(&BATH), "Tomás enters Hal Brandt's bath"),
    alder(-23, (11, 35), EnterProject(&LOFT), "Tomás enters Ines Moreau's loft"),
    bluestone(-23, (12, 10), AddPhotos(&STUDIO, &OWEN, "Site preparation and foundation", &studio::FOUNDATION), "Owen adds a photo of the studio's foundation"),
    bluestone(-23, (12, 10), AddPhotos(&STUDIO, &OWEN, "Framing and roof", &studio::FRAME), "Owen adds two photos of its frame"),
    bluestone(-23, (12, 10), AddPhotos(&STUDIO, &OWEN, "Windows, doors and siding", &studio::CLOSED_IN), "Owen adds two photos of it closed in"),
    alder(-23, (11, 50), AddPhotos(&KITCHEN, &TOMAS, "Demolition", &kitchen::OPENED_WALL), "Tomás adds two photos of the opened wall"),
    alder(-23, (11, 50), AddPhotos(&KITCHEN, &TOMAS, "Framing and structure", &kitchen::NEW_WALL), "Tomás adds two photos of the new one"),
    alder(-22, (9, 15), Invite(&MAYA), "Ruth invites Maya"),
    alder(-22, (9, 15), Invite(&DANIEL), "Ruth invites Daniel"),
    alder(-22, (9, 15), Invite(&HAL), "Ruth invites Hal"),
    bluestone(-22, (10, 15), Invite(&LENA), "Nadia invites Lena"),
    bluestone(-22, (10, 15), Invite(&GRANT), "Nadia invites Grant"),
    bluestone(-22, (10, 15), Invite(&PRIYA), "Nadia invites Priya, and mistypes the address"),
    alder(-22, (18, 40), Accept(&MAYA, Frequency::Daily), "Maya accepts"),
    alder(-21, (7, 50), Accept(&DANIEL, Frequency::Instant), "Daniel accepts"),
    alder(-21, (7, 50), Accept(&HAL, Frequency::Instant), "Hal accepts"),
    bluestone(-21, (8, 50), Accept(&LENA, Frequency::Instant), "Lena accepts"),
    bluestone(-21, (8, 50), Accept(&GRANT, Frequency::Weekly), "Grant accepts"),
    bluestone(-21, (9, 30), CorrectAddress(&PRIYA), "Nadia sees the bounce and corrects Priya's address"),
    alder(-21, (15, 20), Progress(&KITCHEN, "Plumbing and electrical", 100), "The kitchen's rough-in passes inspection"),
    alder(-21, (15, 20), AddPhotos(&KITCHEN, &DANA, "Plumbing and electrical", &kitchen::ROUGH_IN_DONE), "Dana adds two photos of pipes and boxes"),
    bluestone(-21, (16, 20), Accept(&PRIYA, Frequency::Critical), "Priya accepts"),
    alder(-21, (15, 50), SharePhotos(&KITCHEN, "Plumbing and electrical"), "Tomás shares them with the Okafors"),
    alder(-20, (9, 20), Invite(&INES), "Ruth invites Ines"),
    alder(-20, (16, 5), Progress(&BATH, "Waterproofing and drywall", 100), "The bath is waterproof"),
    bluestone(-20, (17, 5), Progress(&DUPLEX, "Planning and materials", 100), "Siding and shingles are at the duplex"),
    bluestone(-20, (17, 5), AddPhotos(&STUDIO, &SAM, "Interior finishes", &studio::PRIMED), "Sam adds a photo of the primed studio"),
    alder(-19, (18, 22), Visit(&MAYA), "Maya looks in"),
    alder(-17, (15, 50), Progress(&KITCHEN, "Drywall and paint", 40), "Drywall hangs in the kitchen"),
    bluestone(-17, (16, 50), Progress(&DUPLEX, "Preparation and repairs", 100), "The duplex's old siding is off"),
    alder(-17, (15, 50), AddPhotos(&KITCHEN, &TOMAS, "Drywall and paint", &kitchen::DRYWALL_HANGS), "Tomás adds two photos of the drywall"),
    bluestone(-17, (16, 50), AddPhotos(&STUDIO, &OWEN, "Interior finishes", &studio::FLOORS), "Owen adds two photos of the studio's floors"),
    alder(-14, (11, 25), Progress(&ADDITION, "Design and permits", 100), "The city approves the addition"),
    bluestone(-14, (12, 25), Progress(&STUDIO, "Interior finishes", 100), "The studio is painted"),
    alder(-14, (11, 25), AddPhotos(&KITCHEN, &DANA, "Drywall and paint", &kitchen::SEAMS), "Dana adds a photo of the seams"),
    bluestone(-14, (12, 25), AddPhotos(&STUDIO, &OWEN, "Interior finishes", &studio::LIGHTS), "Owen adds two photos of the studio's lights"),
    alder(-14, (16, 10), Progress(&BATH, "Tile", 100), "The bath is tiled"),
    alder(-14, (20, 15), Visit(&DANIEL), "Daniel looks in"),
    bluestone(-14, (21, 15), Visit(&PRIYA), "Priya looks in"),
    alder(-11, (15, 5), Progress(&KITCHEN, "Drywall and paint", 100), "Drywall and paint are done in the kitchen"),
    alder(-11, (15, 5), SharePhotos(&KITCHEN, "Drywall and paint"), "Tomás shares the photo of the seams"),
    alder(-11, (16, 0), AddPhotos(&KITCHEN, &TOMAS, "Tile and flooring", &kitchen::TILES_TO_CHOOSE), "Tomás adds five photos of tiles to choose from"),
    alder(-11, (18, 40), Visit(&MAYA), "Maya looks in"),
    alder(-10, (16, 0), Progress(&ADDITION, "Site preparation and foundation", 30), "The addition's footings are dug"),
    alder(-10, (16, 30), Progress(&KITCHEN, "Cabinets and counters", 10), "Cabinets arrive at the Okafors'"),
    alder(-10, (16, 30), AddPhotos(&KITCHEN, &DANA, "Tile and flooring", &kitchen::BOARDS), "Dana adds a photo of the oak boards"),
    alder(-10, (16, 30), AddPhotos(&KITCHEN, &TOMAS, "Cabinets and counters", &kitchen::FIRST_DOORS), "Tomás adds a photo of the first doors"),
    alder(-9, (14, 30), Progress(&BATH, "Vanity, fixtures and glass", 100), "Vanity and glass are in at Hal's"),
    bluestone(-9, (15, 30), Progress(&DUPLEX, "Roofing and gutters", 100), "The duplex has its new roof"),
    alder(-9, (17, 15), SetStatus(&LOFT, ProjectStatus::OnHold), "The loft waits for its steel railing"),
    alder(-9, (19, 30), Visit(&HAL), "Hal looks in"),
    alder(-8, (15, 40), Progress(&BATH, "Paint and final walk-through", 25), "First coat in the bath; then the painter falls ill"),
    bluestone(-8, (16, 40), Progress(&STUDIO, "Final inspection and walk-through", 100), "Lena walks through her studio"),
    alder(-8, (15, 40), AddPhotos(&KITCHEN, &TOMAS, "Cabinets and counters", &kitchen::WATER_DAMAGE), "Tomás adds two photos of water damage at the sink wall"),
    bluestone(-8, (16, 40), AddPhotos(&STUDIO, &OWEN, "Final inspection and walk-through", &studio::FINISHED), "Owen adds a photo of the finished studio"),
    bluestone(-7, (9, 10), SetStatus(&STUDIO, ProjectStatus::Finished), "Owen closes the studio"),
    bluestone(-7, (9, 25), Visit(&GRANT), "Grant looks in"),
    bluestone(-7, (19, 5), Visit(&LENA), "Lena looks in"),
    bluestone(-6, (11, 0), BecomePast(&HOLT), "Nadia files Lena as a past client"),
    alder(-6, (16, 20), Progress(&KITCHEN, "Cabinets and counters", 30), "Wall cabinets go up"),
    alder(-6, (16, 20), AddPhotos(&KITCHEN, &TOMAS, "Cabinets and counters", &kitchen::WALL_CABINETS), "Tomás adds a photo of the wall cabinets"),
    bluestone(-5, (16, 45), Progress(&DUPLEX, "Siding and trim", 70), "Two sides of the duplex have new siding"),
    alder(-5, (15, 45), AddPhotos(&KITCHEN, &DANA, "Cabinets and counters", &kitchen::TEMPLATE), "Dana adds a photo of the template for the counter"),
    alder(-4, (9, 45), InviteAgain(&INES), "Ruth sends Ines a new invitation"),
    alder(-4, (14, 30), SharePhotos(&KITCHEN, "Cabinets and counters"), "Tomás shares it"),
    alder(-4, (15, 10), AddPhotos(&KITCHEN, &TOMAS, "Tile and flooring", &kitchen::DRY_LAID), "Tomás adds two photos of tile, laid dry"),
    alder(-3, (16, 20), Progress(&ADDITION, "Site preparation and foundation", 75), "The addition's foundation is poured"),
    alder(-3, (16, 20), AddPhotos(&KITCHEN, &TOMAS, "Fixtures and final walk-through", &kitchen::PENDANTS_PLANNED), "Tomás adds a photo of the pendants"),
    alder(-3, (19, 10), Visit(&MAYA), "Maya looks at the photos"),
    alder(-1, (10, 30), AddPhotos(&KITCHEN, &TOMAS, "Tile and flooring", &kitchen::ACCLIMATIZING), "Tomás adds a photo of the oak floor"),
    alder(-1, (10, 30), AddPhotos(&KITCHEN, &DANA, "Tile and flooring", &kitchen::TILES_LEFT), "Dana adds a photo of the samples that are left"),
    alder(-1, (13, 20), AddPhotos(&KITCHEN, &TOMAS, "Fixtures and final walk-through", &kitchen::PENDANTS_HUNG), "Tomás adds a photo of the pendants, hung"),
    alder(-1, (15, 45), Progress(&ADDITION, "Site preparation and foundation", 100), "The addition's foundation passes inspection"),
    alder(-1, (16, 10), Progress(&KITCHEN, "Cabinets and counters", 55), "Base cabinets are in"),
    alder(-1, (16, 10), AddPhotos(&KITCHEN, &TOMAS, "Cabinets and counters", &kitchen::BASE_CABINETS), "Tomás adds three photos of the cabinets"),
];

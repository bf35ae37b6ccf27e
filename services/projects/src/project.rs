//! What people enter about a project.

use jiff::{civil::Date, tz::TimeZone};
use proto::projects::{MapPoint, Project, ProjectStatus, ProjectType, SiteAddress};
use service::{Error, Result, Violations, clock, mask::Fields, text::is_line};
use uuid::Uuid;

use crate::{day, parts::Parts, state::State as _};

/// The fields that an update may name.
pub(crate) const FIELDS: [&str; 9] = [
    "name",
    "type",
    "status",
    "address",
    "start_date",
    "planned_finish",
    "manager_id",
    "member_ids",
    "time_zone",
];

const TEXT_LENGTH: usize = 200;
const POSTAL_CODE_LENGTH: usize = 20;
const MOST_MEMBERS: usize = 100;
const TOO_LONG: &str = "Use one line of 200 characters at most";

/// What people enter about a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    pub(crate) name: String,
    pub(crate) project_type: ProjectType,
    pub(crate) status: ProjectStatus,
    pub(crate) address: Address,
    pub(crate) start_date: Option<Date>,
    pub(crate) planned_finish: Option<Date>,
    pub(crate) manager: Uuid,
    /// In order, without repetition.
    pub(crate) members: Vec<Uuid>,
    /// IANA name.
    pub(crate) time_zone: String,
}

/// Where the site is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) line1: String,
    pub(crate) city: String,
    pub(crate) region: String,
    pub(crate) postal_code: String,
    pub(crate) point: Option<Point>,
}

/// A point on the map, in millionths of a degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) latitude: i32,
    pub(crate) longitude: i32,
}

impl Details {
    /// Reads what a new project starts with.
    ///
    /// Without a manager, whoever creates it is that; without a status, the start date says whether work has begun.
    pub(crate) fn of_new(message: &Project, creator: Uuid, violations: &mut Violations) -> Self {
        let mut details = Self {
            name: String::new(),
            project_type: ProjectType::Other,
            status: ProjectStatus::Planned,
            address: Address::default(),
            start_date: None,
            planned_finish: None,
            manager: creator,
            members: Vec::new(),
            time_zone: String::new(),
        };
        let says_no_status = message.status == ProjectStatus::Unspecified as i32;
        let mut fields = Fields::all(&FIELDS);
        if says_no_status {
            fields = fields.without("status");
        }
        if message.manager_id.is_empty() {
            fields = fields.without("manager_id");
        }
        details.apply(message, &fields, violations);
        // where the time zone is none, that is a violation already
        if says_no_status
            && let (Some(start), Ok(today)) = (details.start_date, details.today())
            && start <= today
        {
            details.status = ProjectStatus::Active;
        }
        details
    }

    /// Takes over the fields named; what is not as it must be is a violation.
    pub(crate) fn apply(
        &mut self,
        message: &Project,
        fields: &Fields,
        violations: &mut Violations,
    ) {
        if fields.has("name") {
            message.name.trim().clone_into(&mut self.name);
            violations
                .check(!self.name.is_empty(), "project.name", "Enter a name")
                .check(
                    is_line(&self.name, ..=TEXT_LENGTH),
                    "project.name",
                    TOO_LONG,
                );
        }
        if fields.has("type") {
            self.project_type = ProjectType::of_request_or(
                message.r#type,
                self.project_type,
                "project.type",
                "Choose a type",
                violations,
            );
        }
        if fields.has("status") {
            self.status = ProjectStatus::of_request_or(
                message.status,
                self.status,
                "project.status",
                "Choose a status",
                violations,
            );
        }
        if fields.has("address") {
            self.address = Address::read(message.address.as_ref(), violations);
        }
        if fields.has("start_date") {
            let text = message.start_date.as_deref();
            self.start_date = day::parse(text, "project.start_date", violations);
        }
        if fields.has("planned_finish") {
            let text = message.planned_finish.as_deref();
            self.planned_finish = day::parse(text, "project.planned_finish", violations);
        }
        if fields.has("manager_id") {
            let manager = message.manager_id.parse().ok();
            violations.check(
                manager.is_some(),
                "project.manager_id",
                "Choose a project manager",
            );
            self.manager = manager.unwrap_or(self.manager);
        }
        if fields.has("member_ids") {
            self.members = read_members(&message.member_ids, violations);
        }
        if fields.has("time_zone") {
            let zone = TimeZone::get(&message.time_zone).ok();
            let name = zone.as_ref().and_then(TimeZone::iana_name);
            violations.check(
                name.is_some(),
                "project.time_zone",
                "Choose a time zone such as America/Los_Angeles",
            );
            name.unwrap_or_default().clone_into(&mut self.time_zone);
        }
        violations.check(
            self.is_ordered(),
            "project.planned_finish",
            "Enter a planned finish that is not before the start",
        );
    }

    /// The day now at the site.
    pub(crate) fn today(&self) -> Result<Date> {
        let zone = TimeZone::get(&self.time_zone).map_err(Error::internal)?;
        Ok(clock::today(&zone))
    }

    fn is_ordered(&self) -> bool {
        match (self.start_date, self.planned_finish) {
            (Some(start), Some(finish)) => start <= finish,
            _ => true,
        }
    }

    /// The parts of the project in which somebody can see the way from `before` to this.
    pub(crate) fn parts_changed(&self, before: &Self) -> Parts {
        let finishes = self.planned_finish != before.planned_finish;
        let same_dates = Self {
            start_date: before.start_date,
            planned_finish: before.planned_finish,
            ..self.clone()
        };
        Parts {
            details: same_dates != *before,
            progress: false,
            schedule: finishes || self.start_date != before.start_date,
            milestones: finishes,
        }
    }
}

impl Address {
    fn read(message: Option<&SiteAddress>, violations: &mut Violations) -> Self {
        let Some(message) = message else {
            return Self::default();
        };
        let address = Self {
            line1: message.line1.trim().to_owned(),
            city: message.city.trim().to_owned(),
            region: message.region.trim().to_owned(),
            postal_code: message.postal_code.trim().to_owned(),
            point: message.point.map(Point::of),
        };
        for (field, text) in [
            ("project.address.line1", &address.line1),
            ("project.address.city", &address.city),
            ("project.address.region", &address.region),
        ] {
            violations.check(is_line(text, ..=TEXT_LENGTH), field, TOO_LONG);
        }
        violations.check(
            is_line(&address.postal_code, ..=POSTAL_CODE_LENGTH),
            "project.address.postal_code",
            "Use 20 characters at most",
        );
        if let Some(point) = address.point {
            violations
                .check(
                    (-90_000_000..=90_000_000).contains(&point.latitude),
                    "project.address.point.latitude_e6",
                    "Enter a latitude from -90 to 90 degrees",
                )
                .check(
                    (-180_000_000..=180_000_000).contains(&point.longitude),
                    "project.address.point.longitude_e6",
                    "Enter a longitude from -180 to 180 degrees",
                );
        }
        address
    }
}

impl Point {
    fn of(message: MapPoint) -> Self {
        Self {
            latitude: message.latitude_e6,
            longitude: message.longitude_e6,
        }
    }
}

fn read_members(ids: &[String], violations: &mut Violations) -> Vec<Uuid> {
    let members: Option<Vec<Uuid>> = ids.iter().map(|id| id.parse().ok()).collect();
    violations
        .check(
            members.is_some(),
            "project.member_ids",
            "Choose people of your team",
        )
        .check(
            ids.len() <= MOST_MEMBERS,
            "project.member_ids",
            "Choose 100 people at most",
        );
    let mut members = members.unwrap_or_default();
    members.sort_unstable();
    members.dedup();
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    const CREATOR: Uuid = Uuid::from_u128(1);

    fn message() -> Project {
        Project {
            name: " Kitchen remodel ".to_owned(),
            r#type: ProjectType::Kitchen.into(),
            time_zone: "america/los_angeles".to_owned(),
            start_date: Some("2020-03-02".to_owned()),
            ..Project::default()
        }
    }

    fn violated(message: &Project) -> Vec<&'static str> {
        let mut violations = Violations::new();
        Details::of_new(message, CREATOR, &mut violations);
        match violations.finish() {
            Err(service::Error::Invalid(violations)) => {
                violations.iter().map(|violation| violation.field).collect()
            }
            _ => Vec::new(),
        }
    }

    #[test]
    fn what_is_entered_is_tidied() {
        let details = Details::of_new(&message(), CREATOR, &mut Violations::new());
        assert_eq!(details.name, "Kitchen remodel");
        assert_eq!(details.time_zone, "America/Los_Angeles");
        assert_eq!(details.manager, CREATOR);
    }

    #[test]
    fn the_start_says_the_status_where_nobody_does() {
        let mut project = message();
        let status =
            |project: &Project| Details::of_new(project, CREATOR, &mut Violations::new()).status;
        assert_eq!(status(&project), ProjectStatus::Active);
        project.start_date = Some("2190-03-02".to_owned());
        assert_eq!(status(&project), ProjectStatus::Planned);
        project.start_date = None;
        assert_eq!(status(&project), ProjectStatus::Planned);
        project.status = ProjectStatus::OnHold.into();
        assert_eq!(status(&project), ProjectStatus::OnHold);
    }

    #[test]
    fn a_valid_project_violates_nothing() {
        assert!(violated(&message()).is_empty());
    }

    #[test]
    fn everything_wrong_is_named() {
        let project = Project {
            name: "  ".to_owned(),
            r#type: 99,
            status: 99,
            address: Some(SiteAddress {
                line1: "x".repeat(201),
                postal_code: "9".repeat(21),
                point: Some(MapPoint {
                    latitude_e6: 90_000_001,
                    longitude_e6: -180_000_001,
                }),
                ..SiteAddress::default()
            }),
            start_date: Some("2026-05-02".to_owned()),
            planned_finish: Some("2026-05-01".to_owned()),
            manager_id: "somebody".to_owned(),
            member_ids: vec!["somebody".to_owned()],
            time_zone: "Mars/Olympus".to_owned(),
            ..Project::default()
        };
        assert_eq!(
            violated(&project),
            [
                "project.name",
                "project.type",
                "project.status",
                "project.address.line1",
                "project.address.postal_code",
                "project.address.point.latitude_e6",
                "project.address.point.longitude_e6",
                "project.manager_id",
                "project.member_ids",
                "project.time_zone",
                "project.planned_finish"
            ]
        );
    }

    #[test]
    fn a_new_finish_shows_with_every_schedule_and_a_new_start_with_the_full_one() {
        let before = Details::of_new(&message(), CREATOR, &mut Violations::new());
        let mut after = before.clone();
        assert!(after.parts_changed(&before).is_empty());
        after.start_date = None;
        assert_eq!(
            after.parts_changed(&before),
            Parts {
                schedule: true,
                ..Parts::default()
            }
        );
        after.planned_finish = before.start_date;
        after.name = "Kitchen".to_owned();
        assert_eq!(
            after.parts_changed(&before),
            Parts {
                details: true,
                progress: false,
                schedule: true,
                milestones: true
            }
        );
    }
}

//! The fields of the form on a project.

use proto::{
    identity::Account,
    projects::{MapPoint, Project, ProjectStatus, ProjectType, SiteAddress},
};
use serde::Deserialize;

use crate::{
    form::Errors,
    office::{
        degrees,
        edit::{LabelledFields, tidy},
        projects::STATUSES,
    },
};

pub(super) const TYPES: [(ProjectType, &str); 7] = [
    (ProjectType::Kitchen, "kitchen"),
    (ProjectType::Bathroom, "bathroom"),
    (ProjectType::Addition, "addition"),
    (ProjectType::WholeHome, "whole-home"),
    (ProjectType::NewHome, "new-home"),
    (ProjectType::Exterior, "exterior"),
    (ProjectType::Other, "other"),
];

pub(super) const FIELDS: [(&str, &str); 16] = [
    ("project.client_id", "client"),
    ("project.name", "name"),
    ("project.type", "type"),
    ("project.status", "status"),
    ("project.address.line1", "line1"),
    ("project.address.city", "city"),
    ("project.address.region", "region"),
    ("project.address.postal_code", "postal_code"),
    ("project.address.point.latitude_e6", "latitude"),
    ("project.address.point.longitude_e6", "longitude"),
    ("project.start_date", "start_date"),
    ("project.planned_finish", "planned_finish"),
    ("project.manager_id", "manager"),
    ("project.member_ids", "manager"),
    ("project.time_zone", "time_zone"),
    ("template_id", "template"),
];

/// The fields of the form.
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    pub(super) request_id: String,
    pub(super) etag: String,
    pub(super) client: String,
    pub(super) name: String,
    pub(super) r#type: String,
    pub(super) status: String,
    pub(super) line1: String,
    pub(super) city: String,
    pub(super) region: String,
    pub(super) postal_code: String,
    pub(super) latitude: String,
    pub(super) longitude: String,
    pub(super) start_date: String,
    pub(super) planned_finish: String,
    pub(super) manager: String,
    pub(super) member: Vec<String>,
    pub(super) template: String,
    pub(super) time_zone: String,
}

impl Fields {
    pub(super) fn of(project: &Project) -> Self {
        let address = project.address.clone().unwrap_or_default();
        let point = address.point;
        let status = STATUSES
            .iter()
            .find(|(status, ..)| *status == project.status())
            .map_or("", |(_, word, _)| *word);
        let kind = TYPES
            .iter()
            .find(|(kind, _)| *kind == project.r#type())
            .map_or("other", |(_, word)| *word);
        Self {
            request_id: String::new(),
            etag: project.etag.clone(),
            client: project.client_id().to_owned(),
            name: project.name.clone(),
            r#type: kind.to_owned(),
            status: status.to_owned(),
            line1: address.line1,
            city: address.city,
            region: address.region,
            postal_code: address.postal_code,
            latitude: point
                .map(|point| degrees::show(point.latitude_e6))
                .unwrap_or_default(),
            longitude: point
                .map(|point| degrees::show(point.longitude_e6))
                .unwrap_or_default(),
            start_date: project.start_date().to_owned(),
            planned_finish: project.planned_finish().to_owned(),
            manager: project.manager_id.clone(),
            member: project.member_ids.clone(),
            template: String::new(),
            time_zone: project.time_zone.clone(),
        }
    }

    /// The project as it would be saved, or what cannot be read.
    pub(super) fn project(&self) -> Result<Project, Errors> {
        let mut errors = Errors::default();
        let point = self.point(&mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let kind = TYPES.iter().find(|(_, word)| *word == self.r#type);
        let status = STATUSES.iter().find(|(_, word, _)| *word == self.status);
        let day = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        Ok(Project {
            name: self.name.clone(),
            r#type: kind
                .map_or(ProjectType::Unspecified, |(kind, _)| *kind)
                .into(),
            status: status
                .map_or(ProjectStatus::Unspecified, |(status, ..)| *status)
                .into(),
            address: Some(SiteAddress {
                line1: self.line1.clone(),
                city: self.city.clone(),
                region: self.region.clone(),
                postal_code: self.postal_code.clone(),
                point,
            }),
            start_date: day(&self.start_date),
            planned_finish: day(&self.planned_finish),
            manager_id: self.manager.clone(),
            member_ids: self.member.clone(),
            time_zone: self.time_zone.clone(),
            ..Project::default()
        })
    }

    fn point(&self, errors: &mut Errors) -> Option<MapPoint> {
        let (latitude, longitude) = (self.latitude.trim(), self.longitude.trim());
        if latitude.is_empty() && longitude.is_empty() {
            return None;
        }
        let (latitude, longitude) = (degrees::read(latitude), degrees::read(longitude));
        errors.check(
            latitude.is_some(),
            "latitude",
            "enter a latitude in degrees such as 45.5152, or leave both empty",
        );
        errors.check(
            longitude.is_some(),
            "longitude",
            "enter a longitude in degrees such as -122.6784, or leave both empty",
        );
        Some(MapPoint {
            latitude_e6: latitude?,
            longitude_e6: longitude?,
        })
    }
}

/// A form with the names of the people in it, as a person reads it.
pub(super) struct Named {
    fields: Fields,
    manager: String,
    team: String,
}

impl Named {
    pub(super) fn new(fields: &Fields, members: &[Account]) -> Self {
        let mut team: Vec<&str> = members
            .iter()
            .filter(|member| fields.member.contains(&member.id))
            .map(|member| member.name.as_str())
            .collect();
        team.sort_unstable();
        Self {
            manager: members
                .iter()
                .find(|member| member.id == fields.manager)
                .map(|member| member.name.clone())
                .unwrap_or_default(),
            team: team.join(", "),
            fields: fields.clone(),
        }
    }
}

impl LabelledFields for Named {
    fn labelled_fields(&self) -> Vec<(&'static str, String)> {
        let fields = &self.fields;
        let address = [
            &fields.line1,
            &fields.city,
            &fields.region,
            &fields.postal_code,
        ]
        .map(|part| tidy(part))
        .join(", ");
        vec![
            ("Name", tidy(&fields.name)),
            ("Type", fields.r#type.clone()),
            ("Status", fields.status.clone()),
            ("Address", address),
            ("Latitude", tidy(&fields.latitude)),
            ("Longitude", tidy(&fields.longitude)),
            ("Start", fields.start_date.clone()),
            ("Planned finish", fields.planned_finish.clone()),
            ("Project manager", self.manager.clone()),
            ("Team", self.team.clone()),
            ("Time zone", fields.time_zone.clone()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_needs_both_numbers() {
        let mut fields = Fields {
            latitude: "45.5".to_owned(),
            ..Fields::default()
        };
        let errors = fields.project().expect_err("no longitude");
        assert!(errors.on("longitude").is_some());
        fields.latitude.clear();
        let project = fields.project().expect("no point at all");
        assert!(project.address.expect("an address").point.is_none());
    }
}

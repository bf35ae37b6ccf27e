//! Time zones to choose from: the ones of North America in the words that people use, and one for each other habit of
//! the world. A zone that is not among them, such as the one that a browser names, is added where it is chosen.

use jiff::tz::TimeZone;

/// Zones under one heading.
pub(crate) struct Group {
    /// The heading.
    pub(crate) label: &'static str,
    /// The zones, from west to east.
    pub(crate) zones: Vec<Zone>,
}

/// One zone of the form.
pub(crate) struct Zone {
    /// IANA name, such as "America/Los_Angeles".
    pub(crate) name: String,
    /// Such as "Pacific time (Los Angeles)".
    pub(crate) words: String,
    /// True for the one that is chosen.
    pub(crate) is_chosen: bool,
}

const NORTH_AMERICA: &[(&str, &str)] = &[
    ("Pacific/Honolulu", "Hawaii time (Honolulu)"),
    ("America/Anchorage", "Alaska time (Anchorage)"),
    ("America/Los_Angeles", "Pacific time (Los Angeles)"),
    ("America/Phoenix", "Arizona time (Phoenix)"),
    ("America/Denver", "Mountain time (Denver)"),
    ("America/Chicago", "Central time (Chicago)"),
    ("America/Regina", "Saskatchewan time (Regina)"),
    ("America/Mexico_City", "Central Mexico (Mexico City)"),
    ("America/New_York", "Eastern time (New York)"),
    ("America/Puerto_Rico", "Atlantic time (Puerto Rico)"),
    ("America/Halifax", "Atlantic time (Halifax)"),
    ("America/St_Johns", "Newfoundland time (St. John’s)"),
];

const ELSEWHERE: &[(&str, &str)] = &[
    ("America/Bogota", "Bogotá"),
    ("America/Santiago", "Santiago"),
    ("America/Sao_Paulo", "São Paulo"),
    ("Atlantic/Azores", "Azores"),
    ("UTC", "Coordinated universal time"),
    ("Europe/London", "London"),
    ("Europe/Berlin", "Berlin, Paris, Rome"),
    ("Africa/Lagos", "Lagos"),
    ("Africa/Johannesburg", "Johannesburg"),
    ("Africa/Cairo", "Cairo"),
    ("Europe/Athens", "Athens, Helsinki"),
    ("Asia/Jerusalem", "Jerusalem"),
    ("Africa/Nairobi", "Nairobi"),
    ("Europe/Istanbul", "Istanbul"),
    ("Asia/Dubai", "Dubai"),
    ("Asia/Karachi", "Karachi"),
    ("Asia/Kolkata", "Mumbai, Delhi"),
    ("Asia/Dhaka", "Dhaka"),
    ("Asia/Bangkok", "Bangkok, Jakarta"),
    ("Asia/Shanghai", "Beijing, Singapore"),
    ("Australia/Perth", "Perth"),
    ("Asia/Tokyo", "Tokyo, Seoul"),
    ("Australia/Adelaide", "Adelaide"),
    ("Australia/Brisbane", "Brisbane"),
    ("Australia/Sydney", "Sydney, Melbourne"),
    ("Pacific/Auckland", "Auckland"),
];

/// The groups of the form, with one zone chosen.
pub(crate) fn choices(chosen: &str) -> Vec<Group> {
    let mut groups = vec![
        group("North America", NORTH_AMERICA, chosen),
        group("Elsewhere", ELSEWHERE, chosen),
    ];
    let is_listed = groups
        .iter()
        .any(|group| group.zones.iter().any(|zone| zone.is_chosen));
    if !is_listed && is_zone(chosen) {
        groups[1].zones.push(Zone {
            name: chosen.to_owned(),
            words: chosen.replace('_', " "),
            is_chosen: true,
        });
    }
    groups
}

fn group(label: &'static str, zones: &[(&str, &str)], chosen: &str) -> Group {
    let zones = zones
        .iter()
        .map(|(name, words)| Zone {
            name: (*name).to_owned(),
            words: (*words).to_owned(),
            is_chosen: *name == chosen,
        })
        .collect();
    Group { label, zones }
}

/// True for the IANA name of a zone.
pub(crate) fn is_zone(name: &str) -> bool {
    TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(name: &str) -> Vec<String> {
        choices(name)
            .into_iter()
            .flat_map(|group| group.zones)
            .filter(|zone| zone.is_chosen)
            .map(|zone| zone.name)
            .collect()
    }

    #[test]
    fn every_zone_of_the_form_exists() {
        for (name, _) in NORTH_AMERICA.iter().chain(ELSEWHERE) {
            assert!(is_zone(name), "{name}");
        }
    }

    #[test]
    fn one_zone_is_chosen_even_where_it_is_rare() {
        assert_eq!(chosen("America/Denver"), ["America/Denver"]);
        assert_eq!(chosen("Asia/Kathmandu"), ["Asia/Kathmandu"]);
        assert!(chosen("Mars/Olympus").is_empty());
    }
}

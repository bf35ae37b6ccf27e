//! What there is, so that a request reaches what is done with it: ids, and texts that fit their fields.

use std::collections::BTreeMap;

use integration_tests::{Organization, PASSWORD, Record};
use rand::{Rng, RngExt as _, seq::IndexedRandom as _};
use service::new_id;
use uuid::Uuid;

use crate::values::one_of;

/// The things of the cast.
pub(crate) struct Known {
    households: [Household; 2],
    /// Of sessions.
    pub(crate) secrets: Vec<String>,
    /// Of mailed links.
    pub(crate) link_tokens: Vec<String>,
    /// What each list was continued with, by the RPC's whole name.
    pub(crate) page_tokens: BTreeMap<String, Vec<String>>,
}

/// A client's things, which belong together.
#[derive(Clone)]
pub(crate) struct Household {
    record: Record,
    account: Uuid,
    member: Uuid,
    email: String,
    logo: Uuid,
}

/// Where a value stands.
pub(crate) struct Place<'a> {
    /// The RPC's whole name.
    pub(crate) rpc: &'a str,
    /// The message's name, such as "Client" or "UpdateClientRequest".
    pub(crate) message: &'a str,
    pub(crate) field: &'a str,
}

impl Known {
    pub(crate) fn of(organization: &Organization, logo: Uuid) -> Self {
        let slug = &organization.slug;
        let households = [
            (organization.anas, organization.ana.account, "ana"),
            (organization.bens, organization.ben.account, "ben"),
        ]
        .map(|(record, account, name)| Household {
            record,
            account,
            member: organization.pm.account,
            email: format!("{name}@{slug}.example"),
            logo,
        });
        Self {
            households,
            secrets: Vec::new(),
            link_tokens: Vec::new(),
            page_tokens: BTreeMap::new(),
        }
    }

    /// Whose things a request is about: most often Ana's, sometimes Ben's or nobody's.
    pub(crate) fn household(&self, random: &mut impl Rng) -> Household {
        let [anas, bens] = &self.households;
        match random.random_range(0..20) {
            0 => Household::nobodys(),
            1..4 => bens.clone(),
            _ => anas.clone(),
        }
    }

    /// A text that fits its place.
    pub(crate) fn text(&self, random: &mut impl Rng, house: &Household, place: &Place) -> String {
        let field = place.field;
        if let Some(id) = house.id(place) {
            return id.to_string();
        }
        match field {
            "request_id" => new_id().to_string(),
            "etag" => random.random_range(1..=6).to_string(),
            "email" | "email_again" => match place.message {
                "SignInRequest" | "EnablePortalAccessRequest" => house.email.clone(),
                _ => format!(
                    "person-{}@hostile.example",
                    random.random_range(0..1_000_000)
                ),
            },
            "password" | "current_password" | "new_password" => PASSWORD.to_owned(),
            "token" => one_of_or(random, &self.link_tokens, "token"),
            "secret" => one_of_or(random, &self.secrets, "secret"),
            "page_token" => {
                let known = self.page_tokens.get(place.rpc);
                if random.random_bool(0.5) {
                    String::new()
                } else {
                    one_of_or(random, known.map_or(&[], Vec::as_slice), "")
                }
            }
            "time_zone" => {
                one_of(random, &["America/Los_Angeles", "Europe/Berlin", "UTC"]).to_owned()
            }
            "frequency" => one_of(random, &["FREQUENCY_DAILY", "FREQUENCY_INSTANT"]).to_owned(),
            "slug" => format!("house-{}", random.random_range(0..1_000_000)),
            "host" => one_of(random, &["alder.localhost", "ALDER.localhost:8080"]).to_owned(),
            "client_address" => format!("198.51.{}.7", random.random_range(0..256)),
            "primary" | "secondary" | "accent" => {
                format!("#{:06x}", random.random_range(0..1 << 24))
            }
            "currency_code" => "USD".to_owned(),
            "file_name" => one_of(random, &["site.jpg", "logo.svg"]).to_owned(),
            "content_type" => String::new(),
            "template_id" => one_of(random, &["kitchen", ""]).to_owned(),
            "website" => "https://builders.example".to_owned(),
            "phone" => "(503) 555-0177".to_owned(),
            "search" => one_of(random, &["ana", "ben kitchen", "503"]).to_owned(),
            "tag" | "tags" => one_of(random, &["vip", "referral"]).to_owned(),
            _ if field.starts_with("planned_")
                || field.starts_with("actual_")
                || field.ends_with("_date") =>
            {
                format!(
                    "2026-{:02}-{:02}",
                    random.random_range(1..=12),
                    random.random_range(1..=28)
                )
            }
            _ => format!("Words for {field}"),
        }
    }

    /// A number that fits its place.
    pub(crate) fn number(random: &mut impl Rng, field: &str) -> i64 {
        match field {
            "page_size" => one_of(random, &[0, 1, 2, 50]),
            "size" => one_of(random, &[320, 640, 1600]),
            "size_bytes" => random.random_range(1..500_000),
            "minor_units" => random.random_range(0..10_000_000),
            _ => random.random_range(0..=100),
        }
    }
}

impl Household {
    /// Ids of the same shape that name nothing.
    fn nobodys() -> Self {
        Self {
            record: Record {
                client: new_id(),
                contact: new_id(),
                project: new_id(),
                phase: new_id(),
                inbox_item: new_id(),
                delivery: new_id(),
                photo: new_id(),
            },
            account: new_id(),
            member: new_id(),
            email: "nobody@hostile.example".to_owned(),
            logo: new_id(),
        }
    }

    /// The id that a field names; none where it names none.
    fn id(&self, place: &Place) -> Option<Uuid> {
        let record = &self.record;
        let (_, method) = place.rpc.rsplit_once('/').unwrap_or_default();
        // "id" and "ids" are of what the message is, or of what the RPC is about
        let noun = match place.field {
            "id" | "ids" if place.message.ends_with("Request") => method,
            "id" | "ids" => place.message,
            field if field.ends_with("_id") || field.ends_with("_ids") => field,
            _ => return None,
        };
        let noun = noun.to_lowercase();
        [
            ("project", record.project),
            ("contact", record.contact),
            ("client", record.client),
            ("phase", record.phase),
            ("photo", record.photo),
            ("upload", record.photo),
            ("seen", record.inbox_item),
            ("delivery", record.delivery),
            ("logo", self.logo),
            ("manager", self.member),
            ("member", self.member),
            ("account", self.account),
            ("link", record.delivery),
        ]
        .into_iter()
        .find(|(word, _)| noun.contains(word))
        .map(|(_, id)| id)
    }
}

fn one_of_or(random: &mut impl Rng, values: &[String], other: &str) -> String {
    values
        .choose(random)
        .map_or(other, String::as_str)
        .to_owned()
}

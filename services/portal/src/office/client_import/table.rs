//! A table of clients as text: what stands in each line, and what is wrong with it.
//!
//! What identity would refuse is found here, with its line and its column: nothing is sent while any line is wrong.

use std::collections::HashMap;

use proto::identity::{Client, ClientKind, ClientStatus, Contact, PostalAddress};
use service::text::{is_email, is_line, is_text};

use crate::office::{
    client_form::{kind_of, tags_of},
    clients::{COLUMNS, as_typed, status_of},
};

const MOST_CLIENTS: usize = 500;

// identity's limits
const LONGEST_LINE: usize = 200;
const LONGEST_PHONE: usize = 50;
const LONGEST_TAG: usize = 50;
const LONGEST_NOTES: usize = 10_000;
const MOST_TAGS: usize = 20;
const MOST_PEOPLE: usize = 20;

/// A client of the table.
#[derive(Debug)]
pub(super) struct Entry {
    /// The first line that names it.
    pub(super) line: u64,
    /// The client with its people.
    pub(super) client: Client,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) line: u64,
    pub(super) text: String,
}

/// Reads all clients of a text, or everything that is wrong with it.
pub(super) fn read(text: &str) -> Result<Vec<Entry>, Vec<Problem>> {
    // with one kind of line end, because the reader counts a line too few where there are two
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter_of(&text))
        .trim(csv::Trim::Headers)
        .from_reader(text.as_bytes());
    let columns = match reader.headers() {
        Ok(headers) => Columns::read(headers)?,
        Err(_) => return Err(vec![no_table()]),
    };
    let mut entries: Vec<Entry> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut problems = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                problems.push(Problem {
                    line: line_of(&text, error.position()),
                    text: "it has more or fewer columns than the first line".to_owned(),
                });
                continue;
            }
        };
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        let line = line_of(&text, record.position());
        let cells = Cells {
            columns: &columns,
            record: &record,
        };
        let wrong = cells.problems().into_iter();
        problems.extend(wrong.map(|text| Problem { line, text }));
        let key = cells.get("name").to_lowercase();
        let Some(place) = places.get(&key) else {
            places.insert(key, entries.len());
            let client = cells.client();
            entries.push(Entry { line, client });
            continue;
        };
        let people = &mut entries[*place].client.contacts;
        let had = people.len();
        people.extend(cells.contact());
        if had == MOST_PEOPLE && people.len() > had {
            problems.push(Problem {
                line,
                text: format!(
                    "it is one more than the {MOST_PEOPLE} people that a client may have"
                ),
            });
        }
    }
    if entries.is_empty() && problems.is_empty() {
        problems.push(no_table());
    }
    if entries.len() > MOST_CLIENTS {
        problems.push(Problem {
            line: 1,
            text: format!("the text has more than {MOST_CLIENTS} clients; import it in parts"),
        });
    }
    if problems.is_empty() {
        Ok(entries)
    } else {
        Err(problems)
    }
}

/// The line in which a record begins: its position is where the one before ended, and empty lines may lie between.
fn line_of(text: &str, position: Option<&csv::Position>) -> u64 {
    let Some(position) = position else { return 1 };
    let (mut line, mut place) = (position.line(), position.byte());
    let byte = |place: u64| {
        let place = usize::try_from(place).ok()?;
        text.as_bytes().get(place).copied()
    };
    while byte(place) == Some(b'\n') {
        line += 1;
        place += 1;
    }
    line
}

fn no_table() -> Problem {
    Problem {
        line: 1,
        text: "there is no table; the first line names the columns, each further line is a person"
            .to_owned(),
    }
}

/// What stands between the cells: spreadsheets of some countries, and copied cells, have no comma there.
fn delimiter_of(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let most = |one: &u8, other: &u8| {
        let number = |delimiter: &u8| first.bytes().filter(|byte| byte == delimiter).count();
        number(one).cmp(&number(other))
    };
    [b'\t', b';', b','].into_iter().max_by(most).unwrap_or(b',')
}

/// Where each known column stands.
struct Columns(HashMap<&'static str, usize>);

impl Columns {
    fn read(headers: &csv::StringRecord) -> Result<Self, Vec<Problem>> {
        let mut columns = HashMap::new();
        let mut problems = Vec::new();
        for (place, header) in headers.iter().enumerate() {
            let name = header.trim().to_lowercase().replace(' ', "_");
            match COLUMNS.iter().find(|column| **column == name) {
                Some(column) => {
                    columns.insert(*column, place);
                }
                None => problems.push(Problem {
                    line: 1,
                    text: format!("“{header}” is no column that is known here"),
                }),
            }
        }
        if !columns.contains_key("name") {
            problems.push(Problem {
                line: 1,
                text: "the column “name” is missing".to_owned(),
            });
        }
        if problems.is_empty() {
            Ok(Self(columns))
        } else {
            Err(problems)
        }
    }
}

/// One line by the names of its columns.
struct Cells<'a> {
    columns: &'a Columns,
    record: &'a csv::StringRecord,
}

impl Cells<'_> {
    fn get(&self, column: &str) -> &str {
        let place = self.columns.0.get(column);
        place
            .and_then(|place| self.record.get(*place))
            .map_or("", as_typed)
    }

    /// What is wrong with the line.
    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |holds: bool, text: String| {
            if !holds {
                problems.push(text);
            }
        };
        check(
            !self.get("name").is_empty(),
            "the name is missing".to_owned(),
        );
        let email = self.get("email");
        check(
            email.is_empty() || is_email(email),
            format!("the email “{email}” is no whole email address"),
        );
        let status = self.get("status").to_lowercase();
        check(
            status.is_empty() || status_of(&status) != ClientStatus::Unspecified,
            format!("the status “{status}” is none of lead, active, past"),
        );
        let kind = self.get("kind").to_lowercase();
        check(
            kind.is_empty() || kind_of(&kind) != ClientKind::Unspecified,
            format!("the kind “{kind}” is none of individual, company"),
        );
        let tags = tags_of(self.get("tags"));
        check(
            tags.len() <= MOST_TAGS,
            format!("the tags are more than {MOST_TAGS}"),
        );
        check(
            tags.iter().all(|tag| is_line(tag, ..=LONGEST_TAG)),
            format!(
                "the tags have one of more than {LONGEST_TAG} characters, or with a line break"
            ),
        );
        for column in COLUMNS {
            // the others have their own rules
            if !matches!(column, "email" | "status" | "kind" | "tags")
                && let Some(text) = text_problem(column, self.get(column))
            {
                problems.push(text);
            }
        }
        problems
    }

    fn client(&self) -> Client {
        let status = match status_of(&self.get("status").to_lowercase()) {
            ClientStatus::Unspecified => ClientStatus::Active,
            status => status,
        };
        let kind = match kind_of(&self.get("kind").to_lowercase()) {
            ClientKind::Unspecified => ClientKind::Individual,
            kind => kind,
        };
        let address = PostalAddress {
            line1: self.get("address").to_owned(),
            line2: self.get("address2").to_owned(),
            city: self.get("city").to_owned(),
            region: self.get("region").to_owned(),
            postal_code: self.get("postal_code").to_owned(),
            label: String::new(),
        };
        Client {
            kind: kind.into(),
            display_name: self.get("name").to_owned(),
            phone: self.get("phone").to_owned(),
            best_time: self.get("best_time").to_owned(),
            status: status.into(),
            source: self.get("source").to_owned(),
            tags: tags_of(self.get("tags")),
            notes: self.get("notes").to_owned(),
            addresses: (address != PostalAddress::default())
                .then_some(address)
                .into_iter()
                .collect(),
            contacts: self.contact().into_iter().collect(),
            ..Client::default()
        }
    }

    /// The person of the line: named on their own, or like the client where only an address stands there.
    fn contact(&self) -> Option<Contact> {
        let (person, email) = (self.get("person"), self.get("email"));
        if person.is_empty() && email.is_empty() {
            return None;
        }
        let name = if person.is_empty() {
            self.get("name")
        } else {
            person
        };
        Some(Contact {
            name: name.to_owned(),
            email: email.to_owned(),
            relation: self.get("relation").to_owned(),
            ..Contact::default()
        })
    }
}

/// What is wrong with the text of a cell.
fn text_problem(column: &str, cell: &str) -> Option<String> {
    let named = column.replace('_', " ");
    let most = match column {
        "phone" => LONGEST_PHONE,
        "notes" => LONGEST_NOTES,
        _ => LONGEST_LINE,
    };
    if cell.chars().count() > most {
        return Some(format!("the {named} has more than {most} characters"));
    }
    if column == "notes" {
        let text = || format!("the {named} has a character that cannot be saved");
        return (!is_text(cell, ..)).then(text);
    }
    let text = || format!("the {named} has a line break, a tab or another control character");
    (!is_line(cell, ..)).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wrong with the second line of a table.
    fn problems_of(header: &str, line: &str) -> Vec<String> {
        let read = read(&format!("name,{header}\nOkafor,{line}\n"));
        let problems = read.err().unwrap_or_default();
        assert!(problems.iter().all(|problem| problem.line == 2));
        problems.into_iter().map(|problem| problem.text).collect()
    }

    #[test]
    fn lines_with_one_name_are_people_of_one_client() {
        let text = "name,person,email,tags,city\r\n\
            Okafor,Maya Okafor,maya@okafor.example,\"VIP; kitchen\",Portland\r\n\
            okafor,Daniel Okafor,daniel@okafor.example,,\r\n\
            \r\n\
            Hal Brandt,,hal@brandt.example,,\r\n";
        let entries = read(text).expect("all lines are right");
        let lines: Vec<u64> = entries.iter().map(|entry| entry.line).collect();
        assert_eq!(lines, [2, 5]);
        let clients: Vec<Client> = entries.into_iter().map(|entry| entry.client).collect();
        assert_eq!(clients[0].contacts.len(), 2);
        assert_eq!(clients[0].tags, ["VIP", "kitchen"]);
        assert_eq!(clients[0].addresses[0].city, "Portland");
        assert_eq!(clients[1].contacts[0].name, "Hal Brandt");
        assert!(clients[1].addresses.is_empty());
    }

    #[test]
    fn everything_wrong_is_named_with_its_line() {
        let text = "name,email,status\nA,a@b,active\n,c@d.example,gone\nE,e@f.example,lead,more\n";
        let problems = read(text).expect_err("three lines are wrong");
        let lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [2, 3, 3, 4]);
        let problems = read(&text.replace('\n', "\r\n")).expect_err("as browsers send it");
        assert_eq!(problems[0].line, 2);
        let problems = read(&text.replace('\n', "\n\n")).expect_err("with empty lines");
        let lines: Vec<u64> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 5, 5, 7]);
    }

    #[test]
    fn columns_are_known_by_name_in_any_order_and_with_any_delimiter() {
        let entries = read("\u{feff}City; Name ;Postal code\nPortland;Okafor;97214\n");
        let entries = entries.expect("a spreadsheet's way");
        assert_eq!(entries[0].client.addresses[0].postal_code, "97214");
        let problems = read("name,shoe size\nA,44\n").expect_err("an unknown column");
        assert_eq!(problems[0].line, 1);
        assert!(read("").is_err());
        assert!(read("name\n").is_err());
    }

    #[test]
    fn a_cell_is_as_long_as_identity_takes_it() {
        for (column, most) in [
            ("phone", 50),
            ("best_time", 200),
            ("source", 200),
            ("tags", 50),
            ("notes", 10_000),
            ("address", 200),
            ("address2", 200),
            ("city", 200),
            ("region", 200),
            ("postal_code", 200),
            ("person", 200),
            ("relation", 200),
        ] {
            assert!(
                problems_of(column, &"é".repeat(most)).is_empty(),
                "{column}"
            );
            let problems = problems_of(column, &"é".repeat(most + 1));
            assert_eq!(problems.len(), 1, "{column}");
            let named = format!("the {}", column.replace('_', " "));
            assert!(problems[0].starts_with(&named), "{problems:?}");
            assert!(problems[0].contains(&most.to_string()), "{problems:?}");
        }
        let long = format!("name\n{}\n", "n".repeat(201));
        assert_eq!(read(&long).expect_err("a long name")[0].line, 2);
    }

    #[test]
    fn a_line_has_no_breaks_and_notes_may() {
        for column in COLUMNS.iter().filter(|column| **column != "name") {
            let problems = problems_of(column, "\"a\nb\"");
            let takes = *column == "notes";
            assert_eq!(problems.is_empty(), takes, "{column}: {problems:?}");
            assert!(
                problems
                    .iter()
                    .all(|text| text.contains(&column.replace('_', " ")))
            );
        }
        assert_eq!(problems_of("notes", "a\0b").len(), 1);
        assert_eq!(problems_of("city", "a\tb").len(), 1);
        assert!(read("name\n\"a\nb\"\n").is_err());
    }

    #[test]
    fn a_client_has_twenty_tags_and_twenty_people() {
        let tags = |number: usize| {
            let tags: Vec<String> = (0..number).map(|tag| format!("tag {tag}")).collect();
            problems_of("tags", &tags.join(";"))
        };
        assert!(tags(20).is_empty());
        assert_eq!(tags(21), ["the tags are more than 20"]);
        let people = |number: usize| {
            let lines: Vec<String> = (0..number).map(|one| format!("A,Person {one}")).collect();
            read(&format!("name,person\n{}\n", lines.join("\n")))
        };
        assert_eq!(
            people(20).expect("as many as may be")[0]
                .client
                .contacts
                .len(),
            20
        );
        let problems = people(22).expect_err("two too many");
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 22);
    }

    #[test]
    fn an_address_is_one_that_identity_takes() {
        let domain = format!("{}example", format!("{}.", "d".repeat(60)).repeat(3));
        for address in [
            "maya",
            "maya@okafor",
            "maya@okafor.",
            "Maya <maya@okafor.example>",
            "maya@[10.0.0.1]",
            &format!("{}@{domain}", "m".repeat(64)),
        ] {
            assert_eq!(problems_of("email", address).len(), 1, "{address}");
        }
        for address in [
            "maya@okafor.example",
            &format!("{}@{domain}", "m".repeat(63)),
        ] {
            assert!(problems_of("email", address).is_empty(), "{address}");
        }
    }
}

//! Reads the log: each entry begins with process, login and database, and its further lines with a tab.

use std::collections::BTreeMap;

/// The end of every name of a service's login.
const LOGINS: [&str; 2] = ["_app", "_platform"];
/// What a pool sends by itself when a connection comes back to it; nobody waits for that.
const RELEASE: &str = "begin; rollback";

/// What one login sends for a deed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Such as "projects".
    pub database: String,
    /// Such as "projects_app".
    pub login: String,
    /// How many transactions it is.
    pub transactions: usize,
    /// In order; each is answered before the next is sent, but for a ROLLBACK, for which nobody waits.
    pub messages: Vec<Message>,
}

/// What is sent at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// One statement, or several with semicolons between, as they are.
    Plain(String),
    /// A prepared statement and its parameters.
    Prepared {
        /// With `$1` and so on.
        statement: String,
        /// As text; none for null.
        parameters: Vec<Option<String>>,
    },
}

/// What is sent on one connection from BEGIN to COMMIT or ROLLBACK, or a statement that stands alone.
#[derive(Clone, Debug)]
pub(super) struct Transaction {
    pub(super) database: String,
    pub(super) login: String,
    pub(super) messages: Vec<Message>,
    is_open: bool,
}

impl Script {
    /// The same statements, a ROLLBACK together with the BEGIN that follows.
    #[must_use]
    pub fn without_waiting_for_rollbacks(&self) -> Self {
        let mut messages: Vec<Message> = Vec::new();
        for message in &self.messages {
            match (messages.last_mut(), message) {
                (Some(last), Message::Plain(next)) if last.rolls_back() => last.go_with(next),
                _ => messages.push(message.clone()),
            }
        }
        Self {
            messages,
            ..self.clone()
        }
    }

    /// How many statements it has, each of those that are sent at once counted.
    pub fn statements(&self) -> usize {
        self.messages.iter().map(|one| one.statements().len()).sum()
    }
}

impl Message {
    /// Its statements, one by one.
    pub fn statements(&self) -> Vec<&str> {
        match self {
            Self::Plain(text) => text
                .split(';')
                .map(str::trim)
                .filter(|statement| !statement.is_empty())
                .collect(),
            Self::Prepared { statement, .. } => vec![statement],
        }
    }

    fn is_release(&self) -> bool {
        matches!(self, Self::Plain(text) if text == RELEASE)
    }

    fn begins(&self) -> bool {
        matches!(self, Self::Plain(text) if word(text) == "begin")
    }

    fn rolls_back(&self) -> bool {
        matches!(self, Self::Plain(text) if text.eq_ignore_ascii_case("rollback"))
    }

    fn go_with(&mut self, next: &str) {
        if let Self::Plain(text) = self {
            text.push_str("; ");
            text.push_str(next);
        }
    }

    fn ends(&self) -> bool {
        self.rolls_back() || matches!(self, Self::Plain(text) if word(text) == "commit")
    }
}

impl Transaction {
    /// What it asks for: without BEGIN, whose time limit is another each time, and COMMIT.
    pub(super) fn statements(&self) -> Vec<String> {
        self.messages
            .iter()
            .filter(|message| !message.begins() && !message.ends())
            .flat_map(Message::statements)
            .map(str::to_owned)
            .collect()
    }
}

/// One entry of the log.
struct Entry {
    process: u32,
    login: String,
    database: String,
    text: String,
}

/// Every transaction of a service's login.
pub(super) fn transactions(log: &str) -> Vec<Transaction> {
    let mut all: Vec<Transaction> = Vec::new();
    let mut newest: BTreeMap<u32, usize> = BTreeMap::new();
    for entry in entries(log) {
        let last = newest.get(&entry.process).copied();
        if let Some(text) = entry.text.strip_prefix("DETAIL:  Parameters: ") {
            if let Some(last) = last {
                all[last].take_parameters(text);
            }
            continue;
        }
        let Some(message) = message(&entry.text).filter(|message| !message.is_release()) else {
            continue;
        };
        match last {
            Some(last) if all[last].is_open => {
                all[last].is_open = !message.ends();
                all[last].messages.push(message);
            }
            _ => {
                newest.insert(entry.process, all.len());
                all.push(Transaction {
                    database: entry.database,
                    login: entry.login,
                    is_open: message.begins(),
                    messages: vec![message],
                });
            }
        }
    }
    all
}

/// One script for each login, in the order of the logins' names.
pub(super) fn scripts(transactions: &[Transaction]) -> Vec<Script> {
    let mut scripts: BTreeMap<&str, Script> = BTreeMap::new();
    for one in transactions {
        let script = scripts.entry(&one.login).or_insert_with(|| Script {
            database: one.database.clone(),
            login: one.login.clone(),
            transactions: 0,
            messages: Vec::new(),
        });
        script.transactions += 1;
        script.messages.extend(one.messages.iter().cloned());
    }
    scripts.into_values().collect()
}

impl Transaction {
    fn take_parameters(&mut self, text: &str) {
        if let Some(Message::Prepared { parameters, .. }) = self.messages.last_mut() {
            *parameters = read_parameters(text);
        }
    }
}

fn entries(log: &str) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for line in log.lines() {
        if let (Some(rest), Some(entry)) = (line.strip_prefix('\t'), entries.last_mut()) {
            entry.text.push('\n');
            entry.text.push_str(rest);
            continue;
        }
        entries.extend(entry(line));
    }
    entries.retain(|entry| LOGINS.iter().any(|end| entry.login.ends_with(end)));
    entries
}

fn entry(line: &str) -> Option<Entry> {
    let mut parts = line.splitn(4, '|');
    Some(Entry {
        process: parts.next()?.parse().ok()?,
        login: parts.next()?.to_owned(),
        database: parts.next()?.to_owned(),
        text: parts.next()?.to_owned(),
    })
}

fn message(text: &str) -> Option<Message> {
    if let Some(statement) = text.strip_prefix("LOG:  statement: ") {
        return Some(Message::Plain(statement.to_owned()));
    }
    let (_, statement) = text.strip_prefix("LOG:  execute ")?.split_once(": ")?;
    Some(Message::Prepared {
        statement: statement.to_owned(),
        parameters: Vec::new(),
    })
}

/// Reads a list such as `$1 = 'it''s', $2 = NULL`.
fn read_parameters(text: &str) -> Vec<Option<String>> {
    let mut parameters = Vec::new();
    let mut rest = text;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            parameters.push(None);
            rest = value;
            continue;
        };
        let mut read = String::new();
        let mut letters = quoted.char_indices().peekable();
        let mut end = quoted.len();
        while let Some((at, letter)) = letters.next() {
            if letter != '\'' {
                read.push(letter);
            } else if letters.next_if(|(_, next)| *next == '\'').is_some() {
                read.push('\'');
            } else {
                end = at;
                break;
            }
        }
        parameters.push(Some(read));
        rest = &quoted[end..];
    }
    parameters
}

/// The first word, in lower case.
fn word(text: &str) -> String {
    text.trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transactions_are_told_apart_by_their_connections() {
        let log = "7|projects_app|projects|LOG:  statement: begin; set local app.tenant_id = 'a'\n\
                   8|billing_app|billing|LOG:  execute sqlx_s_1: select 1\n\
                   9|||LOG:  checkpoint starting: time\n\
                   7|projects_app|projects|LOG:  execute sqlx_s_2: select name\n\
                   \t from project where name = $1 and id = $2\n\
                   7|projects_app|projects|DETAIL:  Parameters: $1 = 'it''s = ''\n\
                   \tso', $2 = NULL\n\
                   1|postgres|postgres|LOG:  statement: select pg_reload_conf()\n\
                   7|projects_app|projects|LOG:  statement: COMMIT\n\
                   7|projects_app|projects|LOG:  statement: begin; rollback\n";
        let found = transactions(log);
        let [first, second] = found.as_slice() else {
            panic!("two transactions: {found:?}");
        };
        assert_eq!(first.statements().len(), 1);
        assert_eq!(second.statements(), ["select 1"]);
        let scripts = scripts(&found);
        assert_eq!(scripts[0].login, "billing_app");
        let script = &scripts[1];
        assert_eq!((script.transactions, script.statements()), (1, 4));
        let prepared = Message::Prepared {
            statement: "select name\n from project where name = $1 and id = $2".to_owned(),
            parameters: vec![Some("it's = '\nso".to_owned()), None],
        };
        assert_eq!(script.messages[1], prepared);
    }

    #[test]
    fn a_rollback_goes_with_the_begin_that_follows() {
        let log = "7|projects_app|projects|LOG:  statement: begin read only\n\
                   7|projects_app|projects|LOG:  execute sqlx_s_1: select 1\n\
                   7|projects_app|projects|LOG:  statement: ROLLBACK\n\
                   7|projects_app|projects|LOG:  statement: begin; set local app.tenant_id = 'a'\n\
                   7|projects_app|projects|LOG:  statement: COMMIT\n";
        let scripts = scripts(&transactions(log));
        let waiting = &scripts[0];
        assert_eq!(waiting.messages.len(), 5);
        let script = waiting.without_waiting_for_rollbacks();
        assert_eq!((script.transactions, script.statements()), (2, 6));
        let plain = |text: &str| Message::Plain(text.to_owned());
        assert_eq!(
            [
                &script.messages[0],
                &script.messages[2],
                &script.messages[3]
            ],
            [
                &plain("begin read only"),
                &plain("ROLLBACK; begin; set local app.tenant_id = 'a'"),
                &plain("COMMIT"),
            ]
        );
    }
}

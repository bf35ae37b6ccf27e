//! What a service has in the end, without what is another each time.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use devstack::smtp::Smtp;
use jiff::Timestamp;
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};
use uuid::Uuid;

use crate::record::Record;

/// As long as a UUID is when it is written.
const UUID_LENGTH: usize = 36;

/// Rows and mails, sorted. Ids that the service made itself and times after the beginning stand as words.
pub(crate) struct Dump {
    rows: Vec<String>,
    mails: Vec<String>,
}

impl Dump {
    /// Reads every table as superuser, and every mail.
    pub(crate) async fn take(
        connection: &mut PgConnection,
        smtp: &Smtp,
        records: &[Record],
        begin: Timestamp,
    ) -> Result<Self> {
        let known: BTreeSet<Uuid> = records
            .iter()
            .flat_map(|record| ids_in(&record.text()).into_values())
            .collect();
        let mask = Mask { known, begin };
        let tables: Vec<String> = sqlx::query_scalar(
            "select relname::text from pg_class
             where relkind = 'r' and relnamespace = 'public'::regnamespace and relname not like '\\_sqlx%'",
        )
        .fetch_all(&mut *connection)
        .await?;
        let mut rows = Vec::new();
        for table in tables {
            // the names come from the catalogue
            let found: Vec<Value> =
                sqlx::query_scalar(AssertSqlSafe(format!("select to_jsonb(t) from {table} t")))
                    .fetch_all(&mut *connection)
                    .await
                    .with_context(|| format!("read {table}"))?;
            rows.extend(
                found
                    .into_iter()
                    .map(|row| format!("{table} {}", mask.value(row))),
            );
        }
        rows.sort();
        let mut mails: Vec<String> = smtp
            .mails()
            .iter()
            .map(|mail| {
                let text = mail.text.as_deref().unwrap_or_default();
                mask.text(&format!("{:?} {} {text}", mail.to, mail.subject))
            })
            .collect();
        mails.sort();
        Ok(Self { rows, mails })
    }

    pub(crate) fn rows(&self) -> &[String] {
        &self.rows
    }

    pub(crate) fn mails(&self) -> &[String] {
        &self.mails
    }

    /// What only one of the two has, or has more often.
    pub(crate) fn difference(&self, other: &Self) -> Vec<String> {
        let mut counts: BTreeMap<&String, i32> = BTreeMap::new();
        for line in self.rows.iter().chain(&self.mails) {
            *counts.entry(line).or_default() += 1;
        }
        for line in other.rows.iter().chain(&other.mails) {
            *counts.entry(line).or_default() -= 1;
        }
        counts
            .into_iter()
            .filter(|(_, count)| *count != 0)
            .map(|(line, count)| format!("{count:+} {line}"))
            .collect()
    }
}

/// Puts words in the place of what is another each time.
struct Mask {
    /// Ids that came in events.
    known: BTreeSet<Uuid>,
    /// What happened from here on happened when it was handled.
    begin: Timestamp,
}

impl Mask {
    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => match text.parse::<Timestamp>() {
                Ok(time) if time >= self.begin => "later".into(),
                Ok(time) => time.to_string().into(),
                Err(_) => self.text(&text).into(),
            },
            Value::Array(values) => values.into_iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, value)| (name, self.value(value)))
                .collect(),
            other => other,
        }
    }

    fn text(&self, text: &str) -> String {
        ids_in(text)
            .into_iter()
            .filter(|(_, id)| !self.known.contains(id))
            .fold(text.to_owned(), |text, (written, _)| {
                text.replace(&written, "an id")
            })
    }
}

/// Every UUID in a text, by how it is written.
fn ids_in(text: &str) -> BTreeMap<String, Uuid> {
    (0..text.len())
        .filter_map(|start| text.get(start..start + UUID_LENGTH))
        .filter_map(|part| Some((part.to_owned(), Uuid::try_parse(part).ok()?)))
        .collect()
}

//! What is forgotten: by every service published and handled events and answers to requests, by identity what lets somebody
//! in, and guesses.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::Setup;

/// A table, the name of a row in it, and the days since the row counts; a name that starts with "old" is to go.
type Row = (&'static str, &'static str, f64);

const OF_EVERY_SERVICE: [Row; 7] = [
    ("request", "old", 1.1),
    ("request", "young", 0.9),
    ("inbox", "old", 36.0),
    ("inbox", "young", 34.0),
    ("outbox", "old", 8.0),
    ("outbox", "young", 6.0),
    ("outbox", "unpublished", 400.0),
];

/// A session and a code count from their end.
const OF_IDENTITY: [Row; 8] = [
    ("attempt", "old", 91.0),
    ("attempt", "young", 89.0),
    ("sign_in_code", "old", 0.01),
    ("sign_in_code", "young", -0.01),
    ("device", "old", 366.0),
    ("device", "young", 364.0),
    ("session", "old", 0.01),
    ("session", "young", -0.01),
];

const LEFT_OF_EVERY_SERVICE: &str = "select * from (
    select 'request: ' || method from request
    union all select 'inbox: ' || type from inbox
    union all select 'outbox: ' || type from outbox) rows (name) order by name";

/// Signing up leaves rows of its own, with real hashes.
const LEFT_OF_IDENTITY: &str = "select * from (
    select 'attempt: ' || network from attempt where subject = ''
    union all select 'sign_in_code: ' || convert_from(code_hash, 'UTF8') from sign_in_code
    union all select 'device: ' || convert_from(token_hash, 'UTF8') from device where length(token_hash) < 16
    union all select 'session: ' || user_agent from session where length(secret_hash) < 16) rows (name) order by name";

/// Inserts a row by its name and age; those of people belong to the only account that there is.
fn insertion(table: &str, name: &str) -> &'static str {
    match (table, name) {
        ("request", _) => {
            "insert into request (tenant_id, subject, method, request_id, request_hash, response, created_at)
             values (uuidv7(), 'a test', $1, uuidv7(), '', '', now() - $2 * interval '1 day')"
        }
        ("inbox", _) => {
            "insert into inbox (tenant_id, event_id, type, handled_at)
             values (uuidv7(), uuidv7(), $1, now() - $2 * interval '1 day')"
        }
        ("outbox", "unpublished") => {
            "insert into outbox (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload,
                                 traceparent, created_at)
             values (uuidv7(), uuidv7(), 'a test', uuidv7(), 1, $1, '', '', now() - $2 * interval '1 day')"
        }
        ("outbox", _) => {
            "insert into outbox (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload,
                                 traceparent, created_at, published_at)
             values (uuidv7(), uuidv7(), 'a test', uuidv7(), 1, $1, '', '', now(),
                     now() - $2 * interval '1 day')"
        }
        ("attempt", _) => {
            "insert into attempt (id, subject, network, made_at)
             values (uuidv7(), '', $1, now() - $2 * interval '1 day')"
        }
        ("sign_in_code", _) => {
            "insert into sign_in_code (tenant_id, code_hash, account_id, expires_at)
             select tenant_id, convert_to($1, 'UTF8'), id, now() - $2 * interval '1 day' from account"
        }
        ("device", _) => {
            "insert into device (tenant_id, account_id, token_hash, last_used_at)
             select tenant_id, id, convert_to($1, 'UTF8'), now() - $2 * interval '1 day' from account"
        }
        ("session", _) => {
            "insert into session (tenant_id, id, account_id, secret_hash, kept, user_agent, client_address,
                                  created_at, last_seen_at, expires_at, ends_at)
             select tenant_id, uuidv7(), id, convert_to($1, 'UTF8'), false, $1, '', now(), now(),
                    now() - $2 * interval '1 day', now() + interval '1 day' from account"
        }
        _ => unreachable!("no row of {table} is listed"),
    }
}

impl Setup {
    /// Starts the service anew with these rows, and waits until exactly `expected` is left of them, as "table: name".
    async fn forgets(&mut self, rows: &[Row], left: &'static str, expected: &[&str]) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        for (table, name, days) in rows {
            sqlx::query(insertion(table, name))
                .bind(name)
                .bind(days)
                .execute(&mut connection)
                .await
                .with_context(|| format!("insert into {table}"))?;
        }
        self.restart().await?;
        let reached = async {
            loop {
                let names: Vec<String> =
                    sqlx::query_scalar(left).fetch_all(&mut connection).await?;
                if names == expected {
                    return anyhow::Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), reached)
            .await
            .context("it is not deleted, or too much is")?
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_run_out_is_deleted_and_nothing_else() -> Result<()> {
    let mut setup = Setup::start().await?;
    let expected = [
        "inbox: young",
        "outbox: unpublished",
        "outbox: young",
        "request: young",
    ];
    setup
        .forgets(&OF_EVERY_SERVICE, LEFT_OF_EVERY_SERVICE, &expected)
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_by_what_has_run_out() -> Result<()> {
    let mut setup = Setup::start().await?;
    setup.unconfirmed("alder").await?;
    let expected = [
        "attempt: young",
        "device: young",
        "session: young",
        "sign_in_code: young",
    ];
    setup
        .forgets(&OF_IDENTITY, LEFT_OF_IDENTITY, &expected)
        .await
}

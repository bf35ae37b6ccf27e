//! What is forgotten: by every service published and handled events and answers to requests, by identity what lets somebody
//! in, and guesses.

use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::Setup;

/// Rows of each table by the days since they counted; a name that starts with "old" is to go.
const ROWS: [(&str, &str, f64); 7] = [
    ("request", "old", 1.1),
    ("request", "young", 0.9),
    ("inbox", "old", 36.0),
    ("inbox", "young", 34.0),
    ("outbox", "old", 8.0),
    ("outbox", "young", 6.0),
    ("outbox", "unpublished", 400.0),
];

/// The same of what only identity has; a session and a code count from their end.
const OWN_ROWS: [(&str, &str, f64); 8] = [
    ("attempt", "old", 91.0),
    ("attempt", "young", 89.0),
    ("code", "old", 0.01),
    ("code", "young", -0.01),
    ("device", "old", 366.0),
    ("device", "young", 364.0),
    ("session", "old", 0.01),
    ("session", "young", -0.01),
];

impl Setup {
    /// Of the one account that there is.
    async fn insert_own(&self, table: &str, name: &str, days: f64) -> Result<()> {
        let statement = match table {
            "attempt" => {
                "insert into attempt (id, subject, network, made_at)
                 values (uuidv7(), '', $1, now() - $2 * interval '1 day')"
            }
            "code" => {
                "insert into sign_in_code (tenant_id, code_hash, account_id, expires_at)
                 select tenant_id, convert_to($1, 'UTF8'), id, now() - $2 * interval '1 day' from account"
            }
            "device" => {
                "insert into device (tenant_id, account_id, token_hash, last_used_at)
                 select tenant_id, id, convert_to($1, 'UTF8'), now() - $2 * interval '1 day' from account"
            }
            _ => {
                "insert into session (tenant_id, id, account_id, secret_hash, kept, user_agent, client_address,
                                      created_at, last_seen_at, expires_at, ends_at)
                 select tenant_id, uuidv7(), id, convert_to($1, 'UTF8'), false, $1, '', now(), now(),
                        now() - $2 * interval '1 day', now() + interval '1 day' from account"
            }
        };
        let mut connection = self.db.superuser().await?;
        sqlx::query(statement)
            .bind(name)
            .bind(days)
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    /// What is left of these rows, as "table: name"; others came by signing up.
    async fn own_left(&self) -> Result<Vec<String>> {
        let mut connection = self.db.superuser().await?;
        let left = sqlx::query_scalar(
            "select * from (select 'attempt: ' || network from attempt where subject = ''
                            union all select 'code: ' || convert_from(code_hash, 'UTF8') from sign_in_code
                            union all select 'device: ' || convert_from(token_hash, 'UTF8') from device
                                where length(token_hash) < 16
                            union all select 'session: ' || user_agent from session
                                where length(secret_hash) < 16) rows (name) order by name",
        )
        .fetch_all(&mut connection)
        .await?;
        Ok(left)
    }

    async fn insert_aged(&self, table: &str, name: &str, days: f64) -> Result<()> {
        let statement = match (table, name) {
            ("request", _) => {
                "insert into request (tenant_id, subject, method, request_id, request_hash, response, created_at)
                 values (uuidv7(), 'a test', $1, uuidv7(), '', '', now() - $2 * interval '1 day')"
            }
            ("inbox", _) => {
                "insert into inbox (tenant_id, event_id, type, handled_at)
                 values (uuidv7(), uuidv7(), $1, now() - $2 * interval '1 day')"
            }
            (_, "unpublished") => {
                "insert into outbox (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload,
                                     traceparent, created_at)
                 values (uuidv7(), uuidv7(), 'a test', uuidv7(), 1, $1, '', '', now() - $2 * interval '1 day')"
            }
            _ => {
                "insert into outbox (tenant_id, id, aggregate_type, aggregate_id, sequence, type, payload,
                                     traceparent, created_at, published_at)
                 values (uuidv7(), uuidv7(), 'a test', uuidv7(), 1, $1, '', '', now(),
                         now() - $2 * interval '1 day')"
            }
        };
        let mut connection = self.db.superuser().await?;
        sqlx::query(statement)
            .bind(name)
            .bind(days)
            .execute(&mut connection)
            .await?;
        Ok(())
    }

    /// What is left of the rows, as "table: name".
    async fn left(&self) -> Result<Vec<String>> {
        let mut connection = self.db.superuser().await?;
        let left = sqlx::query_scalar(
            "select * from (select 'request: ' || method from request
                            union all select 'inbox: ' || type from inbox
                            union all select 'outbox: ' || type from outbox) rows (name) order by name",
        )
        .fetch_all(&mut connection)
        .await?;
        Ok(left)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_run_out_is_deleted_and_nothing_else() -> Result<()> {
    let mut setup = Setup::start().await?;
    for (table, name, days) in ROWS {
        setup.insert_aged(table, name, days).await?;
    }
    setup.restart().await?;
    let expected = [
        "inbox: young",
        "outbox: unpublished",
        "outbox: young",
        "request: young",
    ];
    let reached = async {
        while setup.left().await? != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(10), reached)
        .await
        .context("it is not deleted, or too much is")?
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_gets_in_by_what_has_run_out() -> Result<()> {
    let mut setup = Setup::start().await?;
    setup.unconfirmed("alder").await?;
    for (table, name, days) in OWN_ROWS {
        setup.insert_own(table, name, days).await?;
    }
    setup.restart().await?;
    let expected = [
        "attempt: young",
        "code: young",
        "device: young",
        "session: young",
    ];
    let reached = async {
        while setup.own_left().await? != expected {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(10), reached)
        .await
        .context("it is not deleted, or too much is")?
}

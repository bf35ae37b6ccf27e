//! What every service forgets: published and handled events, and answers to requests.

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

impl Setup {
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

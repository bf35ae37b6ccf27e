//! How long the same request answers as before, where it is about money.

use std::time::Duration;

use anyhow::{Context as _, Result};
use service::new_id;

use crate::stage::Stage;

impl Stage {
    /// An answer that was given so many days ago.
    async fn insert_answer(&self, days: f64) -> Result<()> {
        let mut connection = self.db.superuser().await?;
        sqlx::query(
            "insert into request (tenant_id, subject, method, request_id, request_hash, response, created_at)
             values ($1, 'a test', 'a method', $2, '', '', now() - $3 * interval '1 day')",
        )
        .bind(self.tenant.id.uuid())
        .bind(new_id())
        .bind(days)
        .execute(&mut connection)
        .await?;
        Ok(())
    }

    /// The ages of all answers in whole days.
    async fn ages(&self) -> Result<Vec<i32>> {
        let mut connection = self.db.superuser().await?;
        let ages = sqlx::query_scalar(
            "select extract(day from now() - created_at)::int from request order by created_at desc",
        )
        .fetch_all(&mut connection)
        .await?;
        Ok(ages)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_kept_for_thirty_days() -> Result<()> {
    let mut stage = Stage::new().await?;
    for days in [1.5, 29.9, 30.1] {
        stage.insert_answer(days).await?;
    }
    // it deletes when it starts
    stage.restart().await?;
    let deleted = async {
        while stage.ages().await? != [1, 29] {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(Duration::from_secs(10), deleted)
        .await
        .context("too little is deleted, or too much")?
}

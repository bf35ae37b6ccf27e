//! The photos of the story, from the page's script to the mail that tells of all.

use std::{collections::BTreeSet, time::Instant};

use anyhow::{Context as _, Result, ensure};
use devstack::services::Service;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use integration_tests::jpeg;
use jiff::SignedDuration;
use reqwest::StatusCode;
use serde::Deserialize;
use service::new_id;
use uuid::Uuid;

use super::{LOOK_AGAIN, Story};
use crate::person::PATIENCE;

pub(crate) const PHOTOS: usize = 10;
/// As many as the page's script sends.
const AT_ONCE: usize = 2;
/// Longer than photos wait for another.
const HOLD: SignedDuration = SignedDuration::from_mins(16);

/// What the portal tells the page's script of an upload.
#[derive(Debug, Deserialize)]
struct UploadStatus {
    id: String,
    state: String,
}

impl Story<'_> {
    /// Adds the photos, each with a request id of its own, and waits until all are ready.
    pub(super) async fn add_photos(&mut self) -> Result<()> {
        let path = format!("/office/projects/{}/photos", self.ledger.project);
        let page = self.manager.open(&path).await?;
        let token = page.hidden("csrf").context("the page has a form")?;
        let photos: BTreeSet<Uuid> = stream::iter(0..PHOTOS)
            .map(|index| self.add_photo(&path, &token, index))
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await?;
        ensure!(photos.len() == PHOTOS, "they became {photos:?}");
        self.ledger.photos = photos;
        let list = format!("{path}/uploads");
        self.until("ten photos", async || {
            let page = self.manager.open(&list).await?;
            let left: Vec<UploadStatus> = serde_json::from_str(&page.text)?;
            let refused = left.iter().find(|told| told.state == "refused");
            ensure!(refused.is_none(), "{refused:?}");
            Ok(left.is_empty())
        })
        .await
    }

    async fn add_photo(&self, path: &str, token: &str, index: usize) -> Result<Uuid> {
        let request_id = new_id();
        let about = format!("name=photo-{index}.jpg&caption=Cabinets&phase=&audience=shared");
        let address = format!("{path}/upload?request_id={request_id}&{about}");
        let page = self.manager.send_photo(&address, token, &jpeg()).await?;
        ensure!(
            page.status == StatusCode::OK,
            "photo {index}: {} {}",
            page.status,
            page.text
        );
        let told: UploadStatus = serde_json::from_str(&page.text)?;
        ensure!(told.state != "refused", "photo {index}: {told:?}");
        told.id.parse().context("a photo has an id")
    }

    /// Waits until notifications has heard of all photos, lets the time pass for which it gathers them, and waits for the
    /// mail.
    pub(super) async fn photos_mail(&self) -> Result<()> {
        let gathered = "select count(*) from photo_batch_photo where tenant_id = $1";
        self.until("the news of ten photos", async || {
            let organization = self.ledger.organization;
            let count = self
                .exposed
                .count(Service::Notifications, organization, gathered);
            // while the database is away nobody knows
            Ok(count.await.unwrap_or_default() == i64::try_from(PHOTOS)?)
        })
        .await?;
        let deadline = Instant::now() + PATIENCE;
        while !self.exposed.move_clock(HOLD).await? {
            ensure!(Instant::now() < deadline, "the fault does not end");
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        self.until("the mail of the photos", async || {
            Ok(self.has_mail(&self.client, "new photo"))
        })
        .await
    }
}

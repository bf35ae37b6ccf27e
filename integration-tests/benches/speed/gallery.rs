//! A client's gallery of many photos beside one of few.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use integration_tests::{Organization, PASSWORD, Record, Visitor};
use reqwest::StatusCode;
use service::new_id;
use sqlx::Connection as _;
use uuid::Uuid;

use crate::line::{Goal, Line, median, millis};

const MANY: usize = 2_000;
const FEW: usize = 20;
/// As many as a page shows.
const PAGE: usize = 24;
const ROUNDS: usize = 60;
const WARM_UP: usize = 5;
const MOST_BYTES: u32 = 40_000;

/// Gives one client many photos and the other few.
pub(crate) async fn fill(platform: &Platform, alder: &Organization) -> Result<()> {
    copy_photos(platform, &alder.anas, MANY).await?;
    copy_photos(platform, &alder.bens, FEW).await
}

/// Two clients of one organization read the first page of their galleries in turn.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<[Line; 2]> {
    let ana = Client::arrive(platform, alder, "ana", &alder.anas, PAGE).await?;
    let ben = Client::arrive(platform, alder, "ben", &alder.bens, FEW).await?;
    let (mut many, mut few) = (Vec::new(), Vec::new());
    let mut bytes = 0;
    for round in 0..WARM_UP + ROUNDS {
        let (time_of_many, size) = ana.look().await?;
        let (time_of_few, _) = ben.look().await?;
        bytes = size;
        if round >= WARM_UP {
            many.push(time_of_many);
            few.push(time_of_few);
        }
    }
    let (many, few) = (median(many), median(few));
    Ok([
        Line {
            name: "gallery.2000",
            ratio: many.as_secs_f64() / few.as_secs_f64(),
            goal: Goal::AtMost(1.5),
            method: format!(
                "the first page: {:.1} ms with {MANY} photos in the project, {:.1} ms with {FEW}; median of {ROUNDS} each, in turn",
                millis(many),
                millis(few)
            ),
        },
        Line {
            name: "gallery.html",
            ratio: f64::from(u32::try_from(bytes)?) / f64::from(MOST_BYTES),
            goal: Goal::AtMost(1.0),
            method: format!(
                "{bytes} bytes of HTML, uncompressed, for {PAGE} photos; {MOST_BYTES} are allowed"
            ),
        },
    ])
}

/// Copies the one photo of a project, an hour earlier each, until there are so many. No file is behind the copies: pages
/// only name them.
async fn copy_photos(platform: &Platform, record: &Record, photos: usize) -> Result<()> {
    let copies: Vec<Uuid> = (1..photos).map(|_| new_id()).collect();
    let mut documents = platform.postgres().admin("documents").await?;
    sqlx::query(
        "insert into file (tenant_id, id, subject, state, name, type, size_bytes, stored_bytes, width, height, uploaded_by,
             traceparent, created_at)
         select tenant_id, copy, subject, state, name, type, size_bytes, stored_bytes, width, height, uploaded_by,
             traceparent, created_at
         from file, unnest($2::uuid[]) copy where id = $1",
    )
    .bind(record.photo)
    .bind(&copies)
    .execute(&mut documents)
    .await
    .context("copy a file's row")?;
    sqlx::query(
        "insert into photo (tenant_id, id, project_id, phase_id, caption, alt_text, audience, uploaded_by, time_zone,
             created_at, taken_at)
         select tenant_id, copy, project_id, $3, caption, alt_text, audience, uploaded_by, time_zone,
             created_at, taken_at - number * interval '1 hour'
         from photo, unnest($2::uuid[]) with ordinality copies (copy, number) where id = $1",
    )
    .bind(record.photo)
    .bind(&copies)
    .bind(record.phase)
    .execute(&mut documents)
    .await
    .context("copy a photo's row")?;
    // as the database would before long
    sqlx::raw_sql("analyze file; analyze photo")
        .execute(&mut documents)
        .await?;
    documents.close().await?;
    Ok(())
}

/// A client who looks at photos.
struct Client {
    visitor: Visitor,
    gallery: String,
    /// How many the first page shows.
    shown: usize,
}

impl Client {
    async fn arrive(
        platform: &Platform,
        alder: &Organization,
        name: &str,
        record: &Record,
        shown: usize,
    ) -> Result<Self> {
        let visitor = Visitor::new(&alder.slug, platform.portal_port())?;
        let email = format!("{name}@{}.example", alder.slug);
        visitor.sign_in(&email, PASSWORD).await?;
        Ok(Self {
            visitor,
            gallery: format!("/p/{}/photos", record.project),
            shown,
        })
    }

    /// Reads the page: how long that takes, and how large it is.
    async fn look(&self) -> Result<(Duration, usize)> {
        let begin = Instant::now();
        let page = self.visitor.get(&self.gallery).await?;
        let time = begin.elapsed();
        ensure!(page.status == StatusCode::OK, "{page:?}");
        let shown = page.text.matches("<li id=\"photo-").count();
        ensure!(shown == self.shown, "{shown} photos are shown: {page:?}");
        Ok((time, page.text.len()))
    }
}

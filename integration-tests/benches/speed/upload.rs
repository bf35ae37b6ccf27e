//! A photo through the portal beside its bare bytes to the storage.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use integration_tests::{Organization, PASSWORD, Stage as _, Visitor, jpeg};
use proto::documents::{
    ListUploadsRequest, PhotoAudience, StartPhotoRequest, UploadState,
    photo_service_client::PhotoServiceClient,
};
use reqwest::StatusCode;
use service::new_id;
use tenancy::authorized;

use crate::line::{Goal, Line, median, millis};

const FILES: usize = 25;
const BYTES: usize = 4 << 20;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The same bytes go both ways in turn. Through the portal they are a whole upload, from the request to the answer that the
/// photo is being prepared; the other way is the PUT alone, to an address that was signed before the clock started.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<Line> {
    let owner = Owner::arrive(platform, alder).await?;
    let photo = photo();
    let (mut bare, mut through) = (Vec::new(), Vec::new());
    for round in 0..=FILES {
        let times = (owner.put(&photo).await?, owner.upload(&photo).await?);
        // the first ones open connections
        if round > 0 {
            bare.push(times.0);
            through.push(times.1);
        }
    }
    let (bare, through) = (median(bare), median(through));
    Ok(Line {
        name: "upload.portal",
        ratio: bare.as_secs_f64() / through.as_secs_f64(),
        goal: Goal::AtLeast(0.7),
        method: format!(
            "a file of 4 MiB: {:.1} ms through the portal, {:.1} ms by a presigned PUT alone; median of {FILES} each, in turn",
            millis(through),
            millis(bare)
        ),
    })
}

/// A photo that is as large as a phone's and opened in no time, so that preparing one does not slow the next.
fn photo() -> Vec<u8> {
    let mut photo = jpeg();
    // what follows the picture is left out
    photo.resize(BYTES, 0);
    photo
}

/// Who adds photos to a project.
struct Owner<'a> {
    platform: &'a Platform,
    alder: &'a Organization,
    visitor: Visitor,
    csrf: String,
    http: reqwest::Client,
}

impl<'a> Owner<'a> {
    async fn arrive(platform: &'a Platform, alder: &'a Organization) -> Result<Self> {
        let visitor = Visitor::new(&alder.slug, platform.portal_port())?;
        let email = format!("owner@{}.example", alder.slug);
        visitor.sign_in(&email, PASSWORD).await?;
        let page = visitor.get("/office/account").await?;
        Ok(Self {
            platform,
            alder,
            visitor,
            csrf: page.hidden("csrf").context("the page has a form")?,
            http: reqwest::Client::new(),
        })
    }

    /// Puts the bytes into the storage and nothing else.
    async fn put(&self, photo: &[u8]) -> Result<Duration> {
        let start = StartPhotoRequest {
            project_id: self.alder.anas.project.to_string(),
            file_name: "bare.jpg".to_owned(),
            size_bytes: i64::try_from(photo.len())?,
            audience: PhotoAudience::Internal.into(),
            request_id: new_id().to_string(),
            ..StartPhotoRequest::default()
        };
        let started = self
            .photos()?
            .start_photo(authorized(&self.token()?, start))
            .await
            .context("start a photo")?
            .into_inner();
        let bytes = photo.to_vec();
        let begin = Instant::now();
        self.http
            .put(started.put_url)
            .body(bytes)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .context("put a file into the storage")?;
        Ok(begin.elapsed())
    }

    /// Adds the photo as the page's script does, and waits until it is prepared, which does not count.
    async fn upload(&self, photo: &[u8]) -> Result<Duration> {
        let path = format!(
            "/office/projects/{}/photos/upload?name=site.jpg&audience=internal&request_id={}",
            self.alder.anas.project,
            new_id()
        );
        let bytes = photo.to_vec();
        let begin = Instant::now();
        let answer = self
            .visitor
            .send_file(&path, &self.csrf, "image/jpeg", bytes)
            .await?;
        let time = begin.elapsed();
        ensure!(answer.status == StatusCode::OK, "{answer:?}");
        while self.is_preparing().await? {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(time)
    }

    async fn is_preparing(&self) -> Result<bool> {
        let list = ListUploadsRequest {
            project_id: self.alder.anas.project.to_string(),
        };
        let uploads = self
            .photos()?
            .list_uploads(authorized(&self.token()?, list))
            .await?
            .into_inner()
            .uploads;
        let is_refused = uploads
            .iter()
            .any(|upload| upload.state() == UploadState::Refused);
        ensure!(!is_refused, "a photo was refused: {uploads:?}");
        Ok(uploads
            .iter()
            .any(|upload| upload.state() == UploadState::Processing))
    }

    fn photos(&self) -> Result<PhotoServiceClient<service::Peer>> {
        Ok(PhotoServiceClient::new(self.platform.peer("documents")?))
    }

    /// Anew for each call: it is good for a minute.
    fn token(&self) -> Result<String> {
        self.platform.person(self.alder.id, &self.alder.owner)
    }
}

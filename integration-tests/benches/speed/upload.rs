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

const ROUNDS: usize = 200;
const BYTES: usize = 4 << 20;
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The same bytes go both ways in turn, two files at once, as many as the page's script sends. Through the portal they are
/// whole uploads, from the request to the answer that the photo is being prepared; the other way is the PUT alone, to an
/// address that was signed before the clock started.
pub(crate) async fn measure(platform: &Platform, alder: &Organization) -> Result<Line> {
    let owner = Owner::arrive(platform, alder).await?;
    let photo = photo();
    let (mut bare, mut through) = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let addresses = (owner.address(photo).await?, owner.address(photo).await?);
        let begin = Instant::now();
        tokio::try_join!(owner.put(addresses.0, photo), owner.put(addresses.1, photo))?;
        let bare_took = begin.elapsed();
        let begin = Instant::now();
        tokio::try_join!(owner.send(photo), owner.send(photo))?;
        let through_took = begin.elapsed();
        owner.until_prepared().await?;
        // the first ones open connections
        if round > 0 {
            bare.push(bare_took);
            through.push(through_took);
        }
    }
    let (bare, through) = (median(bare), median(through));
    Ok(Line {
        name: "upload.portal",
        ratio: bare.as_secs_f64() / through.as_secs_f64(),
        goal: Goal::AtLeast(0.7),
        method: format!(
            "two files of 4 MiB at once: {:.1} ms through the portal, {:.1} ms by presigned PUTs alone; median of {ROUNDS} each, in \
             turn",
            millis(through),
            millis(bare)
        ),
    })
}

/// A photo that is as large as a phone's and opened in no time, so that preparing one does not slow the next. It stays for
/// good: copies of it would take time that is measured.
pub(crate) fn photo() -> &'static [u8] {
    let mut photo = jpeg();
    // what follows the picture is left out
    photo.resize(BYTES, 0);
    photo.leak()
}

/// Who adds photos to a project.
pub(crate) struct Owner<'a> {
    platform: &'a Platform,
    alder: &'a Organization,
    visitor: Visitor,
    csrf: String,
    http: reqwest::Client,
}

impl<'a> Owner<'a> {
    pub(crate) async fn arrive(platform: &'a Platform, alder: &'a Organization) -> Result<Self> {
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

    /// An address that takes the bytes.
    async fn address(&self, photo: &[u8]) -> Result<String> {
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
            .context("start a photo")?;
        Ok(started.into_inner().put_url)
    }

    /// Puts the bytes into the storage and nothing else.
    async fn put(&self, address: String, photo: &'static [u8]) -> Result<()> {
        self.http
            .put(address)
            .body(photo)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .context("put a file into the storage")?;
        Ok(())
    }

    /// Adds the photo as the page's script does.
    pub(crate) async fn send(&self, photo: &'static [u8]) -> Result<()> {
        let path = format!(
            "/office/projects/{}/photos/upload?name=site.jpg&audience=internal&request_id={}",
            self.alder.anas.project,
            new_id()
        );
        let answer = self
            .visitor
            .send_file(&path, &self.csrf, "image/jpeg", photo)
            .await?;
        ensure!(answer.status == StatusCode::OK, "{answer:?}");
        Ok(())
    }

    /// Waits until all photos are prepared, which does not count.
    pub(crate) async fn until_prepared(&self) -> Result<()> {
        while self.is_preparing().await? {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
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

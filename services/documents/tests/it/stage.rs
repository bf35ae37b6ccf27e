//! The service with everything around it, and what tests do with it.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use devstack::s3::S3;
use proto::{
    documents::{
        FinishPhotoRequest, ListUploadsRequest, PhotoAudience, StartPhotoRequest, Upload,
        logo_service_client::LogoServiceClient, photo_service_client::PhotoServiceClient,
        usage_service_client::UsageServiceClient,
    },
    projects::PhotoScope,
};
use service::{Peer, config::load_from, new_id};
use tempfile::TempDir;
use tenancy::{Person, authorized};
use testing::{Running, Tenant, TestDb, TestKeys, environment};

use crate::fake_projects::FakeProjects;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Stage {
    pub(crate) keys: TestKeys,
    pub(crate) tenant: Tenant,
    pub(crate) projects: FakeProjects,
    pub(crate) db: TestDb,
    pub(crate) s3: S3,
    pub(crate) http: reqwest::Client,
    pub(crate) folder: TempDir,
    documents: Running,
    _projects: Running,
}

impl Stage {
    pub(crate) async fn new() -> Result<Self> {
        Self::with(&[]).await
    }

    /// With settings of the service that differ from the usual.
    pub(crate) async fn with(settings: &[(&str, String)]) -> Result<Self> {
        let db = TestDb::new("documents", &documents::migrations()).await?;
        Self::over(db, settings).await
    }

    /// Over a database that may hold something already.
    pub(crate) async fn over(db: TestDb, settings: &[(&str, String)]) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let s3 = S3::start(folder.path())?;
        let keys = TestKeys::new()?;
        let tenant = Tenant::new();
        let projects = FakeProjects {
            project: new_id(),
            phase: new_id(),
            scopes: Arc::new(Mutex::new(
                [
                    (tenant.owner.account, PhotoScope::All),
                    (tenant.pm.account, PhotoScope::All),
                    (tenant.field.account, PhotoScope::Own),
                    (tenant.ana.account, PhotoScope::Shared),
                ]
                .into(),
            )),
        };
        let running = projects.clone().start(&keys).await?;
        let mut all = vec![
            ("APP__PEERS__PROJECTS", running.address().to_owned()),
            ("APP__S3__ENDPOINT", s3.endpoint.clone()),
            ("APP__S3__BUCKET", s3.bucket.clone()),
            ("APP__S3__ACCESS_KEY", s3.access_key.clone()),
            ("APP__S3__SECRET_KEY", s3.secret_key.clone()),
            ("APP__DECODER__PROGRAM", decoder()?.display().to_string()),
        ];
        all.extend(settings.iter().cloned());
        let config = load_from(documents::DEFAULT_CONFIG, environment(&db, &keys, &all)?)?;
        Ok(Self {
            documents: Running::start(documents::build(config).await?)?,
            keys,
            tenant,
            projects,
            db,
            s3,
            http: reqwest::Client::new(),
            folder,
            _projects: running,
        })
    }

    pub(crate) fn photos(&self) -> Result<PhotoServiceClient<Peer>> {
        Ok(PhotoServiceClient::new(self.documents.peer()?))
    }

    pub(crate) fn logos(&self) -> Result<LogoServiceClient<Peer>> {
        Ok(LogoServiceClient::new(self.documents.peer()?))
    }

    pub(crate) fn usage(&self) -> Result<UsageServiceClient<Peer>> {
        Ok(UsageServiceClient::new(self.documents.peer()?))
    }

    pub(crate) fn project(&self) -> String {
        self.projects.project.to_string()
    }

    /// Says which photos of the project a person may see from now on.
    pub(crate) fn set_scope(&self, person: &Person, scope: PhotoScope) {
        let mut scopes = self
            .projects
            .scopes
            .lock()
            .expect("no test panics with the lock");
        scopes.insert(person.account, scope);
    }

    pub(crate) fn request<T>(&self, person: &Person, message: T) -> Result<tonic::Request<T>> {
        Ok(authorized(
            &self.keys.person(self.tenant.id, person)?,
            message,
        ))
    }

    /// What the browser says of a JPEG of so many bytes.
    pub(crate) fn described(&self, name: &str, bytes: &[u8]) -> StartPhotoRequest {
        StartPhotoRequest {
            project_id: self.project(),
            file_name: name.to_owned(),
            size_bytes: i64::try_from(bytes.len()).expect("a file of a test is small"),
            audience: PhotoAudience::Unmarked.into(),
            request_id: new_id().to_string(),
            ..StartPhotoRequest::default()
        }
    }

    /// Starts an upload, sends its bytes and finishes it.
    pub(crate) async fn send(
        &self,
        person: &Person,
        start: StartPhotoRequest,
        bytes: &[u8],
    ) -> Result<String> {
        let started = self
            .photos()?
            .start_photo(self.request(person, start)?)
            .await?
            .into_inner();
        self.put(&started.put_url, bytes).await?;
        let finish = FinishPhotoRequest {
            photo_id: started.photo_id.clone(),
        };
        self.photos()?
            .finish_photo(self.request(person, finish)?)
            .await?;
        Ok(started.photo_id)
    }

    pub(crate) async fn put(&self, url: &str, bytes: &[u8]) -> Result<()> {
        self.http
            .put(url)
            .body(bytes.to_vec())
            .send()
            .await?
            .error_for_status()?;
        Ok(())
    }

    /// Adds a photo and waits until it is ready.
    pub(crate) async fn add(&self, person: &Person, audience: PhotoAudience) -> Result<String> {
        let bytes = jpeg(64, 48);
        let start = StartPhotoRequest {
            caption: "Base cabinets are in".to_owned(),
            audience: audience.into(),
            ..self.described("IMG_0001.jpg", &bytes)
        };
        let id = self.send(person, start, &bytes).await?;
        self.settled(person).await?;
        Ok(id)
    }

    /// Waits until no upload of a person's is on its way, and answers those that are listed.
    pub(crate) async fn settled(&self, person: &Person) -> Result<Vec<Upload>> {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let uploads = self.uploads(person).await?;
            if uploads
                .iter()
                .all(|upload| upload.state() == proto::documents::UploadState::Refused)
            {
                return Ok(uploads);
            }
            if tokio::time::Instant::now() > deadline {
                bail!("uploads are not settled: {uploads:?}");
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn uploads(&self, person: &Person) -> Result<Vec<Upload>> {
        let list = ListUploadsRequest {
            project_id: self.project(),
        };
        let answer = self
            .photos()?
            .list_uploads(self.request(person, list)?)
            .await?;
        Ok(answer.into_inner().uploads)
    }

    /// Every object in the bucket, by its key.
    pub(crate) fn objects(&self) -> Result<Vec<String>> {
        let bucket = self.folder.path().join("objects").join(&self.s3.bucket);
        let mut keys = Vec::new();
        let mut folders = vec![bucket.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let key = path
                        .strip_prefix(&bucket)?
                        .to_str()
                        .context("keys are text")?;
                    keys.push(key.to_owned());
                }
            }
        }
        keys.sort();
        Ok(keys)
    }

    /// Puts an object there without asking the storage.
    pub(crate) fn leave(&self, key: &str, bytes: &[u8]) -> Result<()> {
        let object = self
            .folder
            .path()
            .join("objects")
            .join(&self.s3.bucket)
            .join(key);
        std::fs::create_dir_all(object.parent().context("keys have folders")?)?;
        std::fs::write(object, bytes)?;
        Ok(())
    }

    /// Events of this name that were published.
    pub(crate) async fn published(&self, name: &str) -> Result<i64> {
        let mut connection = self.db.superuser().await?;
        let count = sqlx::query_scalar("select count(*) from outbox where type = $1")
            .bind(format!("contractoros.documents.v1.{name}"))
            .fetch_one(&mut connection)
            .await?;
        Ok(count)
    }
}

/// The program that opens uploads.
pub(crate) fn decoder() -> Result<PathBuf> {
    Ok(devstack::folders::programs()?.join("decoder"))
}

/// A JPEG that shows something.
pub(crate) fn jpeg(width: usize, height: usize) -> Vec<u8> {
    let pixels: Vec<u8> = (0..height)
        .flat_map(|y| (0..width).map(move |x| (x * 255 / width, y * 255 / height)))
        .flat_map(|(x, y)| [x, y, 90].map(|shade| u8::try_from(shade).unwrap_or(u8::MAX)))
        .collect();
    let image = turbojpeg::Image {
        pixels: pixels.as_slice(),
        width,
        pitch: 3 * width,
        height,
        format: turbojpeg::PixelFormat::RGB,
    };
    turbojpeg::compress(image, 85, turbojpeg::Subsamp::Sub2x2)
        .expect("a small picture can be written")
        .to_vec()
}

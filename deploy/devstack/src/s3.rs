//! An S3 server inside our own process, over plain folders.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s_fs::FileSystem;
use tokio::net::TcpListener;
use tokio::task::spawn_local;

use crate::background::Background;
use crate::{folders, ports, secrets};

pub const BUCKET: &str = "contractoros";

/// The server does not look at it, but a client signs with one.
pub const REGION: &str = "us-east-1";

const ACCESS_KEY: &str = "devstack";
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// The server with its one bucket. Clients must put the bucket into the path, not the host name.
pub struct S3 {
    pub endpoint: String,
    pub access_key: String,
    pub secret_key: String,
    /// Holds the secret key, for a service that is configured by files.
    pub secret_key_file: PathBuf,
    pub bucket: String,
    _server: Background,
}

impl S3 {
    /// Serves what is in `folder`, and makes the bucket there.
    pub fn start(folder: &Path) -> Result<Self> {
        let objects = folder.join("objects");
        folders::make(&objects)?;
        fs::create_dir_all(objects.join(BUCKET)).context("make the bucket")?;
        let secret_key_file = folder.join("secret.key");
        let secret_key = secrets::kept(&secret_key_file, 24)?;

        let files = FileSystem::new(&objects)
            .map_err(|error| anyhow!("open {} for the S3 server: {error:?}", objects.display()))?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, secret_key.as_str()));
        let service = builder.build();

        let port = ports::kept(&folder.join("port"))?;
        Ok(Self {
            endpoint: format!("http://127.0.0.1:{port}"),
            access_key: ACCESS_KEY.to_owned(),
            secret_key,
            secret_key_file,
            bucket: BUCKET.to_owned(),
            _server: Background::serve_on(port, "S3", |listener| accept(listener, service))?,
        })
    }
}

async fn accept(listener: TcpListener, service: S3Service) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Too many open files, mostly: some will be closed by then.
            tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            continue;
        };
        // an answer goes out at once, head and body; where this fails the connection is dead
        let _ = stream.set_nodelay(true);
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service.clone());
        spawn_local(async move {
            // A client that hangs up in the middle is its own business.
            drop(connection.await);
        });
    }
}

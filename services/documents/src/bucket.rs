//! The bucket that files lie in.

use anyhow::{Context as _, Result};
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

/// Where the bucket is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3 {
    /// Such as "https://s3.example.com"; empty means the address that the region implies.
    pub endpoint: String,
    /// The bucket's name; it must exist.
    pub bucket: String,
    /// Such as "us-east-1".
    pub region: String,
    /// The key's id.
    pub access_key: String,
    /// The key.
    pub secret_key: SecretString,
}

/// Fails where the bucket is absent or the key does not open it, so that an upgrade stops before it serves.
pub(crate) async fn check(s3: &S3) -> Result<()> {
    client(s3)
        .head_bucket()
        .bucket(&s3.bucket)
        .send()
        .await
        .map(drop)
        .with_context(|| format!("open the bucket {}", s3.bucket))
}

fn client(s3: &S3) -> Client {
    let credentials = Credentials::new(
        &s3.access_key,
        s3.secret_key.expose_secret(),
        None,
        None,
        "configuration",
    );
    let mut config = Builder::new()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(s3.region.clone()))
        .credentials_provider(credentials);
    if !s3.endpoint.is_empty() {
        config = config.endpoint_url(&s3.endpoint).force_path_style(true);
    }
    Client::from_conf(config.build())
}

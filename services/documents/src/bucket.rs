//! The bucket that files lie in, under `t/<tenant>/<file>/<variant>`.

use std::{path::Path, time::Duration};

use anyhow::Context as _;
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Builder, Credentials, Region, timeout::TimeoutConfig},
    error::SdkError,
    presigning::PresigningConfig,
    primitives::ByteStream,
    types::{self, Delete, ObjectIdentifier},
};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use service::{Error, Result};
use tenancy::TenantId;
use tokio::{fs::File, io::AsyncWriteExt as _};
use uuid::Uuid;

/// How long an upload may take to begin.
const PUT_FOR: Duration = Duration::from_mins(15);
/// How long a file may take to be asked for.
const GET_FOR: Duration = Duration::from_mins(1);

/// As many objects as one call may delete.
const MOST_DELETED: usize = 1_000;

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

/// What lies in the bucket of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Variant {
    /// As it came, before anybody looked at it.
    Quarantine,
    /// As it came, once it was found sound; never served.
    Original,
    /// A photo whose longer side has so many pixels at most.
    Size(u16),
    /// A logo.
    Logo,
}

impl Variant {
    /// The sizes that every photo has, in pixels of its longer side.
    pub(crate) const SIZES: [u16; 3] = [320, 640, 1600];

    fn all() -> impl Iterator<Item = Self> {
        [Self::Quarantine, Self::Original, Self::Logo]
            .into_iter()
            .chain(Self::SIZES.map(Self::Size))
    }

    fn name(self) -> String {
        match self {
            Self::Quarantine => "quarantine".to_owned(),
            Self::Original => "original".to_owned(),
            Self::Size(pixels) => format!("{pixels}.jpg"),
            Self::Logo => "logo.png".to_owned(),
        }
    }
}

/// A file in the bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) file: Uuid,
}

impl Place {
    /// Everything that there can be of it.
    pub(crate) fn all(self) -> impl Iterator<Item = (Self, Variant)> {
        Variant::all().map(move |variant| (self, variant))
    }

    fn key(self, variant: Variant) -> String {
        format!("t/{}/{}/{}", self.tenant, self.file, variant.name())
    }
}

/// The bucket.
#[derive(Clone, Debug)]
pub(crate) struct Bucket {
    client: Client,
    name: String,
}

impl Bucket {
    pub(crate) fn new(s3: &S3) -> Self {
        let credentials = Credentials::new(
            &s3.access_key,
            s3.secret_key.expose_secret(),
            None,
            None,
            "configuration",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(2))
            .read_timeout(Duration::from_secs(10))
            .build();
        let mut config = Builder::new()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(s3.region.clone()))
            .timeout_config(timeouts)
            .credentials_provider(credentials);
        if !s3.endpoint.is_empty() {
            config = config.endpoint_url(&s3.endpoint).force_path_style(true);
        }
        Self {
            client: Client::from_conf(config.build()),
            name: s3.bucket.clone(),
        }
    }

    /// Fails where the bucket is absent or the key does not open it, so that an upgrade stops before it serves.
    pub(crate) async fn check(&self) -> anyhow::Result<()> {
        self.client
            .head_bucket()
            .bucket(&self.name)
            .send()
            .await
            .map(drop)
            .with_context(|| format!("open the bucket {}", self.name))
    }

    /// An address that takes exactly `size` bytes by PUT, within a quarter of an hour.
    pub(crate) async fn put_url(&self, place: Place, size: i64) -> Result<String> {
        let request = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(place.key(Variant::Quarantine))
            .content_length(size)
            .presigned(presigning(PUT_FOR)?)
            .await
            .map_err(unavailable)?;
        Ok(request.uri().to_owned())
    }

    /// An address that gives a variant by GET, within a minute.
    pub(crate) async fn get_url(&self, place: Place, variant: Variant) -> Result<String> {
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(place.key(variant))
            .presigned(presigning(GET_FOR)?)
            .await
            .map_err(unavailable)?;
        Ok(request.uri().to_owned())
    }

    /// Copies what came into a file; false where that is not `size` bytes, or nothing.
    pub(crate) async fn fetch(&self, place: Place, size: i64, to: &Path) -> Result<bool> {
        let answer = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(place.key(Variant::Quarantine))
            .send()
            .await;
        let mut object = match answer {
            Ok(object) => object,
            Err(SdkError::ServiceError(error)) if error.err().is_no_such_key() => return Ok(false),
            Err(error) => return Err(unavailable(error)),
        };
        let came = object
            .content_length()
            .context("the bucket does not say how long an object is")
            .map_err(Error::Unavailable)?;
        if came != size {
            tracing::warn!(file = %place.file, came, size, "an upload is not as long as declared");
            return Ok(false);
        }
        let mut file = File::create(to)
            .await
            .context("make the file for an upload")?;
        while let Some(bytes) = object.body.try_next().await.map_err(|error| {
            Error::Unavailable(anyhow::Error::new(error).context("read from the bucket"))
        })? {
            file.write_all(&bytes)
                .await
                .context("write an upload to a file")?;
        }
        file.flush().await.context("write an upload to a file")?;
        Ok(true)
    }

    /// Puts a variant there.
    pub(crate) async fn put(&self, place: Place, variant: Variant, bytes: Vec<u8>) -> Result<()> {
        self.put_stream(place, variant, ByteStream::from(bytes))
            .await
    }

    /// Keeps the file as the original.
    pub(crate) async fn put_original(&self, place: Place, file: &Path) -> Result<()> {
        let stream = ByteStream::from_path(file)
            .await
            .context("read an upload from its file")?;
        self.put_stream(place, Variant::Original, stream).await
    }

    async fn put_stream(&self, place: Place, variant: Variant, body: ByteStream) -> Result<()> {
        self.client
            .put_object()
            .bucket(&self.name)
            .key(place.key(variant))
            .body(body)
            .send()
            .await
            .map(drop)
            .map_err(unavailable)
    }

    /// Deletes variants of files; what is not there is no error, what stays is one.
    pub(crate) async fn delete(
        &self,
        variants: impl IntoIterator<Item = (Place, Variant)>,
    ) -> Result<()> {
        let objects = variants
            .into_iter()
            .map(|(place, variant)| ObjectIdentifier::builder().key(place.key(variant)).build())
            .collect::<Result<Vec<_>, _>>()
            .map_err(Error::internal)?;
        for batch in objects.chunks(MOST_DELETED) {
            let wanted = Delete::builder()
                .set_objects(Some(batch.to_vec()))
                .build()
                .map_err(Error::internal)?;
            let answer = self
                .client
                .delete_objects()
                .bucket(&self.name)
                .delete(wanted)
                .send()
                .await
                .map_err(unavailable)?;
            none_stays(answer.errors())?;
        }
        Ok(())
    }
}

/// Reads what a bucket that answered well did not delete all the same.
fn none_stays(errors: &[types::Error]) -> Result<()> {
    // some servers count what was not there as an error
    let mut codes = errors
        .iter()
        .map(|error| error.code().unwrap_or("no code"))
        .filter(|code| *code != "NoSuchKey");
    let Some(first) = codes.next() else {
        return Ok(());
    };
    Err(Error::Unavailable(anyhow::anyhow!(
        "the bucket did not delete {} of the objects, the first because of {first}",
        1 + codes.count()
    )))
}

fn presigning(time: Duration) -> Result<PresigningConfig> {
    PresigningConfig::expires_in(time).map_err(Error::internal)
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Unavailable(anyhow::Error::new(error).context("reach the bucket"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_counted_and_the_first_reason_named() {
        let because = |code: &str| types::Error::builder().key("t/a/b/c").code(code).build();
        assert!(none_stays(&[]).is_ok());
        assert!(none_stays(&[because("NoSuchKey")]).is_ok());
        let stay = [
            because("NoSuchKey"),
            because("AccessDenied"),
            because("InternalError"),
        ];
        let error = none_stays(&stay).expect_err("two stay");
        assert!(error.is_transient());
        let text = error.to_string();
        assert!(
            text.ends_with("2 of the objects, the first because of AccessDenied"),
            "{text}"
        );
    }
}

//! The S3 server: what is put can be had again, by who has the key.

use anyhow::Result;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream;
use devstack::s3::{REGION, S3};

fn client(s3: &S3, secret_key: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(&s3.endpoint)
        .force_path_style(true)
        .credentials_provider(Credentials::new(
            &s3.access_key,
            secret_key,
            None,
            None,
            "test",
        ))
        .build();
    Client::from_conf(config)
}

#[tokio::test]
async fn objects_outlast_a_restart() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let s3 = S3::start(folder.path())?;
    let endpoint = s3.endpoint.clone();
    client(&s3, &s3.secret_key)
        .put_object()
        .bucket(&s3.bucket)
        .key("t/acme/photo/640.jpg")
        .body(ByteStream::from_static(b"a photo"))
        .send()
        .await?;
    drop(s3);

    let s3 = S3::start(folder.path())?;
    assert_eq!(s3.endpoint, endpoint, "addresses stay");
    let get = |secret_key: &str| {
        let request = client(&s3, secret_key).get_object();
        request
            .bucket(&s3.bucket)
            .key("t/acme/photo/640.jpg")
            .send()
    };
    let photo = get(&s3.secret_key)
        .await?
        .body
        .collect()
        .await?
        .into_bytes();
    assert_eq!(photo.as_ref(), b"a photo");
    assert!(get("another key").await.is_err());
    Ok(())
}

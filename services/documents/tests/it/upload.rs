//! From what a browser sends to a photo, and everything that can go wrong on the way.

use anyhow::{Context as _, Result};
use proto::{
    documents::{
        BatchGetPhotosRequest, DismissUploadsRequest, FinishPhotoRequest, GetPhotoFileRequest,
        GetUsageRequest, PhotoAudience, RefusalReason, StartPhotoRequest, UploadState,
    },
    projects::PhotoScope,
};
use service::{Reason, new_id};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use uuid::Uuid;

use crate::stage::{Stage, jpeg};

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_becomes_a_photo_in_three_sizes() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let bytes = jpeg(2400, 1800);
    let start = StartPhotoRequest {
        content_type: "image/jpeg".to_owned(),
        ..stage.described("IMG_0001.JPG", &bytes)
    };
    let id = stage.send(owner, start, &bytes).await?;
    assert!(stage.settled(owner).await?.is_empty());

    let batch = BatchGetPhotosRequest {
        ids: vec![id.clone()],
    };
    let photos = stage
        .photos()?
        .batch_get_photos(stage.request(owner, batch)?)
        .await?
        .into_inner()
        .photos;
    assert_eq!((photos[0].width, photos[0].height), (1600, 1200));
    assert_eq!(stage.published("PhotoAdded").await?, 1);

    let folder = format!("t/{}/{id}", stage.tenant.id);
    let expected = ["1600.jpg", "320.jpg", "640.jpg", "original"];
    let objects = stage.objects()?;
    let names: Vec<_> = objects
        .iter()
        .filter_map(|key| key.strip_prefix(&folder)?.strip_prefix('/'))
        .collect();
    assert_eq!(names, expected, "the quarantine is left");
    for size in [320, 640, 1600] {
        let file = GetPhotoFileRequest {
            project_id: stage.project(),
            id: id.clone(),
            size,
        };
        let file = stage
            .photos()?
            .get_photo_file(stage.request(owner, file)?)
            .await?
            .into_inner();
        let made = stage.http.get(file.get_url).send().await?.bytes().await?;
        let header = turbojpeg::read_header(&made)?;
        assert_eq!(header.width, usize::try_from(size)?);
        assert!(
            file.file_name.starts_with("Kitchen remodel 20"),
            "{}",
            file.file_name
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_makes_one_photo() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let bytes = jpeg(64, 48);
    let start = stage.described("a.jpg", &bytes);
    let mut photos = stage.photos()?;
    let first = photos
        .start_photo(stage.request(owner, start.clone())?)
        .await?
        .into_inner();
    // the connection dropped: the page sends the file again
    let second = photos
        .start_photo(stage.request(owner, start.clone())?)
        .await?
        .into_inner();
    assert_eq!(first.photo_id, second.photo_id);
    let mut connection = stage.db.superuser().await?;
    let recorded: Vec<(Uuid, Uuid, Uuid)> =
        sqlx::query_as("select actor, target, request_id from audit where action = 'photo.start'")
            .fetch_all(&mut connection)
            .await?;
    let (photo, request) = (first.photo_id.parse()?, start.request_id.parse()?);
    assert_eq!(recorded, [(owner.account, photo, request)]);
    stage.put(&second.put_url, &bytes).await?;
    for _ in 0..2 {
        let finish = FinishPhotoRequest {
            photo_id: first.photo_id.clone(),
        };
        photos.finish_photo(stage.request(owner, finish)?).await?;
    }
    stage.settled(owner).await?;
    let third = photos
        .start_photo(stage.request(owner, start.clone())?)
        .await?
        .into_inner();
    assert_eq!(third.put_url, "", "there is nothing left to send");
    assert_eq!(stage.published("PhotoAdded").await?, 1);

    let other = StartPhotoRequest {
        caption: "Another".to_owned(),
        ..start
    };
    let refused = photos.start_photo(stage.request(owner, other)?).await;
    assert_eq!(code(refused), Code::InvalidArgument);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_the_declared_ones_are_refused() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let bytes = jpeg(64, 48);
    let mut photos = stage.photos()?;
    let longer = [bytes.as_slice(), b"more"].concat();
    for comes in [false, true] {
        let start = stage.described("a.jpg", &bytes);
        let started = photos
            .start_photo(stage.request(owner, start)?)
            .await?
            .into_inner();
        let put = stage
            .http
            .put(&started.put_url)
            .body(longer.clone())
            .send()
            .await?;
        assert!(
            put.status().is_client_error(),
            "the address takes the declared size alone"
        );
        if comes {
            // by a storage that does not ask for the size
            let key = format!("t/{}/{}/quarantine", stage.tenant.id, started.photo_id);
            stage.leave(&key, &longer)?;
        }
        let finish = FinishPhotoRequest {
            photo_id: started.photo_id.clone(),
        };
        // somebody else cannot finish it
        let refused = photos
            .finish_photo(stage.request(&stage.tenant.pm, finish.clone())?)
            .await;
        assert_eq!(code(refused), Code::NotFound);
        photos.finish_photo(stage.request(owner, finish)?).await?;
        let uploads = stage.settled(owner).await?;
        let upload = uploads
            .iter()
            .find(|upload| upload.id == started.photo_id)
            .context("it is listed")?;
        assert_eq!(upload.state(), UploadState::Refused);
        assert_eq!(upload.refusal(), RefusalReason::Unreadable);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_photo_is_refused_with_its_reason() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let whole = jpeg(640, 480);
    let cases = [
        (b"only words".to_vec(), RefusalReason::TypeMismatch),
        (whole[..whole.len() / 2].to_vec(), RefusalReason::Unreadable),
    ];
    for (bytes, reason) in cases {
        let id = stage
            .send(owner, stage.described("site.jpg", &bytes), &bytes)
            .await?;
        let uploads = stage.settled(owner).await?;
        assert_eq!(uploads.len(), 1);
        assert_eq!(uploads[0].state(), UploadState::Refused);
        assert_eq!(uploads[0].refusal(), reason);
        assert_eq!(uploads[0].file_name, "site.jpg");

        let dismiss = DismissUploadsRequest {
            project_id: stage.project(),
            upload_ids: vec![id],
        };
        stage
            .photos()?
            .dismiss_uploads(stage.request(owner, dismiss)?)
            .await?;
        assert!(stage.uploads(owner).await?.is_empty());
    }
    assert!(stage.objects()?.iter().all(|key| !key.contains("320.jpg")));
    assert_eq!(stage.published("PhotoAdded").await?, 0);
    let usage = stage
        .usage()?
        .get_usage(stage.request(owner, GetUsageRequest {})?)
        .await?
        .into_inner();
    assert_eq!((usage.file_count, usage.stored_bytes), (0, 0));
    testing::proved(
        "uploads.hostile",
        "nothing of a refused file can be fetched",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_names_and_sizes_are_refused_before_a_byte_comes() -> Result<()> {
    let stage = Stage::new().await?;
    let bytes = jpeg(64, 48);
    let good = stage.described("a.jpg", &bytes);
    let cases = [
        (
            StartPhotoRequest {
                file_name: "notes.pdf".to_owned(),
                ..good.clone()
            },
            "file_name",
        ),
        (
            StartPhotoRequest {
                content_type: "image/png".to_owned(),
                ..good.clone()
            },
            "file_name",
        ),
        (
            StartPhotoRequest {
                size_bytes: 0,
                ..good.clone()
            },
            "size_bytes",
        ),
        (
            StartPhotoRequest {
                size_bytes: 50 << 20,
                ..good.clone()
            },
            "size_bytes",
        ),
        (
            StartPhotoRequest {
                audience: 0,
                ..good.clone()
            },
            "photo.audience",
        ),
        (
            StartPhotoRequest {
                audience: 3,
                ..good.clone()
            },
            "photo.alt_text",
        ),
        (
            StartPhotoRequest {
                phase_id: new_id().to_string(),
                ..good.clone()
            },
            "photo.phase_id",
        ),
        (
            StartPhotoRequest {
                caption: "x".repeat(301),
                ..good
            },
            "photo.caption",
        ),
    ];
    for (start, field) in cases {
        let refused = stage
            .photos()?
            .start_photo(stage.request(&stage.tenant.owner, start)?)
            .await
            .expect_err(field);
        let details = refused.get_error_details();
        let violations = details.bad_request().expect("fields are named");
        assert_eq!(violations.field_violations[0].field, field);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn crew_adds_photos_but_shares_none() -> Result<()> {
    let stage = Stage::new().await?;
    let field = &stage.tenant.field;
    stage.add(field, PhotoAudience::Internal).await?;
    let bytes = jpeg(64, 48);
    let start = StartPhotoRequest {
        caption: "Base cabinets".to_owned(),
        audience: PhotoAudience::Shared.into(),
        ..stage.described("a.jpg", &bytes)
    };
    let refused = stage
        .photos()?
        .start_photo(stage.request(field, start)?)
        .await;
    assert_eq!(code(refused), Code::InvalidArgument);

    // a project that the crew is not assigned to is as if absent
    stage.set_scope(field, PhotoScope::None);
    let start = stage.described("a.jpg", &bytes);
    let refused = stage
        .photos()?
        .start_photo(stage.request(field, start)?)
        .await;
    assert_eq!(code(refused), Code::NotFound);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_storage_takes_no_more() -> Result<()> {
    let stage = Stage::with(&[("APP__LIMITS__STORED_BYTES", "100000".to_owned())]).await?;
    let owner = &stage.tenant.owner;
    let bytes = jpeg(64, 48);
    let start = StartPhotoRequest {
        size_bytes: 100_001,
        ..stage.described("a.jpg", &bytes)
    };
    let mut photos = stage.photos()?;
    let refused = photos
        .start_photo(stage.request(owner, start.clone())?)
        .await
        .expect_err("too much");
    assert!(Reason::StorageFull.is_in(&refused));
    stage.add(owner, PhotoAudience::Unmarked).await?;
    // nothing is kept of it, so that the same request may come with another file
    let start = StartPhotoRequest {
        size_bytes: i64::try_from(bytes.len())?,
        ..start
    };
    photos.start_photo(stage.request(owner, start)?).await?;
    Ok(())
}

fn code<T>(answer: Result<tonic::Response<T>, Status>) -> Code {
    answer.map(|_| ()).expect_err("it is refused").code()
}

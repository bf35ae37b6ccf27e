//! Rows and objects go together, also where the bucket does not delete what it is told to.

use std::time::Duration;

use anyhow::{Result, ensure};
use proto::documents::{DismissUploadsRequest, FinishPhotoRequest, RefusalReason};
use service::new_id;
use testing::TestDb;
use tokio::time::Instant;
use tonic::Code;
use uuid::Uuid;

use crate::{
    fake_bucket::FakeBucket,
    stage::{PATIENCE, Stage},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bucket_keeps_keeps_its_row_and_puts_off_no_other() -> Result<()> {
    let db = TestDb::new("documents", &documents::migrations()).await?;
    let mut connection = db.superuser().await?;
    let files: Vec<Uuid> = (0..8).map(|_| new_id()).collect();
    for file in &files {
        sqlx::query(
            "insert into file
                 (tenant_id, id, subject, state, name, type, size_bytes, stored_bytes, uploaded_by, due_at, traceparent,
                  created_at)
             values ($1, $2, 'photo', 'quarantined', 'a.jpg', 'jpeg', 1, 0, $3, now() - interval '1 hour', '', now())",
        )
        .bind(new_id())
        .bind(file)
        .bind(new_id())
        .execute(&mut connection)
        .await?;
    }
    let kept: Vec<Uuid> = files.iter().copied().step_by(2).collect();
    let stays = kept.clone();
    let bucket =
        FakeBucket::keeping(move |key| stays.iter().any(|file| key.contains(&file.to_string())))
            .await?;
    let _stage = Stage::over(db, &[("APP__S3__ENDPOINT", bucket.endpoint.clone())]).await?;

    let deadline = Instant::now() + PATIENCE;
    loop {
        let left: Vec<Uuid> = sqlx::query_scalar("select id from file order by id")
            .fetch_all(&mut connection)
            .await?;
        ensure!(
            kept.iter().all(|file| left.contains(file)),
            "rows went before their objects: {left:?} of {files:?} are left"
        );
        if left == kept && kept.iter().all(|file| bucket.was_asked(*file)) {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "files are put off: {left:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_dismisses_an_upload_deletes_what_is_left_of_it() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let bytes = b"only words";
    let mut photos = stage.photos()?;
    let started = photos
        .start_photo(stage.request(owner, stage.described("site.jpg", bytes))?)
        .await?
        .into_inner();
    stage.put(&started.put_url, bytes).await?;
    let finish = FinishPhotoRequest {
        photo_id: started.photo_id.clone(),
    };
    photos.finish_photo(stage.request(owner, finish)?).await?;
    stage.settled(owner).await?;
    let of_it = |objects: Vec<String>| objects.iter().any(|key| key.contains(&started.photo_id));
    let deadline = Instant::now() + PATIENCE;
    while of_it(stage.objects()?) {
        ensure!(Instant::now() < deadline, "it stays in quarantine");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // the address still takes these bytes, which lie as those do that could not be taken out of quarantine
    stage.put(&started.put_url, bytes).await?;
    assert!(of_it(stage.objects()?));

    let dismiss = DismissUploadsRequest {
        project_id: stage.project(),
        upload_ids: vec![started.photo_id.clone()],
    };
    photos
        .dismiss_uploads(stage.request(owner, dismiss)?)
        .await?;
    assert!(!of_it(stage.objects()?));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_bucket_keeps_is_not_dismissed() -> Result<()> {
    let bucket = FakeBucket::keeping(|_| true).await?;
    let stage = Stage::with(&[("APP__S3__ENDPOINT", bucket.endpoint.clone())]).await?;
    let owner = &stage.tenant.owner;
    let started = stage
        .photos()?
        .start_photo(stage.request(owner, stage.described("site.jpg", b"only words"))?)
        .await?
        .into_inner();
    let mut connection = stage.db.superuser().await?;
    sqlx::query("update file set state = 'refused', refusal = 'type_mismatch', stored_bytes = 0")
        .execute(&mut connection)
        .await?;

    let dismiss = DismissUploadsRequest {
        project_id: stage.project(),
        upload_ids: vec![started.photo_id],
    };
    let refused = stage
        .photos()?
        .dismiss_uploads(stage.request(owner, dismiss)?)
        .await
        .expect_err("something stays");
    assert_eq!(refused.code(), Code::Unavailable);
    let uploads = stage.uploads(owner).await?;
    assert_eq!(uploads.len(), 1);
    assert_eq!(uploads[0].refusal(), RefusalReason::TypeMismatch);
    Ok(())
}

//! Changes to photos, the trash and the way back.

use anyhow::Result;
use proto::{
    documents::{
        ListPhotosRequest, Photo, PhotoAudience, PhotoFilter, RestorePhotosRequest,
        TrashPhotosRequest, UpdatePhotosRequest,
    },
    projects::PhotoScope,
};
use tenancy::Person;
use tonic::{Code, Status};

use crate::stage::Stage;

impl Stage {
    async fn update(
        &self,
        person: &Person,
        ids: &[&String],
        photo: Photo,
        paths: &[&str],
        etag: &str,
    ) -> Result<Vec<Photo>, Status> {
        let update = UpdatePhotosRequest {
            project_id: self.project(),
            ids: ids.iter().map(|id| (*id).clone()).collect(),
            photo: Some(photo),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            }),
            etag: etag.to_owned(),
        };
        let request = self.request(person, update).expect("a token can be made");
        let mut photos = self.photos().expect("the service runs");
        Ok(photos.update_photos(request).await?.into_inner().photos)
    }

    async fn count(&self, person: &Person, trashed: bool) -> Result<i32> {
        let list = ListPhotosRequest {
            project_id: self.project(),
            filter: Some(PhotoFilter {
                trashed,
                ..PhotoFilter::default()
            }),
            ..ListPhotosRequest::default()
        };
        let answer = self
            .photos()?
            .list_photos(self.request(person, list)?)
            .await?;
        Ok(answer.into_inner().filtered_count)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_photos_change_at_once_and_sharing_is_told() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let first = stage.add(owner, PhotoAudience::Internal).await?;
    let second = stage.add(owner, PhotoAudience::Shared).await?;
    let wanted = Photo {
        phase_id: stage.projects.phase.to_string(),
        audience: PhotoAudience::Shared.into(),
        ..Photo::default()
    };
    let saved = stage
        .update(
            owner,
            &[&first, &second],
            wanted,
            &["phase_id", "audience"],
            "",
        )
        .await?;
    for photo in &saved {
        assert_eq!(photo.phase_id, stage.projects.phase.to_string());
        assert_eq!(photo.audience(), PhotoAudience::Shared);
        assert_eq!(
            photo.caption, "Base cabinets are in",
            "what is not named stays"
        );
    }
    // the second was shared before
    assert_eq!(stage.published("PhotoShared").await?, 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_etag_changes_nothing() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let id = stage.add(owner, PhotoAudience::Unmarked).await?;
    let caption = |text: &str| Photo {
        caption: text.to_owned(),
        ..Photo::default()
    };
    let saved = stage
        .update(owner, &[&id], caption("One"), &["caption"], "1")
        .await?;
    assert_eq!(saved[0].etag, "2");
    let refused = stage
        .update(owner, &[&id], caption("Two"), &["caption"], "1")
        .await
        .expect_err("somebody else was faster");
    assert_eq!(refused.code(), Code::Aborted);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_photo_keeps_its_words() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let id = stage.add(owner, PhotoAudience::Shared).await?;
    let refused = stage
        .update(owner, &[&id], Photo::default(), &["caption"], "")
        .await
        .expect_err("people who cannot see it would know nothing of it");
    assert_eq!(refused.code(), Code::InvalidArgument);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn crew_changes_its_own_photos_alone() -> Result<()> {
    let stage = Stage::new().await?;
    let field = &stage.tenant.field;
    let own = stage.add(field, PhotoAudience::Unmarked).await?;
    let others = stage
        .add(&stage.tenant.owner, PhotoAudience::Unmarked)
        .await?;
    let wanted = || Photo {
        caption: "Drywall".to_owned(),
        audience: PhotoAudience::Shared.into(),
        ..Photo::default()
    };
    stage
        .update(field, &[&own], wanted(), &["caption"], "")
        .await?;
    for (ids, paths, code) in [
        (vec![&own], ["audience"], Code::InvalidArgument),
        (vec![&own, &others], ["caption"], Code::NotFound),
    ] {
        let refused = stage
            .update(field, &ids, wanted(), &paths, "")
            .await
            .expect_err("not theirs");
        assert_eq!(refused.code(), code);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trash_hides_at_once_and_gives_back() -> Result<()> {
    let stage = Stage::new().await?;
    let (owner, ana) = (&stage.tenant.owner, &stage.tenant.ana);
    stage.set_scope(ana, PhotoScope::NotInternal);
    let id = stage.add(owner, PhotoAudience::Unmarked).await?;
    assert_eq!(stage.count(ana, false).await?, 1);

    let trash = TrashPhotosRequest {
        project_id: stage.project(),
        ids: vec![id.clone()],
    };
    stage
        .photos()?
        .trash_photos(stage.request(owner, trash.clone())?)
        .await?;
    assert_eq!(stage.count(ana, false).await?, 0);
    assert_eq!(stage.count(ana, true).await?, 0, "clients know of no trash");
    assert_eq!(stage.count(owner, true).await?, 1);
    let again = stage
        .photos()?
        .trash_photos(stage.request(owner, trash)?)
        .await
        .expect_err("it lies there already");
    assert_eq!(again.code(), Code::NotFound);

    let restore = RestorePhotosRequest {
        project_id: stage.project(),
        ids: vec![id],
    };
    stage
        .photos()?
        .restore_photos(stage.request(owner, restore)?)
        .await?;
    assert_eq!(stage.count(ana, false).await?, 1);
    Ok(())
}

/// Its bytes may be gone although the sweeper could not write that down.
#[tokio::test(flavor = "multi_thread")]
async fn what_lay_long_in_the_trash_is_not_taken_out() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let id = stage.add(owner, PhotoAudience::Unmarked).await?;
    let trash = TrashPhotosRequest {
        project_id: stage.project(),
        ids: vec![id.clone()],
    };
    stage
        .photos()?
        .trash_photos(stage.request(owner, trash)?)
        .await?;
    let mut connection = stage.db.superuser().await?;
    sqlx::query("update photo set trashed_at = trashed_at - interval '30 days' where trashed_at is not null")
        .execute(&mut connection)
        .await?;
    let restore = RestorePhotosRequest {
        project_id: stage.project(),
        ids: vec![id],
    };
    let late = stage
        .photos()?
        .restore_photos(stage.request(owner, restore)?)
        .await
        .expect_err("its time is over");
    assert_eq!(late.code(), Code::NotFound);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_lay_long_in_the_trash_is_deleted() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let kept = stage.add(owner, PhotoAudience::Unmarked).await?;
    let trashed = stage.add(owner, PhotoAudience::Unmarked).await?;
    let trash = TrashPhotosRequest {
        project_id: stage.project(),
        ids: vec![trashed.clone()],
    };
    stage
        .photos()?
        .trash_photos(stage.request(owner, trash)?)
        .await?;
    // 30 days later
    let mut connection = stage.db.superuser().await?;
    sqlx::query("update file set due_at = due_at - interval '31 days' where due_at is not null")
        .execute(&mut connection)
        .await?;
    let swept = async {
        while stage.objects()?.iter().any(|key| key.contains(&trashed)) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), swept).await??;
    let rows = async {
        let left =
            "select count(*) from photo p join file f using (tenant_id, id) where p.id::text = $1";
        while sqlx::query_scalar::<_, i64>(left)
            .bind(&trashed)
            .fetch_one(&mut connection)
            .await?
            > 0
        {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), rows).await??;
    assert_eq!(
        stage
            .objects()?
            .iter()
            .filter(|key| key.contains(&kept))
            .count(),
        4
    );
    Ok(())
}

//! Who sees which photos, in which order, with which counts.

use anyhow::Result;
use proto::{
    documents::{
        BatchGetPhotosRequest, GetPhotoFileRequest, GetPhotoRequest, ListPhotosRequest,
        ListPhotosResponse, Photo, PhotoAudience, PhotoFilter,
    },
    projects::PhotoScope,
};
use service::new_id;
use tenancy::Person;
use tonic::Code;

use crate::stage::Stage;

impl Stage {
    async fn list(&self, person: &Person, list: ListPhotosRequest) -> Result<ListPhotosResponse> {
        let list = ListPhotosRequest {
            project_id: self.project(),
            ..list
        };
        let answer = self
            .photos()?
            .list_photos(self.request(person, list)?)
            .await?;
        Ok(answer.into_inner())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_scope_shows_its_photos_everywhere() -> Result<()> {
    let stage = Stage::new().await?;
    let (owner, ana) = (&stage.tenant.owner, &stage.tenant.ana);
    let internal = stage.add(owner, PhotoAudience::Internal).await?;
    let unmarked = stage.add(owner, PhotoAudience::Unmarked).await?;
    let shared = stage.add(owner, PhotoAudience::Shared).await?;
    let own = stage
        .add(&stage.tenant.field, PhotoAudience::Internal)
        .await?;
    let all = [&internal, &unmarked, &shared, &own];

    let cases: [(&Person, PhotoScope, &[&String]); 5] = [
        (owner, PhotoScope::All, &all),
        (&stage.tenant.field, PhotoScope::Own, &[&own]),
        (ana, PhotoScope::NotInternal, &[&unmarked, &shared]),
        (ana, PhotoScope::Shared, &[&shared]),
        (ana, PhotoScope::None, &[]),
    ];
    for (person, scope, visible) in cases {
        stage.set_scope(person, scope);
        if visible.is_empty() {
            let refused = stage.list(person, ListPhotosRequest::default()).await;
            assert!(refused.is_err(), "{scope:?}");
        } else {
            let list = stage.list(person, ListPhotosRequest::default()).await?;
            let mut seen = ids(&list.photos);
            seen.reverse();
            assert_eq!(seen, visible, "{scope:?}");
            let count = i32::try_from(visible.len())?;
            assert_eq!((list.total_count, list.filtered_count), (count, count));
        }
        let batch = BatchGetPhotosRequest {
            ids: all.iter().map(|id| (*id).clone()).collect(),
        };
        let batch = stage
            .photos()?
            .batch_get_photos(stage.request(person, batch)?)
            .await?
            .into_inner();
        assert_eq!(batch.photos.len(), visible.len(), "{scope:?}");

        for id in all {
            let is_visible = visible.contains(&id);
            let get = GetPhotoRequest {
                project_id: stage.project(),
                id: id.clone(),
                filter: None,
            };
            let got = stage.photos()?.get_photo(stage.request(person, get)?).await;
            assert_eq!(got.is_ok(), is_visible, "{scope:?}");
            let file = GetPhotoFileRequest {
                project_id: stage.project(),
                id: id.clone(),
                size: 640,
            };
            let file = stage
                .photos()?
                .get_photo_file(stage.request(person, file)?)
                .await;
            match file {
                Ok(_) => assert!(is_visible, "{scope:?}"),
                Err(status) => {
                    assert_eq!(status.code(), Code::NotFound);
                    assert!(!is_visible, "{scope:?}");
                }
            }
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_are_not_told_for_whom_a_photo_is() -> Result<()> {
    let stage = Stage::new().await?;
    stage
        .add(&stage.tenant.owner, PhotoAudience::Shared)
        .await?;
    let list = stage
        .list(&stage.tenant.ana, ListPhotosRequest::default())
        .await?;
    let photo = &list.photos[0];
    assert_eq!(photo.audience(), PhotoAudience::Unspecified);
    assert_eq!(photo.etag, "");
    assert_eq!(
        photo.alt_text, "Base cabinets are in",
        "the caption stands in"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_go_on_where_the_last_ended() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    let mut added = Vec::new();
    for _ in 0..5 {
        added.push(stage.add(owner, PhotoAudience::Unmarked).await?);
    }
    added.reverse();
    let mut seen = Vec::new();
    let mut page_token = String::new();
    loop {
        let page = stage
            .list(
                owner,
                ListPhotosRequest {
                    page_size: 2,
                    page_token,
                    ..ListPhotosRequest::default()
                },
            )
            .await?;
        assert_eq!(page.total_count, 5);
        seen.extend(ids(&page.photos).into_iter().cloned());
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    assert_eq!(seen, added);

    for (place, id) in added.iter().enumerate() {
        let get = GetPhotoRequest {
            project_id: stage.project(),
            id: id.clone(),
            filter: None,
        };
        let got = stage
            .photos()?
            .get_photo(stage.request(owner, get)?)
            .await?
            .into_inner();
        let neighbor = |index: Option<usize>| {
            index
                .and_then(|index| added.get(index))
                .cloned()
                .unwrap_or_default()
        };
        assert_eq!(got.position, i32::try_from(place)? + 1);
        assert_eq!(got.total_count, 5);
        assert_eq!(got.previous_id, neighbor(place.checked_sub(1)));
        assert_eq!(got.next_id, neighbor(Some(place + 1)));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_narrows_the_page_and_not_the_total() -> Result<()> {
    let stage = Stage::new().await?;
    let owner = &stage.tenant.owner;
    stage.add(owner, PhotoAudience::Internal).await?;
    let shared = stage.add(owner, PhotoAudience::Shared).await?;
    let filter = |filter| ListPhotosRequest {
        filter: Some(filter),
        ..ListPhotosRequest::default()
    };
    let only_shared = stage
        .list(
            owner,
            filter(PhotoFilter {
                audience: PhotoAudience::Shared.into(),
                ..PhotoFilter::default()
            }),
        )
        .await?;
    assert_eq!(ids(&only_shared.photos), [&shared]);
    assert_eq!(
        (only_shared.total_count, only_shared.filtered_count),
        (2, 1)
    );

    let of_phase = stage
        .list(
            owner,
            filter(PhotoFilter {
                phase_id: new_id().to_string(),
                ..PhotoFilter::default()
            }),
        )
        .await?;
    assert!(of_phase.photos.is_empty());
    assert_eq!(of_phase.phases[0].count, 2, "pills keep their counts");
    Ok(())
}

fn ids(photos: &[Photo]) -> Vec<&String> {
    photos.iter().map(|photo| &photo.id).collect()
}

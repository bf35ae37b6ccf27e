//! `InboxService`.

use std::collections::HashMap;

use jiff::Timestamp;
use proto::notifications::{
    InboxItem, InboxItemKind, ListInboxRequest, ListInboxResponse, MarkSeenRequest,
    MarkSeenResponse, inbox_service_server::InboxService,
};
use service::{Error, Found as _, Result, page, parse_id, parse_ids};
use tenancy::{Audience, Caller, Db, Person};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    mail,
    peers::Peers,
    sights::Sights,
    store::{self, inbox::Item, photo_batch::BatchPhoto},
    words::Word as _,
};

/// The badge shows "99+" at most.
const BADGE_CAP: usize = 99;
/// How many unseen items the badge looks at, and how many photos in them: the newest.
const UNSEEN: i64 = 1_000;
/// How many items are read at once, at least: those whose photos are all hidden are left out.
const ROWS: i64 = 50;

pub(crate) struct Inbox {
    pub(crate) db: Db,
    pub(crate) peers: Peers,
}

/// An item as the caller may see it now.
struct Shown {
    item: Item,
    kind: InboxItemKind,
    /// Photos in it.
    count: usize,
    is_seen: bool,
}

#[tonic::async_trait]
impl InboxService for Inbox {
    async fn list_inbox(
        &self,
        request: Request<ListInboxRequest>,
    ) -> Result<Response<ListInboxResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT)?;
        let person = caller.person()?;

        let request = request.get_ref();
        let size = page::size(request.page_size)?;
        let after = page::keys::<(Timestamp, Uuid)>(&request.page_token)?;
        let only = match request.project_id.as_str() {
            "" => None,
            id => Some(parse_id(id, "project_id")?),
        };

        let sights = self.peers.sights(caller.tenant, person).await?;
        let listed = match only {
            Some(project) => sights.clone().only(project),
            None => sights.clone(),
        };
        let (mut shown, unseen) = tokio::try_join!(
            self.page(&caller, person, &listed, after, size),
            self.unseen(&caller, person, &sights),
        )?;

        let next_page_token = page::cut(&mut shown, size, |last| {
            (last.item.created_at.to_jiff(), last.item.id)
        });
        Ok(Response::new(ListInboxResponse {
            items: shown
                .into_iter()
                .map(|shown| message(shown, &sights))
                .collect::<Result<_>>()?,
            next_page_token,
            unseen_count: i32::try_from(unseen.len().min(BADGE_CAP)).map_err(Error::internal)?,
        }))
    }

    async fn mark_seen(
        &self,
        request: Request<MarkSeenRequest>,
    ) -> Result<Response<MarkSeenResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT)?;
        let person = caller.person()?;

        let named = parse_ids(&request.get_ref().ids, "ids")?;

        let sights = self.peers.sights(caller.tenant, person).await?;
        let shown = if named.is_empty() {
            self.unseen(&caller, person, &sights).await?
        } else {
            self.named(&caller, person, &sights, &named).await?
        };
        let ids: Vec<Uuid> = shown.iter().map(|shown| shown.item.id).collect();
        let are_all_shown = named.iter().all(|id| ids.contains(id));
        are_all_shown.then_some(()).found()?;
        let mut tx = self.db.begin(&caller).await?;
        store::inbox::mark_seen(&mut tx, &ids).await?;
        tx.commit().await?;

        Ok(Response::new(MarkSeenResponse {}))
    }
}

impl Inbox {
    /// At least a page of items and one more, or all that there are.
    async fn page(
        &self,
        caller: &Caller,
        person: &Person,
        sights: &Sights,
        mut after: Option<(Timestamp, Uuid)>,
        size: i64,
    ) -> Result<Vec<Shown>> {
        let enough = size + 1;
        let limit = enough.max(ROWS);
        let mut page = Vec::new();
        loop {
            let mut tx = self.db.begin(caller).await?;
            let items = store::inbox::list(&mut tx, person.account, sights, after, limit).await?;
            tx.commit().await?;
            let is_last = i64::try_from(items.len()).is_ok_and(|count| count < limit);
            after = items
                .last()
                .map(|last| (last.created_at.to_jiff(), last.id));
            page.extend(self.shown(caller, person, items, None).await?);
            if is_last || i64::try_from(page.len()).is_ok_and(|count| count >= enough) {
                return Ok(page);
            }
        }
    }

    /// The newest items with something unseen in them.
    async fn unseen(
        &self,
        caller: &Caller,
        person: &Person,
        sights: &Sights,
    ) -> Result<Vec<Shown>> {
        let mut tx = self.db.begin(caller).await?;
        let items = store::inbox::list_unseen(&mut tx, person.account, sights, UNSEEN).await?;
        tx.commit().await?;
        let mut shown = self.shown(caller, person, items, Some(UNSEEN)).await?;
        shown.retain(|shown| !shown.is_seen);
        Ok(shown)
    }

    async fn named(
        &self,
        caller: &Caller,
        person: &Person,
        sights: &Sights,
        ids: &[Uuid],
    ) -> Result<Vec<Shown>> {
        let mut tx = self.db.begin(caller).await?;
        let items = store::inbox::list_named(&mut tx, person.account, sights, ids).await?;
        tx.commit().await?;
        self.shown(caller, person, items, None).await
    }

    /// The items without those whose photos the person may not see; of all photos, `limit` at most are asked for.
    async fn shown(
        &self,
        caller: &Caller,
        person: &Person,
        items: Vec<Item>,
        limit: Option<i64>,
    ) -> Result<Vec<Shown>> {
        let items = items
            .into_iter()
            .map(|item| Ok((InboxItemKind::of_word(&item.kind)?, item)))
            .collect::<Result<Vec<_>>>()?;
        let batches: Vec<Uuid> = items
            .iter()
            .filter(|(kind, _)| *kind == InboxItemKind::PhotosAdded)
            .map(|(_, item)| item.subject_id)
            .collect();
        let photos = self.visible_photos(caller, person, &batches, limit).await?;
        Ok(items
            .into_iter()
            .filter_map(|(kind, item)| match kind {
                InboxItemKind::PhotosAdded => {
                    let photos = photos.get(&item.subject_id)?;
                    Some(of_photos(item, photos))
                }
                _ => Some(Shown {
                    is_seen: item.seen_at.is_some(),
                    item,
                    kind,
                    count: 0,
                }),
            })
            .collect())
    }

    /// The photos of batches that the person may see now, by batch.
    async fn visible_photos(
        &self,
        caller: &Caller,
        person: &Person,
        batches: &[Uuid],
        limit: Option<i64>,
    ) -> Result<HashMap<Uuid, Vec<BatchPhoto>>> {
        let mut by_batch: HashMap<Uuid, Vec<BatchPhoto>> = HashMap::new();
        if batches.is_empty() {
            return Ok(by_batch);
        }
        let mut tx = self.db.begin(caller).await?;
        let told = store::photo_batch::photos_of(&mut tx, batches, limit).await?;
        tx.commit().await?;
        let ids: Vec<Uuid> = told.iter().map(|photo| photo.photo_id).collect();
        let visible = self
            .peers
            .visible_photos(caller.tenant, person, &ids)
            .await?;
        for photo in told {
            if visible.contains_key(&photo.photo_id) {
                by_batch.entry(photo.batch_id).or_default().push(photo);
            }
        }
        Ok(by_batch)
    }
}

/// An item of a batch with these photos.
fn of_photos(item: Item, photos: &[BatchPhoto]) -> Shown {
    let is_seen = item.seen_at.is_some_and(|seen_at| {
        let seen_at = seen_at.to_jiff();
        photos
            .iter()
            .all(|photo| photo.told_at.to_jiff() <= seen_at)
    });
    Shown {
        item,
        kind: InboxItemKind::PhotosAdded,
        count: photos.len(),
        is_seen,
    }
}

fn message(shown: Shown, sights: &Sights) -> Result<InboxItem> {
    let Shown {
        item,
        kind,
        count,
        is_seen,
    } = shown;
    let text = if kind == InboxItemKind::PhotosAdded {
        mail::photos_text(count)
    } else {
        item.text
    };
    Ok(InboxItem {
        id: item.id.to_string(),
        kind: kind.into(),
        project_id: item.project_id.to_string(),
        project_name: sights.name(item.project_id).to_owned(),
        subject_id: item.subject_id.to_string(),
        text,
        actor_id: item.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        seen: is_seen,
        created_at: Some(proto::timestamp(item.created_at.to_jiff())),
        count: i32::try_from(count).map_err(Error::internal)?,
    })
}

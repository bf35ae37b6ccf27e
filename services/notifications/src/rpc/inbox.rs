//! `InboxService`.

use std::collections::HashMap;

use jiff::Timestamp;
use proto::notifications::{
    InboxItem, InboxItemKind, ListInboxRequest, ListInboxResponse, MarkSeenRequest,
    MarkSeenResponse, inbox_service_server::InboxService,
};
use service::{Error, Found as _, Result, clock, page, parse_id, parse_ids};
use tenancy::{Audience, Caller, Db, Person};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    mail,
    peers::Peers,
    store::{self, inbox::Item, photo_batch::BatchPhoto},
    visible_projects::VisibleProjects,
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

        let visible = self.peers.visible_projects(caller.tenant, person).await?;
        let listed = match only {
            Some(project) => visible.clone().only(project),
            None => visible.clone(),
        };
        let limit = (size + 1).max(ROWS);
        let mut tx = self.db.read(&caller).await?;
        let items = store::inbox::list(&mut tx, person.account, &listed, after, limit).await?;
        let unseen = store::inbox::list_unseen(&mut tx, person.account, &visible, UNSEEN).await?;
        drop(tx);
        // and not the clock: what is being told meanwhile has a time already, and cannot be read yet
        let as_of = items
            .iter()
            .chain(&unseen)
            .map(|item| item.told_at.to_jiff())
            .max();
        let mut reader = self.reader(&caller, person);
        let mut shown = reader.page(&listed, items, size, limit).await?;
        let unseen = reader.unseen(unseen).await?;

        let next_page_token = page::cut(&mut shown, size, |last| {
            (last.item.created_at.to_jiff(), last.item.id)
        });
        Ok(Response::new(ListInboxResponse {
            items: shown
                .into_iter()
                .map(|shown| message(shown, &visible))
                .collect::<Result<_>>()?,
            next_page_token,
            unseen_count: i32::try_from(unseen.len().min(BADGE_CAP)).map_err(Error::internal)?,
            as_of: as_of.map(proto::timestamp),
        }))
    }

    async fn mark_seen(
        &self,
        request: Request<MarkSeenRequest>,
    ) -> Result<Response<MarkSeenResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT)?;
        let person = caller.person()?;

        let named = parse_ids(&request.get_ref().ids, "ids")?;
        let now = clock::now();
        let as_of = match &request.get_ref().as_of {
            None => now,
            Some(as_of) => proto::time(as_of)
                .ok_or_else(|| Error::invalid("as_of", "must be a time"))?
                .min(now),
        };

        let visible = self.peers.visible_projects(caller.tenant, person).await?;
        let mut reader = self.reader(&caller, person);
        let mut tx = self.db.read(&caller).await?;
        let account = person.account;
        let shown = if named.is_empty() {
            let items = store::inbox::list_unseen(&mut tx, account, &visible, UNSEEN).await?;
            drop(tx);
            reader.unseen(items).await?
        } else {
            let items = store::inbox::list_named(&mut tx, account, &visible, &named).await?;
            drop(tx);
            reader.shown(items, None).await?
        };
        let ids: Vec<Uuid> = shown.iter().map(|shown| shown.item.id).collect();
        let are_all_shown = named.iter().all(|id| ids.contains(id));
        are_all_shown.then_some(()).found()?;
        let mut tx = self.db.begin(&caller).await?;
        store::inbox::mark_seen(&mut tx, &ids, as_of).await?;
        tx.commit().await?;

        Ok(Response::new(MarkSeenResponse {}))
    }
}

impl Inbox {
    fn reader<'a>(&'a self, caller: &'a Caller, person: &'a Person) -> Reader<'a> {
        Reader {
            inbox: self,
            caller,
            person,
            photos: HashMap::new(),
        }
    }
}

/// Reads items as one person may see them, and asks once for the photos of a batch.
struct Reader<'a> {
    inbox: &'a Inbox,
    caller: &'a Caller,
    person: &'a Person,
    /// The photos that the person may see now, by batch, as far as they were asked for.
    photos: HashMap<Uuid, Vec<BatchPhoto>>,
}

impl Reader<'_> {
    /// At least a page of items and one more, or all that there are; `items` are the first `limit`.
    async fn page(
        &mut self,
        visible: &VisibleProjects,
        mut items: Vec<Item>,
        size: i64,
        limit: i64,
    ) -> Result<Vec<Shown>> {
        let mut page = Vec::new();
        loop {
            let is_last = i64::try_from(items.len()).is_ok_and(|count| count < limit);
            let after = items
                .last()
                .map(|last| (last.created_at.to_jiff(), last.id));
            page.extend(self.shown(items, None).await?);
            if is_last || i64::try_from(page.len()).is_ok_and(|count| count > size) {
                return Ok(page);
            }
            let mut tx = self.inbox.db.read(self.caller).await?;
            let account = self.person.account;
            items = store::inbox::list(&mut tx, account, visible, after, limit).await?;
            drop(tx);
        }
    }

    /// Of these items those with something unseen in them.
    async fn unseen(&mut self, items: Vec<Item>) -> Result<Vec<Shown>> {
        let mut shown = self.shown(items, Some(UNSEEN)).await?;
        shown.retain(|shown| !shown.is_seen);
        Ok(shown)
    }

    /// The items without those whose photos the person may not see; of all photos, `limit` at most are asked for.
    async fn shown(&mut self, items: Vec<Item>, limit: Option<i64>) -> Result<Vec<Shown>> {
        let items = items
            .into_iter()
            .map(|item| Ok((InboxItemKind::of_word(&item.kind)?, item)))
            .collect::<Result<Vec<_>>>()?;
        let batches: Vec<Uuid> = items
            .iter()
            .filter(|(kind, _)| *kind == InboxItemKind::PhotosAdded)
            .map(|(_, item)| item.subject_id)
            .filter(|batch| !self.photos.contains_key(batch))
            .collect();
        self.ask_for_photos(batches, limit).await?;
        Ok(items
            .into_iter()
            .filter_map(|(kind, item)| match kind {
                InboxItemKind::PhotosAdded => {
                    let photos = self.photos.get(&item.subject_id)?;
                    (!photos.is_empty()).then(|| of_photos(item, photos))
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

    async fn ask_for_photos(&mut self, batches: Vec<Uuid>, limit: Option<i64>) -> Result<()> {
        if batches.is_empty() {
            return Ok(());
        }
        let mut tx = self.inbox.db.read(self.caller).await?;
        let told = store::photo_batch::photos_of(&mut tx, &batches, limit).await?;
        drop(tx);
        let ids: Vec<Uuid> = told.iter().map(|photo| photo.photo_id).collect();
        let visible = self
            .inbox
            .peers
            .visible_photos(self.caller.tenant, self.person, &ids)
            .await?;
        let none = batches.into_iter().map(|batch| (batch, Vec::new()));
        self.photos.extend(none);
        for photo in told {
            if visible.contains_key(&photo.photo_id) {
                self.photos.entry(photo.batch_id).or_default().push(photo);
            }
        }
        Ok(())
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

fn message(shown: Shown, visible: &VisibleProjects) -> Result<InboxItem> {
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
        project_name: visible.name(item.project_id).to_owned(),
        subject_id: item.subject_id.to_string(),
        text,
        actor_id: item.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        seen: is_seen,
        created_at: Some(proto::timestamp(item.created_at.to_jiff())),
        count: i32::try_from(count).map_err(Error::internal)?,
    })
}

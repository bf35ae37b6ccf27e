//! `InboxService`.

use jiff::Timestamp;
use proto::notifications::{
    InboxItem, InboxItemKind, ListInboxRequest, ListInboxResponse, MarkSeenRequest,
    MarkSeenResponse, inbox_service_server::InboxService,
};
use service::{Error, Found as _, Result, page, parse_id};
use tenancy::{Audience, Caller, Db};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::next_page;
use crate::{peers::Peers, store, words::Word as _};

/// The badge shows "99+" at most.
const BADGE_CAP: i64 = 99;
/// The most items that one call may name.
const BATCH: usize = 1_000;

pub(crate) struct Inbox {
    pub(crate) db: Db,
    pub(crate) peers: Peers,
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

        let names = self
            .peers
            .projects_with_milestones(caller.tenant, person)
            .await?;
        let visible: Vec<Uuid> = names.keys().copied().collect();
        let listed: Vec<Uuid> = match only {
            Some(project) => visible
                .iter()
                .copied()
                .filter(|id| *id == project)
                .collect(),
            None => visible.clone(),
        };
        let mut tx = self.db.begin(&caller).await?;
        let mut rows =
            store::inbox::list(&mut tx, person.account, &listed, after, size + 1).await?;
        let unseen =
            store::inbox::count_unseen(&mut tx, person.account, &visible, BADGE_CAP).await?;
        tx.commit().await?;

        let next_page_token = next_page(&mut rows, size, |row| (row.created_at.to_jiff(), row.id));
        let items = rows
            .into_iter()
            .map(|row| {
                let project_name = names.get(&row.project_id).cloned().unwrap_or_default();
                item(row, project_name)
            })
            .collect::<Result<_>>()?;
        Ok(Response::new(ListInboxResponse {
            items,
            next_page_token,
            unseen_count: i32::try_from(unseen).map_err(Error::internal)?,
        }))
    }

    async fn mark_seen(
        &self,
        request: Request<MarkSeenRequest>,
    ) -> Result<Response<MarkSeenResponse>, Status> {
        let caller = Caller::require(&request, Audience::CLIENT)?;
        let person = caller.person()?;

        let ids = &request.get_ref().ids;
        if ids.len() > BATCH {
            return Err(Error::invalid("ids", "Name 1,000 items at most").into());
        }
        let items = ids
            .iter()
            .map(|id| parse_id(id, "ids"))
            .collect::<Result<Vec<_>>>()?;

        let visible: Vec<Uuid> = self
            .peers
            .projects_with_milestones(caller.tenant, person)
            .await?
            .into_keys()
            .collect();
        let mut tx = self.db.begin(&caller).await?;
        store::inbox::all_exist(&mut tx, person.account, &visible, &items)
            .await?
            .then_some(())
            .found()?;
        store::inbox::mark_seen(&mut tx, person.account, &visible, &items).await?;
        tx.commit().await?;

        Ok(Response::new(MarkSeenResponse {}))
    }
}

fn item(row: store::inbox::Item, project_name: String) -> Result<InboxItem> {
    Ok(InboxItem {
        id: row.id.to_string(),
        kind: InboxItemKind::of_word(&row.kind)?.into(),
        project_id: row.project_id.to_string(),
        project_name,
        subject_id: row.subject_id.to_string(),
        text: row.text,
        actor_id: row.actor_id.map(|id| id.to_string()).unwrap_or_default(),
        seen: row.seen_at.is_some(),
        created_at: Some(proto::timestamp(row.created_at.to_jiff())),
    })
}

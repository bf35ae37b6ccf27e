//! `DeliveryService`.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp};
use proto::notifications::{
    ClearSuppressionRequest, ClearSuppressionResponse, Delivery, DeliveryState, DeliveryStep,
    ListDeliveriesRequest, ListDeliveriesResponse, MailKind, ResendDeliveryRequest,
    ResendDeliveryResponse, delivery_service_server::DeliveryService,
};
use service::{Error, Found as _, Reason, Result, clock, page, parse_id, parse_ids};
use tenancy::{Audience, Caller, Db, Once, TenantTx, audit};
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::{
    peers::Peers,
    store::{
        self,
        delivery::{About, Filter, NewDelivery},
    },
    words::Word as _,
};

/// How many mails an account may be sent once more within [`RESEND_WINDOW`].
const RESENDS: usize = 3;
const RESEND_WINDOW: SignedDuration = SignedDuration::from_hours(1);
/// Why a mail with a link is not sent once more.
const LINK_NOT_FRESH: &str =
    "The link in this mail may be used up: send another invitation or password reset instead";

pub(crate) struct Deliveries {
    pub(crate) db: Db,
    pub(crate) peers: Peers,
}

#[tonic::async_trait]
impl DeliveryService for Deliveries {
    async fn list_deliveries(
        &self,
        request: Request<ListDeliveriesRequest>,
    ) -> Result<Response<ListDeliveriesResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS | Audience::CLIENT)?;

        let request = request.get_ref();
        let size = page::size(request.page_size)?;
        let after = page::keys::<(Timestamp, Uuid)>(&request.page_token)?;
        let named = parse_ids(&request.account_ids, "account_ids")?;

        let (accounts, visible) = if caller.is_client() {
            let person = caller.person()?;
            let visible = self.peers.visible_projects(caller.tenant, person).await?;
            let own = person.account;
            let accounts = if named.is_empty() || named.contains(&own) {
                vec![own]
            } else {
                Vec::new()
            };
            (Some(accounts), Some(visible))
        } else {
            ((!named.is_empty()).then_some(named), None)
        };
        let mut tx = self.db.read(&caller).await?;
        let filter = Filter {
            accounts: accounts.as_deref(),
            visible: visible.as_ref(),
            problems_only: request.problems_only,
            after,
            limit: size + 1,
        };
        let mut rows = store::delivery::list(&mut tx, filter).await?;
        let next_page_token = page::cut(&mut rows, size, |row| (row.created_at.to_jiff(), row.id));
        let deliveries = with_steps(&mut tx, rows, !caller.is_client()).await?;
        drop(tx);

        Ok(Response::new(ListDeliveriesResponse {
            deliveries,
            next_page_token,
        }))
    }

    async fn resend_delivery(
        &self,
        request: Request<ResendDeliveryRequest>,
    ) -> Result<Response<ResendDeliveryResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let request = request.into_inner();
        let id = parse_id(&request.id, "id")?;

        let address = self.address_of(&caller, id).await?;
        let mut tx = self.db.begin(&caller).await?;
        let method = "DeliveryService.ResendDelivery";
        let fresh =
            match Once::begin(&mut tx, &caller, method, &request.request_id, &request).await? {
                Once::Before(response) => return Ok(Response::new(response)),
                Once::Fresh(fresh) => fresh,
            };
        let copy = resend(&mut tx, id, &address).await?;
        audit::record(&mut tx, &caller, "delivery.resend", id).await?;
        let row = store::delivery::find(&mut tx, copy).await?.found()?;
        let response = ResendDeliveryResponse {
            delivery: with_steps(&mut tx, vec![row], true).await?.pop(),
        };
        fresh.keep(&mut tx, &response).await?;
        tx.commit().await?;

        Ok(Response::new(response))
    }

    async fn clear_suppression(
        &self,
        request: Request<ClearSuppressionRequest>,
    ) -> Result<Response<ClearSuppressionResponse>, Status> {
        let caller = Caller::require(&request, Audience::MANAGERS)?;

        let account = parse_id(&request.get_ref().account_id, "account_id")?;

        self.peers.account(caller.tenant, account).await?.found()?;
        let mut tx = self.db.begin(&caller).await?;
        store::suppression::delete(&mut tx, account).await?;
        audit::record(&mut tx, &caller, "suppression.clear", account).await?;
        tx.commit().await?;

        Ok(Response::new(ClearSuppressionResponse {}))
    }
}

impl Deliveries {
    /// The address to which a mail would go now.
    async fn address_of(&self, caller: &Caller, delivery: Uuid) -> Result<String> {
        let mut tx = self.db.read(caller).await?;
        let delivery = store::delivery::find(&mut tx, delivery).await?.found()?;
        drop(tx);
        let account = self
            .peers
            .account(caller.tenant, delivery.account_id)
            .await?
            .found()?;
        Ok(account.email)
    }
}

/// Queues another copy of a mail, in place of one that has not gone out.
///
/// A mail with a link is refused: the link may be used up, and only identity makes another.
async fn resend(tx: &mut TenantTx, id: Uuid, address: &str) -> Result<Uuid> {
    let former = store::delivery::lock_former(tx, id).await?.found()?;
    if former.link_id.is_some() {
        return Err(Error::invalid("id", LINK_NOT_FRESH));
    }
    if store::suppression::is_suppressed(tx, former.account_id, address).await? {
        return Err(Error::Precondition(Reason::AddressSuppressed));
    }
    let now = clock::now();
    let recent = store::delivery::resends_since(tx, former.account_id, now - RESEND_WINDOW).await?;
    if let [oldest, ..] = recent.as_slice()
        && recent.len() >= RESENDS
    {
        let wait = (*oldest + RESEND_WINDOW).duration_since(now);
        let wait = Duration::try_from(wait).unwrap_or_default();
        return Err(Error::Exhausted(Reason::TooManyAttempts, wait));
    }
    if matches!(
        DeliveryState::of_word(&former.state)?,
        DeliveryState::Queued | DeliveryState::Held
    ) {
        let why = "The office sent it again at once.";
        // a summary goes with the news in it, which the copy tells
        let news = store::delivery::news_of(tx, id, false).await?;
        let dropped: Vec<Uuid> = news
            .into_iter()
            .map(|one| one.delivery_id)
            .chain([id])
            .collect();
        store::delivery::advance(tx, &dropped, DeliveryState::Dropped, None, why).await?;
        store::photo_batch::close_of(tx, &[id]).await?;
    }
    let copy = NewDelivery {
        account: former.account_id,
        kind: MailKind::of_word(&former.kind)?,
        state: DeliveryState::Queued,
        due_at: now,
        about: About {
            link: None,
            item: former.item_id,
            project: former.project_id,
        },
        resend_of: Some(former.resend_of.unwrap_or(id)),
    };
    store::delivery::insert(tx, copy).await
}

/// Puts the steps to their mails; details are for the office.
async fn with_steps(
    tx: &mut TenantTx,
    rows: Vec<store::delivery::Delivery>,
    with_details: bool,
) -> Result<Vec<Delivery>> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut steps: HashMap<Uuid, Vec<DeliveryStep>> = HashMap::new();
    for step in store::delivery::steps(tx, &ids).await? {
        steps
            .entry(step.delivery_id)
            .or_default()
            .push(DeliveryStep {
                state: DeliveryState::of_word(&step.state)?.into(),
                at: Some(proto::timestamp(step.at.to_jiff())),
                detail: if with_details {
                    step.detail
                } else {
                    String::new()
                },
            });
    }
    rows.into_iter()
        .map(|row| {
            let steps = steps.remove(&row.id).unwrap_or_default();
            delivery(row, steps)
        })
        .collect()
}

fn delivery(row: store::delivery::Delivery, steps: Vec<DeliveryStep>) -> Result<Delivery> {
    let state = DeliveryState::of_word(&row.state)?;
    let send_after = row
        .due_at
        .filter(|_| matches!(state, DeliveryState::Queued | DeliveryState::Held));
    Ok(Delivery {
        id: row.id.to_string(),
        kind: MailKind::of_word(&row.kind)?.into(),
        account_id: row.account_id.to_string(),
        state: state.into(),
        created_at: Some(proto::timestamp(row.created_at.to_jiff())),
        send_after: send_after.map(|time| proto::timestamp(time.to_jiff())),
        steps,
        project_id: row.project_id.map(|id| id.to_string()).unwrap_or_default(),
        seen_at: row.seen_at.map(|time| proto::timestamp(time.to_jiff())),
        subject: row.subject,
        can_resend: !row.has_link,
    })
}

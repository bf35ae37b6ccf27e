//! Idempotent writes: the same request id answers as before.

use aws_lc_rs::digest::{Digest, SHA256, digest};
use jiff::SignedDuration;
use jiff_sqlx::ToSqlx as _;
use prost::Message;
use service::{Error, Result, clock};
use uuid::Uuid;

use crate::{
    Caller, TenantTx,
    audit::{self, Deed},
};

/// How long the same request id answers as before, in most services.
pub const REQUESTS_KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How long it does where it moves money.
pub const MONEY_REQUESTS_KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Whether a request came before.
pub enum Once<T> {
    /// It did, and this was the answer.
    Before(T),
    /// It did not: do it, then [`Fresh::keep`] the answer in the same transaction.
    Fresh(Fresh),
}

/// The place kept for an answer.
pub struct Fresh(Place);

/// Where the answer to a request is kept.
struct Place {
    method: &'static str,
    subject: String,
    request_id: Uuid,
}

impl<T: Message + Default> Once<T> {
    /// Looks the request id up and keeps its place until the transaction ends.
    ///
    /// A second request with the same id waits for the first. The same id with other content is refused. `request` must
    /// hold no secret: its hash is stored.
    pub async fn begin(
        tx: &mut TenantTx,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        request: &impl Message,
    ) -> Result<Self> {
        let place = Place::of(caller, method, request_id)?;
        let before = place.take(tx, request).await?;
        Ok(before.map_or(Self::Fresh(Fresh(place)), Self::Before))
    }

    /// Like [`Once::begin`], where the answer is known beforehand: it is kept at once, and the deed is recorded as by
    /// [`audit::record`]. None where the request is new.
    pub async fn answered(
        tx: &mut TenantTx,
        caller: &Caller,
        method: &'static str,
        request_id: &str,
        request: &impl Message,
        answer: &T,
        deed: Deed,
    ) -> Result<Option<T>> {
        let place = Place::of(caller, method, request_id)?;
        let hash = place.note(tx, request);
        let query = sqlx::query(
            "with fresh as (
                 insert into request (tenant_id, subject, method, request_id, request_hash, response, created_at)
                 values ($1, $11, $12, $7, $13, $14, $10) on conflict do nothing returning request_id)
             insert into audit
                 (tenant_id, id, actor, service, action, target, request_id, trace_id, client_address, created_at)
             select $1, $2, $3, $4, $5, $6, request_id, $8, $9::text::inet, $10 from fresh",
        );
        let recorded = audit::bind(query, tx, caller, deed)
            .bind(&place.subject)
            .bind(place.method)
            .bind(hash.as_ref())
            .bind(answer.encode_to_vec())
            .execute(&mut **tx)
            .await?
            .rows_affected();
        if recorded == 1 {
            return Ok(None);
        }
        place.before(tx, hash).await.map(Some)
    }
}

impl Place {
    fn of(caller: &Caller, method: &'static str, request_id: &str) -> Result<Self> {
        Ok(Self {
            method,
            subject: caller.subject(),
            request_id: service::parse_id(request_id, "request_id")?,
        })
    }

    /// Notes the request in the transaction, and answers its hash.
    fn note(&self, tx: &mut TenantTx, request: &impl Message) -> Digest {
        tx.note_request(self.request_id);
        digest(&SHA256, &request.encode_to_vec())
    }

    /// Takes the place; where it was taken before, the answer that is kept there.
    async fn take<T: Message + Default>(
        &self,
        tx: &mut TenantTx,
        request: &impl Message,
    ) -> Result<Option<T>> {
        let hash = self.note(tx, request);
        let tenant = tx.tenant().uuid();
        let inserted = sqlx::query(
            "insert into request (tenant_id, subject, method, request_id, request_hash, response, created_at)
             values ($1, $2, $3, $4, $5, '', $6) on conflict do nothing",
        )
        .bind(tenant)
        .bind(&self.subject)
        .bind(self.method)
        .bind(self.request_id)
        .bind(hash.as_ref())
        .bind(clock::now().to_sqlx())
        .execute(&mut **tx)
        .await?
        .rows_affected();
        if inserted == 1 {
            return Ok(None);
        }
        self.before(tx, hash).await.map(Some)
    }

    /// The answer that is kept to a request of this hash.
    async fn before<T: Message + Default>(&self, tx: &mut TenantTx, hash: Digest) -> Result<T> {
        let (kept_hash, response): (Vec<u8>, Vec<u8>) = sqlx::query_as(
            "select request_hash, response from request
             where tenant_id = $1 and subject = $2 and method = $3 and request_id = $4",
        )
        .bind(tx.tenant().uuid())
        .bind(&self.subject)
        .bind(self.method)
        .bind(self.request_id)
        .fetch_one(&mut **tx)
        .await?;
        if kept_hash != hash.as_ref() {
            return Err(Error::Reused);
        }
        T::decode(response.as_slice()).map_err(Error::internal)
    }
}

impl Fresh {
    /// Keeps the answer.
    pub async fn keep(self, tx: &mut TenantTx, response: &impl Message) -> Result<()> {
        sqlx::query(
            "update request set response = $5
             where tenant_id = $1 and subject = $2 and method = $3 and request_id = $4",
        )
        .bind(tx.tenant().uuid())
        .bind(self.0.subject)
        .bind(self.0.method)
        .bind(self.0.request_id)
        .bind(response.encode_to_vec())
        .execute(&mut **tx)
        .await?;
        Ok(())
    }
}

//! SQL on client records, their tags, addresses and search words.

use service::{Error, Found as _, Reason, Result};
use tenancy::TenantTx;
use uuid::Uuid;

use crate::client::{Kind, Status};

/// A client record as it stands in the database.
pub(crate) struct Client {
    pub(crate) id: Uuid,
    pub(crate) kind: Kind,
    pub(crate) display_name: String,
    pub(crate) phone: String,
    pub(crate) best_time: String,
    pub(crate) status: Status,
    pub(crate) source: String,
    pub(crate) notes: String,
    pub(crate) created_at: jiff_sqlx::Timestamp,
    pub(crate) version: i64,
}

/// A tag of a record.
pub(crate) struct Tag {
    pub(crate) client_id: Uuid,
    pub(crate) tag: String,
}

/// A postal address of a record.
pub(crate) struct Address {
    pub(crate) client_id: Uuid,
    pub(crate) line1: String,
    pub(crate) line2: String,
    pub(crate) city: String,
    pub(crate) region: String,
    pub(crate) postal_code: String,
    pub(crate) label: String,
}

/// Which records a list holds.
pub(crate) struct Filter {
    pub(crate) words_from: Vec<String>,
    pub(crate) words_before: Vec<String>,
    pub(crate) status: Option<Status>,
    pub(crate) tag: Option<String>,
    pub(crate) ids: Option<Vec<Uuid>>,
}

/// What a list of records goes by.
pub(crate) fn sort_key(display_name: &str) -> String {
    display_name.to_lowercase()
}

/// Inserts a record.
pub(crate) async fn insert(tx: &mut TenantTx, client: &Client) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into client
             (tenant_id, id, kind, display_name, sort_key, phone, best_time, status, source, notes, created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        tenant,
        client.id,
        client.kind.as_str(),
        client.display_name,
        sort_key(&client.display_name),
        client.phone,
        client.best_time,
        client.status.as_str(),
        client.source,
        client.notes,
        client.created_at as jiff_sqlx::Timestamp
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Finds a record.
pub(crate) async fn get(tx: &mut TenantTx, id: Uuid) -> Result<Client> {
    let tenant = tx.tenant().uuid();
    sqlx::query_as!(
        Client,
        r#"select id, kind as "kind: Kind", display_name, phone, best_time, status as "status: Status", source, notes,
                  created_at, version
           from client where tenant_id = $1 and id = $2"#,
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()
}

/// Locks a record until the transaction ends, so that changes of its parts come one after the other.
///
/// Its key stays free: a row that refers to it, such as a search word, can be written meanwhile.
pub(crate) async fn lock(tx: &mut TenantTx, id: Uuid) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query_scalar!(
        "select id from client where tenant_id = $1 and id = $2 for no key update",
        tenant,
        id
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()?;
    Ok(())
}

/// Lists records by name, on from the keys of the last row read.
pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<&(String, Uuid)>,
    size: i64,
) -> Result<Vec<Client>> {
    let tenant = tx.tenant().uuid();
    let searched = i64::try_from(filter.words_from.len()).map_err(Error::internal)?;
    let clients = sqlx::query_as!(
        Client,
        r#"select id, kind as "kind: Kind", display_name, phone, best_time, status as "status: Status", source, notes,
                  created_at, version
           from client
           where tenant_id = $1
             and ($2::text is null or (sort_key, id) > ($2, $3::uuid))
             and ($4::text is null or status = $4)
             and ($5::text is null or exists (
                 select from client_tag
                 where client_tag.tenant_id = $1 and client_tag.client_id = client.id and client_tag.tag = $5))
             and ($6::uuid[] is null or id = any($6))
             and ($7::bigint = 0 or id in (
                 select found.client_id
                 from unnest($8::text[], $9::text[]) searched (word_from, word_before)
                 join client_search_word found on found.tenant_id = $1
                     and found.word >= searched.word_from and found.word < searched.word_before
                 group by found.client_id
                 having count(distinct searched.word_from) = $7))
           order by sort_key, id limit $10"#,
        tenant,
        after.map(|(name, _)| name.as_str()),
        after.map(|(_, id)| *id),
        filter.status.map(Status::as_str),
        filter.tag.as_deref(),
        filter.ids.as_deref(),
        searched,
        &filter.words_from,
        &filter.words_before,
        size
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(clients)
}

/// Updates a record; stale where the version has moved on.
pub(crate) async fn update(tx: &mut TenantTx, client: &Client) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let updated = sqlx::query!(
        "update client
         set kind = $4, display_name = $5, sort_key = $6, phone = $7, best_time = $8, status = $9, source = $10,
             notes = $11, version = version + 1
         where tenant_id = $1 and id = $2 and version = $3",
        tenant,
        client.id,
        client.version,
        client.kind.as_str(),
        client.display_name,
        sort_key(&client.display_name),
        client.phone,
        client.best_time,
        client.status.as_str(),
        client.source,
        client.notes
    )
    .execute(&mut **tx)
    .await?;
    if updated.rows_affected() == 0 {
        return Err(Error::Conflict(Reason::EtagStale));
    }
    Ok(())
}

/// Lists the tags of records.
pub(crate) async fn list_tags(tx: &mut TenantTx, clients: &[Uuid]) -> Result<Vec<Tag>> {
    let tenant = tx.tenant().uuid();
    let tags = sqlx::query_as!(
        Tag,
        "select client_id, tag from client_tag where tenant_id = $1 and client_id = any($2) order by client_id, tag",
        tenant,
        clients
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(tags)
}

/// Replaces the tags of a record.
pub(crate) async fn replace_tags(tx: &mut TenantTx, client: Uuid, tags: &[String]) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from client_tag where tenant_id = $1 and client_id = $2",
        tenant,
        client
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into client_tag (tenant_id, client_id, tag) select distinct $1::uuid, $2::uuid, unnest($3::text[])",
        tenant,
        client,
        tags
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Lists the addresses of records, in the order in which they were given.
pub(crate) async fn list_addresses(tx: &mut TenantTx, clients: &[Uuid]) -> Result<Vec<Address>> {
    let tenant = tx.tenant().uuid();
    let addresses = sqlx::query_as!(
        Address,
        "select client_id, line1, line2, city, region, postal_code, label
         from client_address where tenant_id = $1 and client_id = any($2) order by client_id, position",
        tenant,
        clients
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(addresses)
}

/// Replaces the addresses of a record.
pub(crate) async fn replace_addresses(
    tx: &mut TenantTx,
    client: Uuid,
    addresses: &[Address],
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from client_address where tenant_id = $1 and client_id = $2",
        tenant,
        client
    )
    .execute(&mut **tx)
    .await?;
    for (position, address) in (0_i32..).zip(addresses) {
        sqlx::query!(
            "insert into client_address
                 (tenant_id, client_id, position, line1, line2, city, region, postal_code, label)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            tenant,
            client,
            position,
            address.line1,
            address.line2,
            address.city,
            address.region,
            address.postal_code,
            address.label
        )
        .execute(&mut **tx)
        .await?;
    }
    Ok(())
}

/// Waits for others that replace the record's words until they commit: the office and the person may change it at once.
pub(crate) async fn lock_words(tx: &mut TenantTx, client: Uuid) -> Result<()> {
    let (_, random) = client.as_u64_pair();
    sqlx::query!("select pg_advisory_xact_lock($1)", random.cast_signed())
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Every text of a record that can be searched.
pub(crate) async fn texts(tx: &mut TenantTx, client: Uuid) -> Result<Vec<String>> {
    let tenant = tx.tenant().uuid();
    let texts = sqlx::query_scalar!(
        r#"select unnest(array[display_name, phone]) as "text!" from client where tenant_id = $1 and id = $2
           union all
           select tag from client_tag where tenant_id = $1 and client_id = $2
           union all
           select unnest(array[line1, line2, city, region, postal_code])
           from client_address where tenant_id = $1 and client_id = $2
           union all
           select unnest(array[name, email, phone]) from contact where tenant_id = $1 and client_id = $2"#,
        tenant,
        client
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(texts)
}

/// Replaces the search words of a record.
pub(crate) async fn replace_words(tx: &mut TenantTx, client: Uuid, words: &[String]) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "delete from client_search_word where tenant_id = $1 and client_id = $2",
        tenant,
        client
    )
    .execute(&mut **tx)
    .await?;
    sqlx::query!(
        "insert into client_search_word (tenant_id, word, client_id) select $1, unnest($3::text[]), $2",
        tenant,
        client,
        words
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

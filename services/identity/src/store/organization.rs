//! SQL on organizations and their style sheets.

use jiff_sqlx::ToSqlx as _;
use service::{Error, Found as _, OnConstraint as _, Reason, Result, clock};
use tenancy::{TenantTx, UnscopedTx};
use uuid::Uuid;

use crate::host::TAKEN_SLUG;

/// An organization as it stands in the database.
pub(crate) struct Organization {
    pub(crate) tenant_id: Uuid,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) phone: String,
    pub(crate) email: String,
    pub(crate) website: String,
    pub(crate) address: String,
    pub(crate) welcome_text: String,
    pub(crate) primary_color: String,
    pub(crate) secondary_color: String,
    pub(crate) accent_color: String,
    pub(crate) stylesheet_hash: String,
    pub(crate) logo_id: Option<Uuid>,
    pub(crate) logo_width: Option<i32>,
    pub(crate) logo_height: Option<i32>,
    pub(crate) time_zone: String,
    pub(crate) version: i64,
}

/// Three colors and the style sheet derived from them.
pub(crate) struct Look {
    pub(crate) primary: String,
    pub(crate) secondary: String,
    pub(crate) accent: String,
    pub(crate) stylesheet: String,
    pub(crate) stylesheet_hash: String,
}

/// Inserts the transaction's organization; a slug that another one has is a violation.
pub(crate) async fn insert(
    tx: &mut TenantTx,
    slug: &str,
    name: &str,
    email: &str,
    time_zone: &str,
    look: &Look,
) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into organization
             (tenant_id, slug, name, email, primary_color, secondary_color, accent_color, stylesheet_hash, time_zone,
              created_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant,
        slug,
        name,
        email,
        look.primary,
        look.secondary,
        look.accent,
        look.stylesheet_hash,
        time_zone,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await
    .on_constraint("organization_slug", || Error::invalid("slug", TAKEN_SLUG))?;
    insert_stylesheet(tx, look).await
}

/// Reads the transaction's organization.
pub(crate) async fn get(tx: &mut TenantTx) -> Result<Organization> {
    let tenant = tx.tenant().uuid();
    sqlx::query_as!(
        Organization,
        "select tenant_id, slug, name, phone, email, website, address, welcome_text, primary_color, secondary_color,
                accent_color, stylesheet_hash, logo_id, logo_width, logo_height, time_zone, version
         from organization where tenant_id = $1",
        tenant
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()
}

/// Finds the organization of a slug.
pub(crate) async fn find_by_slug(tx: &mut UnscopedTx, slug: &str) -> Result<Option<Organization>> {
    let organization = sqlx::query_as!(
        Organization,
        "select tenant_id, slug, name, phone, email, website, address, welcome_text, primary_color, secondary_color,
                accent_color, stylesheet_hash, logo_id, logo_width, logo_height, time_zone, version
         from organization where slug = $1",
        slug
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(organization)
}

/// Updates what people edit; stale where the version has moved on.
pub(crate) async fn update(tx: &mut TenantTx, organization: &Organization) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let updated = sqlx::query!(
        "update organization
         set name = $3, phone = $4, email = $5, website = $6, address = $7, welcome_text = $8, time_zone = $9,
             version = version + 1
         where tenant_id = $1 and version = $2",
        tenant,
        organization.version,
        organization.name,
        organization.phone,
        organization.email,
        organization.website,
        organization.address,
        organization.welcome_text,
        organization.time_zone
    )
    .execute(&mut **tx)
    .await?;
    fresh(updated.rows_affected())
}

/// Updates the colors and keeps the style sheet; stale where the version has moved on.
pub(crate) async fn update_look(tx: &mut TenantTx, look: &Look, version: i64) -> Result<()> {
    let tenant = tx.tenant().uuid();
    let updated = sqlx::query!(
        "update organization
         set primary_color = $3, secondary_color = $4, accent_color = $5, stylesheet_hash = $6, version = version + 1
         where tenant_id = $1 and version = $2",
        tenant,
        version,
        look.primary,
        look.secondary,
        look.accent,
        look.stylesheet_hash
    )
    .execute(&mut **tx)
    .await?;
    fresh(updated.rows_affected())?;
    insert_stylesheet(tx, look).await
}

/// A logo with its pixels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Logo {
    pub(crate) id: Uuid,
    pub(crate) width: i32,
    pub(crate) height: i32,
}

/// Updates the logo.
pub(crate) async fn update_logo(tx: &mut TenantTx, logo: Option<Logo>) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "update organization set logo_id = $2, logo_width = $3, logo_height = $4 where tenant_id = $1",
        tenant,
        logo.map(|logo| logo.id),
        logo.map(|logo| logo.width),
        logo.map(|logo| logo.height)
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Reads a style sheet.
pub(crate) async fn stylesheet(tx: &mut TenantTx, hash: &str) -> Result<String> {
    let tenant = tx.tenant().uuid();
    sqlx::query_scalar!(
        "select css from stylesheet where tenant_id = $1 and hash = $2",
        tenant,
        hash
    )
    .fetch_optional(&mut **tx)
    .await?
    .found()
}

async fn insert_stylesheet(tx: &mut TenantTx, look: &Look) -> Result<()> {
    let tenant = tx.tenant().uuid();
    sqlx::query!(
        "insert into stylesheet (tenant_id, hash, css, created_at) values ($1, $2, $3, $4) on conflict do nothing",
        tenant,
        look.stylesheet_hash,
        look.stylesheet,
        clock::now().to_sqlx()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn fresh(updated: u64) -> Result<()> {
    if updated == 0 {
        return Err(Error::Conflict(Reason::EtagStale));
    }
    Ok(())
}

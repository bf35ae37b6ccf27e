//! `OrganizationService`.

mod look;
mod sign_up;

use proto::identity::{
    BrandAdjustment, ContactData, FindPortalsRequest, FindPortalsResponse, GetOrganizationRequest,
    GetOrganizationResponse, GetStylesheetRequest, GetStylesheetResponse, Organization,
    PreviewBrandRequest, PreviewBrandResponse, ResolveHostRequest, ResolveHostResponse,
    SetLogoRequest, SetLogoResponse, SignUpRequest, SignUpResponse, UpdateBrandRequest,
    UpdateBrandResponse, UpdateOrganizationRequest, UpdateOrganizationResponse,
    organization_service_server::OrganizationService,
};
use service::{
    Error, Found as _, Result, Violations, etag,
    mask::Fields,
    text::{is_line, is_text},
};
use tenancy::{Audience, Caller, Db, PlatformCaller, TenantId, audit};
use tonic::{Request, Response, Status};

use super::{PHONE, WRONG_PHONE, WRONG_TIME_ZONE, is_time_zone};
use crate::{
    account::{Kind, Role},
    attempts::{self, Subject},
    email::Email,
    even_time::in_even_time,
    hashing::Hasher,
    host::Hosts,
    link::{self, LinkKey, Purpose},
    session, store,
};

/// Portals that one mailbox is told of at once.
const MOST_PORTALS: i64 = 20;

pub(crate) struct Organizations {
    pub(crate) db: Db,
    pub(crate) hasher: Hasher,
    pub(crate) links: LinkKey,
    pub(crate) hosts: Hosts,
}

#[tonic::async_trait]
impl OrganizationService for Organizations {
    async fn sign_up(
        &self,
        request: Request<SignUpRequest>,
    ) -> Result<Response<SignUpResponse>, Status> {
        PlatformCaller::require(&request)?;

        let sign_up = self.read_sign_up(request.into_inner()).await?;

        let mut tx = self.db.begin_unscoped("limit sign-ups").await?;
        let subject = Subject::sign_up(&sign_up.client_address);
        attempts::claim(
            &mut tx,
            &subject,
            &sign_up.client_address,
            attempts::SIGN_UP,
        )
        .await?
        .allowed()?;
        tx.commit().await?;
        let password_hash = self.hasher.hash(&sign_up.password).await?;

        let caller = Caller::system(TenantId::new(), crate::NAME);
        let mut tx = self.db.begin(&caller).await?;
        tx.note_client_address(&sign_up.client_address);
        store::organization::insert(
            &mut tx,
            &sign_up.slug,
            &sign_up.company,
            &sign_up.email.text,
            &sign_up.time_zone,
            &look::of(&look::default_brand()),
        )
        .await?;
        let owner = store::account::Invited {
            kind: Kind::Office,
            role: Some(Role::Owner),
            name: &sign_up.owner,
            email: &sign_up.email,
            phone: "",
            preset_frequency: "",
        };
        let taken = || Error::internal("a new organization has an account already");
        let account = store::account::insert(&mut tx, &owner, taken).await?;
        store::account::accept(&mut tx, account, &password_hash).await?;
        link::issue(&mut tx, &self.links, account, Purpose::ConfirmEmail, None).await?;
        let code = session::issue_code(&mut tx, account).await?;
        audit::record(&mut tx, &caller, "organization.sign_up", account).await?;
        tx.commit().await?;

        Ok(Response::new(SignUpResponse {
            organization_id: caller.tenant.to_string(),
            host: self.hosts.of(&sign_up.slug),
            sign_in_code: code,
        }))
    }

    async fn resolve_host(
        &self,
        request: Request<ResolveHostRequest>,
    ) -> Result<Response<ResolveHostResponse>, Status> {
        PlatformCaller::require(&request)?;

        let slug = self.hosts.slug(&request.get_ref().host).found()?;

        let mut tx = self
            .db
            .begin_unscoped("find the organization of a host")
            .await?;
        let organization = store::organization::find_by_slug(&mut tx, &slug)
            .await?
            .found()?;
        drop(tx);

        Ok(Response::new(ResolveHostResponse {
            organization: Some(self.message(organization)),
        }))
    }

    async fn find_portals(
        &self,
        request: Request<FindPortalsRequest>,
    ) -> Result<Response<FindPortalsResponse>, Status> {
        PlatformCaller::require(&request)?;

        let FindPortalsRequest {
            email,
            client_address,
        } = request.into_inner();
        let email = Email::parse(&email).ok_or(Error::invalid("email", Email::WRONG))?;

        in_even_time(self.tell_portals(&email, &client_address)).await?;

        Ok(Response::new(FindPortalsResponse {}))
    }

    async fn get_organization(
        &self,
        request: Request<GetOrganizationRequest>,
    ) -> Result<Response<GetOrganizationResponse>, Status> {
        let caller = Caller::require(&request, Audience::PEOPLE | Audience::NOTIFICATIONS)?;

        let mut tx = self.db.read(&caller).await?;
        let organization = store::organization::get(&mut tx).await?;
        drop(tx);

        Ok(Response::new(GetOrganizationResponse {
            organization: Some(self.message(organization)),
        }))
    }

    async fn update_organization(
        &self,
        request: Request<UpdateOrganizationRequest>,
    ) -> Result<Response<UpdateOrganizationResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let request = request.into_inner();
        let wanted = request.organization.unwrap_or_default();
        let known = ["name", "contact", "welcome_text", "time_zone"];
        let fields = Fields::of_mask(&request.update_mask.unwrap_or_default().paths, &known)?;
        let version = etag::version(&wanted.etag)?;

        let mut tx = self.db.begin(&caller).await?;
        let mut organization = store::organization::get(&mut tx).await?;
        organization.version = version;
        apply(&mut organization, wanted, &fields)?;
        store::organization::update(&mut tx, &organization).await?;
        let saved = store::organization::get(&mut tx).await?;
        audit::record(&mut tx, &caller, "organization.update", saved.tenant_id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateOrganizationResponse {
            organization: Some(self.message(saved)),
        }))
    }

    async fn preview_brand(
        &self,
        request: Request<PreviewBrandRequest>,
    ) -> Result<Response<PreviewBrandResponse>, Status> {
        Caller::require(&request, Audience::OWNER)?;

        let PreviewBrandRequest {
            primary,
            secondary,
            accent,
        } = request.into_inner();
        let brand = look::read_brand(&primary, &secondary, &accent)?;

        let theme = brand.theme();
        let adjustments = brand
            .adjustments()
            .into_iter()
            .map(|adjustment| BrandAdjustment {
                kept: adjustment.kept,
                text: adjustment.text,
                contrast_hundredths: adjustment.contrast_hundredths,
            })
            .collect();

        Ok(Response::new(PreviewBrandResponse {
            light_tokens: theme.light_tokens(),
            dark_tokens: theme.dark_tokens(),
            adjustments,
        }))
    }

    async fn update_brand(
        &self,
        request: Request<UpdateBrandRequest>,
    ) -> Result<Response<UpdateBrandResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let UpdateBrandRequest {
            primary,
            secondary,
            accent,
            etag,
        } = request.into_inner();
        let brand = look::read_brand(&primary, &secondary, &accent)?;
        let version = etag::version(&etag)?;

        let mut tx = self.db.begin(&caller).await?;
        store::organization::update_look(&mut tx, &look::of(&brand), version).await?;
        let saved = store::organization::get(&mut tx).await?;
        audit::record(&mut tx, &caller, "organization.brand", saved.tenant_id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateBrandResponse {
            organization: Some(self.message(saved)),
        }))
    }

    async fn set_logo(
        &self,
        request: Request<SetLogoRequest>,
    ) -> Result<Response<SetLogoResponse>, Status> {
        let caller = Caller::require(&request, Audience::OWNER)?;

        let logo = look::read_logo(request.get_ref())?;

        let mut tx = self.db.begin(&caller).await?;
        store::organization::update_logo(&mut tx, logo).await?;
        let saved = store::organization::get(&mut tx).await?;
        audit::record(&mut tx, &caller, "organization.logo", saved.tenant_id).await?;
        tx.commit().await?;

        Ok(Response::new(SetLogoResponse {
            organization: Some(self.message(saved)),
        }))
    }

    async fn get_stylesheet(
        &self,
        request: Request<GetStylesheetRequest>,
    ) -> Result<Response<GetStylesheetResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let hash = request.into_inner().hash;

        let mut tx = self.db.read(&caller).await?;
        let css = store::organization::stylesheet(&mut tx, &hash).await?;
        drop(tx);

        Ok(Response::new(GetStylesheetResponse { css }))
    }
}

impl Organizations {
    /// Lets an organization mail its address to one of its people, and the office see that somebody looked for it.
    async fn tell_portal(&self, account: store::account::Somewhere) -> Result<()> {
        let caller = Caller::system(account.tenant_id.into(), crate::NAME);
        let mut tx = self.db.begin(&caller).await?;
        store::account::lock(&mut tx, account.id).await?;
        store::account::set_wrong_host(&mut tx, account.id, &self.hosts.base()).await?;
        link::issue(
            &mut tx,
            &self.links,
            account.id,
            Purpose::PortalAddress,
            None,
        )
        .await?;
        tx.commit().await
    }

    /// Mails the addresses of all portals of an address, where its mailbox has room.
    async fn tell_portals(&self, email: &Email, client_address: &str) -> Result<()> {
        let mut tx = self
            .db
            .begin_unscoped("find the portals of an address")
            .await?;
        let mailbox = Subject::portals_of(&email.key);
        let accounts = if attempts::claim_mail(&mut tx, &mailbox, client_address).await? {
            store::account::find_everywhere(&mut tx, &email.key, MOST_PORTALS).await?
        } else {
            Vec::new()
        };
        tx.commit().await?;
        for account in accounts {
            self.tell_portal(account).await?;
        }
        Ok(())
    }

    fn message(&self, row: store::organization::Organization) -> Organization {
        Organization {
            id: row.tenant_id.to_string(),
            host: self.hosts.of(&row.slug),
            name: row.name,
            slug: row.slug,
            contact: Some(ContactData {
                phone: row.phone,
                email: row.email,
                website: row.website,
                address: row.address,
            }),
            welcome_text: row.welcome_text,
            brand: Some(proto::identity::Brand {
                primary: row.primary_color,
                secondary: row.secondary_color,
                accent: row.accent_color,
                stylesheet_hash: row.stylesheet_hash,
                logo_id: row.logo_id.map(|id| id.to_string()).unwrap_or_default(),
                logo_width: row.logo_width.unwrap_or_default(),
                logo_height: row.logo_height.unwrap_or_default(),
            }),
            time_zone: row.time_zone,
            etag: row.version.to_string(),
        }
    }
}

/// Takes over the wanted fields.
fn apply(
    organization: &mut store::organization::Organization,
    wanted: Organization,
    fields: &Fields,
) -> Result<()> {
    let mut violations = Violations::new();
    if fields.has("name") {
        wanted.name.trim().clone_into(&mut organization.name);
        violations.check(
            is_line(&organization.name, 2..=200),
            "organization.name",
            "Enter your company's name, of 2 to 200 characters",
        );
    }
    if fields.has("contact") {
        let contact = wanted.contact.unwrap_or_default();
        let email = contact.email.trim();
        violations
            .check(
                is_line(&contact.phone, PHONE),
                "organization.contact.phone",
                WRONG_PHONE,
            )
            .check(
                email.is_empty() || Email::parse(email).is_some(),
                "organization.contact.email",
                Email::WRONG,
            )
            .check(
                is_website(contact.website.trim()),
                "organization.contact.website",
                "Enter an address that starts with https:// or http://",
            )
            .check(
                is_text(&contact.address, ..=500),
                "organization.contact.address",
                "Enter an address of 500 characters at most",
            );
        contact.phone.trim().clone_into(&mut organization.phone);
        email.clone_into(&mut organization.email);
        contact.website.trim().clone_into(&mut organization.website);
        contact.address.trim().clone_into(&mut organization.address);
    }
    if fields.has("welcome_text") {
        wanted
            .welcome_text
            .trim()
            .clone_into(&mut organization.welcome_text);
        violations.check(
            is_text(&organization.welcome_text, ..=2_000),
            "organization.welcome_text",
            "Use 2,000 characters at most",
        );
    }
    if fields.has("time_zone") {
        violations.check(
            is_time_zone(&wanted.time_zone),
            "organization.time_zone",
            WRONG_TIME_ZONE,
        );
        organization.time_zone = wanted.time_zone;
    }
    violations.finish()
}

/// True for an address that may become a link: other schemes could run something.
fn is_website(text: &str) -> bool {
    let is_web = ["https://", "http://"]
        .iter()
        .any(|scheme| text.starts_with(scheme));
    text.is_empty() || (is_web && is_line(text, 10..=200) && !text.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_website_is_of_the_web() {
        for text in [
            "",
            "https://alderfinch.example",
            "http://alderfinch.example/a",
        ] {
            assert!(is_website(text), "{text}");
        }
        for text in [
            "javascript:alert(1)",
            "alderfinch.example",
            "https://",
            "https://a b.example",
        ] {
            assert!(!is_website(text), "{text}");
        }
    }
}

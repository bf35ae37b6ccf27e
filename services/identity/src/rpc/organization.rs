//! `OrganizationService`.

use proto::identity::{
    BrandAdjustment, ContactData, FindPortalsRequest, FindPortalsResponse, GetOrganizationRequest,
    GetOrganizationResponse, GetStylesheetRequest, GetStylesheetResponse, Organization,
    PreviewBrandRequest, PreviewBrandResponse, ResolveHostRequest, ResolveHostResponse,
    SignUpRequest, SignUpResponse, UpdateBrandRequest, UpdateBrandResponse,
    UpdateOrganizationRequest, UpdateOrganizationResponse,
    organization_service_server::OrganizationService,
};
use service::{Error, Found as _, Result, Violations};
use tenancy::{Audience, Caller, Db, PlatformCaller, TenantId, audit};
use tonic::{Request, Response, Status};

use super::{
    NAME, PHONE, WRONG_NAME, WRONG_PHONE, WRONG_TIME_ZONE, is_line, is_text, is_time_zone, paths,
    version_of,
};
use crate::{
    account::{Kind, Role},
    attempts::{self, Subject},
    brand::{Brand, Color},
    email::Email,
    hashing::Hasher,
    host::{self, Hosts},
    link::{self, LinkKey, Purpose},
    password::{self, Whose},
    session,
    store::{self, organization::Look},
};

/// What a new organization looks like until it chooses.
const DEFAULT_COLORS: [&str; 3] = ["#1f5b4b", "#c9a77c", "#b8572f"];
const WRONG_COLOR: &str = "Enter a color such as #1f5b4b";
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
        store::organization::insert(
            &mut tx,
            &sign_up.slug,
            &sign_up.company,
            &sign_up.email.text,
            &sign_up.time_zone,
            &look(&default_brand()),
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
        tx.commit().await?;

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

        let mut tx = self
            .db
            .begin_unscoped("find the portals of an address")
            .await?;
        let mailbox = Subject::portals_of(&email.key);
        let accounts = if attempts::claim_mail(&mut tx, &mailbox, &client_address).await? {
            store::account::find_everywhere(&mut tx, &email.key, MOST_PORTALS).await?
        } else {
            Vec::new()
        };
        tx.commit().await?;
        for account in accounts {
            self.tell_portal(account).await?;
        }

        Ok(Response::new(FindPortalsResponse {}))
    }

    async fn get_organization(
        &self,
        request: Request<GetOrganizationRequest>,
    ) -> Result<Response<GetOrganizationResponse>, Status> {
        let services = Audience::NOTIFICATIONS
            | Audience::BILLING
            | Audience::DOCUMENTS
            | Audience::PROJECTS
            | Audience::PORTAL;
        let caller = Caller::require(&request, Audience::PEOPLE | services)?;

        let mut tx = self.db.begin(&caller).await?;
        let organization = store::organization::get(&mut tx).await?;
        tx.commit().await?;

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
        let paths = paths(request.update_mask.as_ref(), &known)?;
        let version = version_of(&wanted.etag)?;

        let mut tx = self.db.begin(&caller).await?;
        let mut organization = store::organization::get(&mut tx).await?;
        organization.version = version;
        apply(&mut organization, wanted, &paths)?;
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
        let brand = read_brand(&primary, &secondary, &accent)?;

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
        let brand = read_brand(&primary, &secondary, &accent)?;
        let version = version_of(&etag)?;

        let mut tx = self.db.begin(&caller).await?;
        store::organization::update_look(&mut tx, &look(&brand), version).await?;
        let saved = store::organization::get(&mut tx).await?;
        audit::record(&mut tx, &caller, "organization.brand", saved.tenant_id).await?;
        tx.commit().await?;

        Ok(Response::new(UpdateBrandResponse {
            organization: Some(self.message(saved)),
        }))
    }

    async fn get_stylesheet(
        &self,
        request: Request<GetStylesheetRequest>,
    ) -> Result<Response<GetStylesheetResponse>, Status> {
        let caller = Caller::require(&request, Audience::PORTAL)?;

        let hash = request.into_inner().hash;

        let mut tx = self.db.begin(&caller).await?;
        let css = store::organization::stylesheet(&mut tx, &hash).await?;
        tx.commit().await?;

        Ok(Response::new(GetStylesheetResponse { css }))
    }
}

/// A sign-up form whose every field holds.
struct SignUp {
    company: String,
    slug: String,
    owner: String,
    email: Email,
    password: String,
    time_zone: String,
    client_address: String,
}

impl Organizations {
    /// Reads the sign-up form, with every violation in one answer.
    async fn read_sign_up(&self, request: SignUpRequest) -> Result<SignUp> {
        let company = request.company_name.trim();
        let slug = request.slug.trim().to_lowercase();
        let owner = request.owner_name.trim();
        let email = Email::parse(&request.email);
        let is_slug = host::is_slug(&slug);
        let is_free = !is_slug || (!host::is_reserved(&slug) && self.is_free(&slug).await?);
        let whose = Whose {
            kind: Kind::Office,
            company,
            email: &request.email,
        };
        let problem = password::problem(&request.password, &whose);
        Violations::new()
            .check(
                is_line(company, 2..=200),
                "company_name",
                "Enter your company's name, of 2 to 200 characters",
            )
            .check(is_slug, "slug", host::WRONG_SLUG)
            .check(is_free, "slug", host::TAKEN_SLUG)
            .check(is_line(owner, NAME), "owner_name", WRONG_NAME)
            .check(email.is_some(), "email", Email::WRONG)
            .check(problem.is_none(), "password", problem.unwrap_or_default())
            .check(
                is_time_zone(&request.time_zone),
                "time_zone",
                WRONG_TIME_ZONE,
            )
            .finish()?;
        Ok(SignUp {
            company: company.to_owned(),
            slug,
            owner: owner.to_owned(),
            email: email.ok_or(Error::invalid("email", Email::WRONG))?,
            password: request.password,
            time_zone: request.time_zone,
            client_address: request.client_address,
        })
    }

    /// True where no organization has the slug yet, so that the form can say so with its other violations; the unique
    /// index decides between two that come at once.
    async fn is_free(&self, slug: &str) -> Result<bool> {
        let mut tx = self.db.begin_unscoped("see whether a slug is free").await?;
        let taken = store::organization::find_by_slug(&mut tx, slug).await?;
        tx.commit().await?;
        Ok(taken.is_none())
    }

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
    paths: &[&str],
) -> Result<()> {
    let mut violations = Violations::new();
    if paths.contains(&"name") {
        wanted.name.trim().clone_into(&mut organization.name);
        violations.check(
            is_line(&organization.name, 2..=200),
            "organization.name",
            "Enter your company's name, of 2 to 200 characters",
        );
    }
    if paths.contains(&"contact") {
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
                is_text(&contact.address, 500),
                "organization.contact.address",
                "Enter an address of 500 characters at most",
            );
        contact.phone.trim().clone_into(&mut organization.phone);
        email.clone_into(&mut organization.email);
        contact.website.trim().clone_into(&mut organization.website);
        contact.address.trim().clone_into(&mut organization.address);
    }
    if paths.contains(&"welcome_text") {
        wanted
            .welcome_text
            .trim()
            .clone_into(&mut organization.welcome_text);
        violations.check(
            is_text(&organization.welcome_text, 2_000),
            "organization.welcome_text",
            "Use 2,000 characters at most",
        );
    }
    if paths.contains(&"time_zone") {
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

fn read_brand(primary: &str, secondary: &str, accent: &str) -> Result<Brand> {
    let colors = [primary, secondary, accent].map(|text| Color::parse(text.trim()));
    let [has_primary, has_secondary, has_accent] = colors.map(|color| color.is_some());
    Violations::new()
        .check(has_primary, "primary", WRONG_COLOR)
        .check(has_secondary, "secondary", WRONG_COLOR)
        .check(has_accent, "accent", WRONG_COLOR)
        .finish()?;
    match colors {
        [Some(primary), Some(secondary), Some(accent)] => Ok(Brand {
            primary,
            secondary,
            accent,
        }),
        _ => Err(Error::invalid("primary", WRONG_COLOR)),
    }
}

fn default_brand() -> Brand {
    let [primary, secondary, accent] =
        DEFAULT_COLORS.map(|text| Color::parse(text).expect("the default colors are colors"));
    Brand {
        primary,
        secondary,
        accent,
    }
}

fn look(brand: &Brand) -> Look {
    let theme = brand.theme();
    Look {
        primary: brand.primary.to_string(),
        secondary: brand.secondary.to_string(),
        accent: brand.accent.to_string(),
        stylesheet: theme.stylesheet(),
        stylesheet_hash: theme.stylesheet_hash(),
    }
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

//! Who visits the portal, and the forms that they find there.

use anyhow::{Context as _, Result, ensure};
use devstack::platform::Platform;
use integration_tests::{
    Links, Organization, PASSWORD, Record, Stage as _, Visitor, finish_logo,
    form::{Field, Form, forms},
    routes::{Address, Host, Method, addresses, path_with},
    start_logo,
};
use proto::identity::{SetLogoRequest, organization_service_client::OrganizationServiceClient};
use service::new_id;
use tenancy::authorized;
use uuid::Uuid;

/// Somebody at a host, with what a browser would send.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    pub(crate) host: String,
    /// As a header has them; empty where there are none.
    pub(crate) cookies: String,
    /// Of every form of theirs.
    pub(crate) token: String,
    things: Things,
    forms: Vec<Form>,
}

/// What stands in a guest's paths.
#[derive(Clone)]
struct Things {
    record: Record,
    /// Whose portal access is never ended, so that nobody can remove the contact.
    bens: Record,
    account: Uuid,
    member: Uuid,
    pages: Pages,
}

/// Names of pages and files that no id gives.
#[derive(Clone)]
struct Pages {
    links: Links,
    asset: String,
    sheet: String,
    logo: String,
}

/// Everybody, and where they go.
pub(crate) struct Visitors {
    /// Without a session.
    pub(crate) nobody: Guest,
    /// At the base domain.
    pub(crate) passer_by: Guest,
    /// Ben: the owner changes Ana's things alone, so that his session lives on.
    pub(crate) client: Guest,
    pub(crate) owner: Guest,
    /// Crew, who may sign out.
    leaver: Guest,
    pub(crate) addresses: Vec<Address>,
    pub(crate) port: u16,
}

impl Visitors {
    /// Signs them in and reads every page with a form.
    pub(crate) async fn gather(platform: &Platform, organization: &Organization) -> Result<Self> {
        let port = platform.portal_port();
        let pages = Pages::find(platform, organization).await?;
        let things = |record| Things {
            record,
            bens: organization.bens,
            account: organization.ana.account,
            member: organization.pm.account,
            pages: pages.clone(),
        };
        let (anas, bens) = (things(organization.anas), things(organization.bens));
        let slug = &organization.slug;
        let nobody = Visitor::new(slug, port)?;
        let passer_by = Visitor::new("", port)?;
        let client = sign_in(slug, "ben", port).await?;
        let owner = sign_in(slug, "owner", port).await?;
        let leaver = sign_in(slug, "field", port).await?;
        Ok(Self {
            nobody: Guest::new("nobody", anas.clone(), nobody, "/forgot").await?,
            passer_by: Guest::new("a passer-by", anas.clone(), passer_by, "/find").await?,
            client: Guest::new("a client", bens, client, "/account").await?,
            owner: Guest::new("an owner", anas.clone(), owner, "/office/account").await?,
            leaver: Guest::new("crew", anas, leaver, "/office/account").await?,
            addresses: addresses().into_iter().collect(),
            port,
        })
    }

    /// Whose page an address is.
    pub(crate) fn at_home(&self, (host, _, path): &Address) -> &Guest {
        let before_sign_in = [
            "/sign-in", "/forgot", "/invite", "/reset", "/confirm", "/welcome",
        ];
        if *host == Host::BaseDomain {
            &self.passer_by
        } else if path == "/sign-out" {
            &self.leaver
        } else if path.starts_with("/office") {
            &self.owner
        } else if before_sign_in.iter().any(|start| path.starts_with(start)) {
            &self.nobody
        } else {
            &self.client
        }
    }
}

async fn sign_in(slug: &str, name: &str, port: u16) -> Result<Visitor> {
    let visitor = Visitor::new(slug, port)?;
    let page = visitor
        .sign_in(&format!("{name}@{slug}.example"), PASSWORD)
        .await?;
    ensure!(page.status.is_redirection(), "{name} signs in: {page:?}");
    Ok(visitor)
}

impl Guest {
    async fn new(
        name: &'static str,
        things: Things,
        visitor: Visitor,
        page_with_form: &str,
    ) -> Result<Self> {
        let page = visitor.get(page_with_form).await?;
        let token = page
            .hidden("csrf")
            .with_context(|| format!("{page_with_form} has no form"))?;
        let mut guest = Self {
            name,
            host: visitor.host().to_owned(),
            cookies: visitor.cookies().unwrap_or_default(),
            token,
            things,
            forms: Vec::new(),
        };
        for (_, method, path) in addresses() {
            if method != Method::Get {
                continue;
            }
            let path = guest.path(&path);
            let page = visitor.get(&path).await?;
            guest
                .forms
                .extend(forms(&page.text).into_iter().map(|mut form| {
                    if form.action.is_empty() {
                        form.action.clone_from(&path);
                    }
                    form
                }));
        }
        Ok(guest)
    }

    /// The path with the ids of this guest's things.
    pub(crate) fn path(&self, path: &str) -> String {
        let full = path_with(path, |name| self.things.named(path, name));
        if path.ends_with("preview.css") {
            return full + "?primary=%231f5b4b&secondary=%23c9a77c&accent=%23b8572f";
        }
        full
    }

    /// The form that is sent to a path, as a page has it, or one of usual fields where no page has one.
    pub(crate) fn form(&self, path: &str) -> Form {
        let sent_there = |form: &&Form| form.action.split('?').next() == Some(path);
        self.forms
            .iter()
            .find(sent_there)
            .cloned()
            .unwrap_or_else(|| usual_form(path, &self.token))
    }
}

fn usual_form(path: &str, token: &str) -> Form {
    let request_id = new_id().to_string();
    let fields = [
        ("csrf", token),
        ("request_id", &request_id),
        ("etag", "1"),
        ("id", &request_id),
        ("name", "Words"),
        ("csv", "name,email\nWords,words@hostile.example"),
        ("percent", "60"),
        ("role", "field"),
        ("to", "up"),
    ];
    Form {
        action: path.to_owned(),
        has_files: path.ends_with("/photos") || path.ends_with("/logo"),
        fields: fields
            .map(|(name, value)| Field {
                name: name.to_owned(),
                kind: "text".to_owned(),
                value: value.to_owned(),
            })
            .into(),
    }
}

impl Things {
    fn named(&self, path: &str, name: &str) -> String {
        let pages = &self.pages;
        let record = if path.ends_with("/people/{person}/remove") {
            &self.bens
        } else {
            &self.record
        };
        let id = match name {
            "project" => record.project,
            "client" => record.client,
            "person" => record.contact,
            "phase" => record.phase,
            "photo" => record.photo,
            "mail" => record.delivery,
            "account" => self.account,
            "member" => self.member,
            "name" => return pages.asset.clone(),
            "token" if path.starts_with("/invite") => return pages.links.invitation.clone(),
            "token" if path.starts_with("/reset") => return pages.links.reset.clone(),
            "token" => return pages.links.confirmation.clone(),
            "file" if path.starts_with("/brand/logo") => return pages.logo.clone(),
            "file" if path.starts_with("/brand") => return pages.sheet.clone(),
            "file" => return "640.jpg".to_owned(),
            other => unreachable!("nothing is called {other}"),
        };
        id.to_string()
    }
}

impl Pages {
    /// Mails links, makes a logo, and reads the names of files from a page.
    async fn find(platform: &Platform, organization: &Organization) -> Result<Self> {
        let owner = platform.person(organization.id, &organization.owner)?;
        let logo = start_logo(platform, &owner).await?;
        finish_logo(platform, &owner, logo).await?;
        let set = SetLogoRequest {
            logo_id: logo.to_string(),
            width: 40,
            height: 20,
        };
        OrganizationServiceClient::new(platform.peer("identity")?)
            .set_logo(authorized(&owner, set))
            .await
            .context("show the logo")?;
        let visitor = Visitor::new(&organization.slug, platform.portal_port())?;
        let page = visitor.get("/sign-in").await?.text;
        let named = |folder: &str| {
            let (_, rest) = page.split_once(folder)?;
            rest.split('"').next().map(ToOwned::to_owned)
        };
        Ok(Self {
            links: Links::mail(platform, organization).await?,
            asset: named("\"/assets/").context("a page has assets")?,
            sheet: named("\"/brand/").context("a page has a style sheet")?,
            logo: named("\"/brand/logo/").context("a page has a logo")?,
        })
    }
}

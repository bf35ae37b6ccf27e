//! The expectations, a row a route and method, written by hand.

use integration_tests::{
    Encoding, Organization,
    routes::{Address, Host, Method, path_with},
};

/// Kinds of visitors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Anonymous,
    Owner,
    Pm,
    Field,
    Ana,
    Ben,
    /// With a session of another organization.
    OtherOwner,
}

/// What somebody finds at an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// A page, or a redirect to one.
    Page,
    /// The way to sign in.
    SignIn,
    /// 404.
    NoPage,
}

/// One route and method.
pub(crate) struct Route {
    pub(crate) host: Host,
    pub(crate) method: Method,
    pub(crate) path: &'static str,
    /// What stands behind the path where it is asked for.
    query: &'static str,
    allowed: &'static [Who],
    /// Anybody may look, signed in or not.
    pub(crate) is_public: bool,
    /// A form that carries its own proof and no token.
    pub(crate) is_open: bool,
    /// How its form is sent.
    pub(crate) encoding: Encoding,
    /// Walked in the browser's story instead: it needs a mail's link, or stands at the base domain.
    pub(crate) in_story: bool,
}

use Who::{Ana, Ben, Field, Owner, Pm};

const CLIENTS: &[Who] = &[Ana, Ben];
const OFFICE: &[Who] = &[Owner, Pm, Field];
const MANAGERS: &[Who] = &[Owner, Pm];
const OWNER: &[Who] = &[Owner];
const PEOPLE: &[Who] = &[Owner, Pm, Field, Ana, Ben];
/// Ana's project: hers, the managers', and the crew's that is assigned.
const HERS: &[Who] = &[Ana];
/// A photo of it that the owner added: crew sees its own alone.
const HER_PHOTO: &[Who] = &[Owner, Pm, Ana];

const fn get(path: &'static str, allowed: &'static [Who]) -> Route {
    Route {
        host: Host::Organization,
        method: Method::Get,
        path,
        query: "",
        allowed,
        is_public: false,
        is_open: false,
        encoding: Encoding::Text,
        in_story: false,
    }
}

const fn post(path: &'static str, allowed: &'static [Who]) -> Route {
    Route {
        method: Method::Post,
        ..get(path, allowed)
    }
}

/// A form with files.
const fn files(route: Route) -> Route {
    Route {
        encoding: Encoding::Files,
        ..route
    }
}

/// A file by itself, as a script sends it.
const fn script(route: Route) -> Route {
    Route {
        encoding: Encoding::Script,
        ..route
    }
}

const fn public(path: &'static str) -> Route {
    Route {
        is_public: true,
        ..get(path, &[])
    }
}

const fn public_form(path: &'static str) -> Route {
    Route {
        is_public: true,
        ..post(path, &[])
    }
}

const fn at_base_domain(route: Route) -> Route {
    Route {
        host: Host::BaseDomain,
        ..in_story(route)
    }
}

const fn in_story(route: Route) -> Route {
    Route {
        in_story: true,
        ..route
    }
}

/// Every row.
pub(crate) const ROUTES: &[Route] = &[
    at_base_domain(public("/")),
    at_base_domain(public_form("/")),
    at_base_domain(public("/find")),
    at_base_domain(public_form("/find")),
    at_base_domain(public("/find/sent")),
    in_story(public("/assets/{name}")),
    in_story(public("/reset/{token}")),
    in_story(public_form("/reset/{token}")),
    in_story(public("/invite/{token}")),
    in_story(public_form("/invite/{token}")),
    in_story(public_form("/invite/{token}/renew")),
    in_story(public("/confirm/{token}")),
    in_story(public_form("/confirm/{token}")),
    in_story(public("/brand/{file}")),
    in_story(public("/brand/logo/{file}")),
    public("/sign-in"),
    public_form("/sign-in"),
    public("/forgot"),
    public_form("/forgot"),
    public("/forgot/sent"),
    public("/invite/sent"),
    public("/help"),
    public("/accessibility"),
    public("/privacy"),
    Route {
        is_open: true,
        ..public_form("/welcome")
    },
    post("/sign-out", PEOPLE),
    get("/", PEOPLE),
    get("/activity", CLIENTS),
    post("/activity/seen", CLIENTS),
    get("/p/{project}", HERS),
    get("/p/{project}/progress", HERS),
    get("/p/{project}/financials", HERS),
    get("/p/{project}/photos", HERS),
    get("/p/{project}/photos/{photo}", HERS),
    get("/p/{project}/photos/{photo}/{file}", HER_PHOTO),
    get("/p/{project}/photos/{photo}/download", HER_PHOTO),
    get("/account", CLIENTS),
    post("/account/notifications", CLIENTS),
    post("/account/contact", CLIENTS),
    post("/account/theme", CLIENTS),
    post("/account/password", CLIENTS),
    get("/office", OFFICE),
    get("/office/clients", MANAGERS),
    get("/office/clients.csv", MANAGERS),
    get("/office/clients/new", MANAGERS),
    post("/office/clients/new", MANAGERS),
    get("/office/clients/import", MANAGERS),
    post("/office/clients/import", MANAGERS),
    post("/office/clients/import/save", MANAGERS),
    get("/office/clients/{client}", MANAGERS),
    get("/office/clients/{client}/edit", MANAGERS),
    post("/office/clients/{client}/edit", MANAGERS),
    get("/office/clients/{client}/people/new", MANAGERS),
    post("/office/clients/{client}/people/new", MANAGERS),
    get("/office/clients/{client}/people/{person}/edit", MANAGERS),
    post("/office/clients/{client}/people/{person}/edit", MANAGERS),
    post("/office/clients/{client}/people/{person}/remove", MANAGERS),
    get("/office/clients/{client}/people/{person}/access", MANAGERS),
    post("/office/clients/{client}/people/{person}/access", MANAGERS),
    post(
        "/office/clients/{client}/people/{person}/access/resend",
        MANAGERS,
    ),
    post(
        "/office/clients/{client}/people/{person}/access/reset",
        MANAGERS,
    ),
    post(
        "/office/clients/{client}/people/{person}/access/disable",
        MANAGERS,
    ),
    post(
        "/office/clients/{client}/people/{person}/access/restore",
        MANAGERS,
    ),
    get("/office/clients/{client}/people/{person}/rights", MANAGERS),
    post("/office/clients/{client}/people/{person}/rights", MANAGERS),
    get("/office/projects", OFFICE),
    get("/office/projects/new", MANAGERS),
    post("/office/projects/new", MANAGERS),
    get("/office/projects/{project}", OFFICE),
    get("/office/projects/{project}/edit", MANAGERS),
    post("/office/projects/{project}/edit", MANAGERS),
    post("/office/projects/{project}/contract", MANAGERS),
    get("/office/projects/{project}/phases", OFFICE),
    post("/office/projects/{project}/phases", MANAGERS),
    post("/office/projects/{project}/phases/{phase}", MANAGERS),
    post(
        "/office/projects/{project}/phases/{phase}/progress",
        MANAGERS,
    ),
    post("/office/projects/{project}/phases/{phase}/move", MANAGERS),
    post("/office/projects/{project}/phases/{phase}/remove", MANAGERS),
    get("/office/projects/{project}/photos", OFFICE),
    files(post("/office/projects/{project}/photos", OFFICE)),
    script(post("/office/projects/{project}/photos/upload", OFFICE)),
    get("/office/projects/{project}/photos/uploads", OFFICE),
    post("/office/projects/{project}/photos/uploads/dismiss", OFFICE),
    post("/office/projects/{project}/photos/edit", OFFICE),
    post("/office/projects/{project}/photos/trash", OFFICE),
    post("/office/projects/{project}/photos/restore", OFFICE),
    // crew sees its own photos alone
    get("/office/projects/{project}/photos/{photo}", MANAGERS),
    post("/office/projects/{project}/photos/{photo}", MANAGERS),
    get("/office/projects/{project}/visibility", MANAGERS),
    post("/office/projects/{project}/visibility", MANAGERS),
    post("/office/projects/{project}/visibility/preview", MANAGERS),
    get("/office/mail", MANAGERS),
    post("/office/mail/{mail}/resend", MANAGERS),
    post("/office/mail/{mail}/allow/{account}", MANAGERS),
    get("/office/settings/branding", OWNER),
    post("/office/settings/branding", OWNER),
    post("/office/settings/branding/preview", OWNER),
    Route {
        query: "?primary=%231f5b4b&secondary=%23c9a77c&accent=%23b8572f",
        ..get("/office/settings/branding/preview.css", OWNER)
    },
    files(post("/office/settings/branding/logo", OWNER)),
    post("/office/settings/branding/logo/remove", OWNER),
    get("/office/settings/organization", OWNER),
    post("/office/settings/organization", OWNER),
    get("/office/settings/team", MANAGERS),
    post("/office/settings/team", OWNER),
    post("/office/settings/team/{member}/role", OWNER),
    post("/office/settings/team/{member}/resend", OWNER),
    post("/office/settings/team/{member}/disable", OWNER),
    post("/office/settings/team/{member}/enable", OWNER),
    get("/office/account", OFFICE),
    post("/office/account/contact", OFFICE),
    post("/office/account/theme", OFFICE),
    post("/office/account/password", OFFICE),
];

impl Route {
    pub(crate) fn names_ids(&self) -> bool {
        self.path.contains('{')
    }

    pub(crate) fn expected(&self, who: Who) -> Expected {
        if self.is_public || self.allowed.contains(&who) {
            return Expected::Page;
        }
        match who {
            Who::Anonymous | Who::OtherOwner => Expected::SignIn,
            _ => Expected::NoPage,
        }
    }

    /// The address with the ids of Ana's things in an organization.
    pub(crate) fn path_for(&self, organization: &Organization) -> String {
        self.path_with(|name| {
            let id = match name {
                "project" => organization.anas.project,
                "client" => organization.anas.client,
                // no mail's link: whatever stands in its place
                "person" | "token" => organization.anas.contact,
                "phase" => organization.anas.phase,
                "mail" => organization.anas.delivery,
                "account" => organization.ana.account,
                "member" => organization.pm.account,
                "photo" => organization.anas.photo,
                other => unreachable!("no id is called {other}"),
            };
            id.to_string()
        })
    }

    /// The address with each `{name}` replaced.
    pub(crate) fn path_with(&self, id: impl Fn(&str) -> String) -> String {
        let path = path_with(self.path, |name| {
            // names one of three sizes, not a thing
            if name == "file" {
                "640.jpg".to_owned()
            } else {
                id(name)
            }
        });
        path + self.query
    }

    /// What the row is about.
    pub(crate) fn address(&self) -> Address {
        (self.host, self.method, self.path.to_owned())
    }
}

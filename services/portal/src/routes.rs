//! Every address of the portal.
//!
//! GET shows and never changes anything; POST changes and leads on to a page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{from_fn, from_fn_with_state},
    routing::{MethodRouter, get, post},
};
use tower_http::{CompressionLevel, compression::CompressionLayer};

use crate::{
    App, assets, auth, brand,
    client::{
        account, activity, financials, help, home, photo as client_photo, photos as gallery,
        progress, project,
    },
    error::Error,
    flash,
    host::Hosts,
    layers,
    office::{
        self, branding, client_form, client_import, clients, company, logo, mail, person, phases,
        photo, photos, portal_access, project as office_project, project_form, projects, team,
        today, upload, visibility,
    },
    photo_file, session, signup,
};

/// More than any form of text holds.
const LARGEST_FORM: usize = 64 * 1024;

/// The base domain: sign-up and "find my portal".
fn base_domain(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(signup::show).post(signup::send))
        .route("/find", get(signup::find).post(signup::send_find))
        .route("/find/sent", get(signup::find_sent))
        .route_layer(from_fn_with_state(app.clone(), session::name_browser))
}

/// Before sign-in, or where it does not matter.
fn guests(app: &App) -> Router<App> {
    let tokens = Router::new()
        .route(
            "/reset/{token}",
            get(auth::reset::show).post(auth::reset::send),
        )
        .route(
            "/invite/{token}",
            get(auth::invite::show).post(auth::invite::send),
        )
        .route("/invite/{token}/renew", post(auth::invite::renew))
        .route(
            "/confirm/{token}",
            get(auth::confirm::show).post(auth::confirm::send),
        )
        .route_layer(from_fn(layers::no_referrer));
    Router::new()
        .route(
            "/sign-in",
            get(auth::sign_in::show).post(auth::sign_in::send),
        )
        .route("/forgot", get(auth::forgot::show).post(auth::forgot::send))
        .route("/forgot/sent", get(auth::forgot::sent))
        .route("/invite/sent", get(auth::invite::renewed))
        .route("/help", get(help::help))
        .route("/accessibility", get(help::accessibility))
        .route("/privacy", get(help::privacy))
        .merge(tokens)
        .route_layer(from_fn_with_state(app.clone(), session::name_browser))
        // from the base domain, with the code of a sign-up
        .route("/welcome", post(auth::welcome::send))
        .route("/brand/{file}", get(brand::stylesheet))
        .route("/brand/logo/{file}", get(brand::logo))
}

/// A client's pages.
fn clients() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/activity", get(activity::show))
        .route("/activity/seen", post(activity::mark_seen))
        .route("/p/{project}", get(project::first_tab))
        .route("/p/{project}/progress", get(progress::show))
        .route("/p/{project}/photos", get(gallery::show))
        .route("/p/{project}/photos/{photo}", get(client_photo::show))
        .route("/p/{project}/financials", get(financials::show))
        .route("/account", get(account::show))
        .route("/account/notifications", post(account::save_notifications))
        .route("/account/contact", post(account::save_contact))
        .route("/account/theme", post(account::save_theme))
        .route("/account/password", post(account::save_password))
}

/// The office's pages: today, clients and their people, projects, mail, settings.
fn office() -> Router<App> {
    Router::new()
        .route("/office", get(today::show))
        .route("/office/clients", get(clients::show))
        .route("/office/clients.csv", get(clients::file))
        .route(
            "/office/clients/new",
            get(client_form::new).post(client_form::create),
        )
        .merge(import())
        .route("/office/clients/{client}", get(office::client::show))
        .route(
            "/office/clients/{client}/edit",
            get(client_form::edit).post(client_form::save),
        )
        .nest("/office/clients/{client}/people", people_of_client())
        .route("/office/projects", get(projects::show))
        .route(
            "/office/projects/new",
            get(project_form::new).post(project_form::create),
        )
        .route("/office/projects/{project}", get(office_project::show))
        .route(
            "/office/projects/{project}/edit",
            get(project_form::edit).post(project_form::save),
        )
        .route(
            "/office/projects/{project}/contract",
            post(office_project::set_contract),
        )
        .route(
            "/office/projects/{project}/phases",
            get(phases::show).post(phases::create),
        )
        .nest("/office/projects/{project}/phases/{phase}", phase())
        .route(
            "/office/projects/{project}/photos",
            get(photos::show).merge(whole_files(post(upload::send), upload::LARGEST_FORM)),
        )
        .nest("/office/projects/{project}/photos", photos_of_project())
        .route(
            "/office/projects/{project}/visibility",
            get(visibility::show).post(visibility::save),
        )
        .route(
            "/office/projects/{project}/visibility/preview",
            post(visibility::preview),
        )
        .route("/office/mail", get(mail::show))
        .route("/office/mail/{mail}/resend", post(mail::resend))
        .route("/office/mail/{mail}/allow/{account}", post(mail::allow))
        .route(
            "/office/settings/branding",
            get(branding::show).post(branding::save),
        )
        .route(
            "/office/settings/branding/preview",
            post(branding::show_preview),
        )
        .route(
            "/office/settings/branding/preview.css",
            get(branding::sheet),
        )
        .route(
            "/office/settings/branding/logo",
            whole_files(post(logo::send), logo::LARGEST_FORM),
        )
        .route("/office/settings/branding/logo/remove", post(logo::remove))
        .route(
            "/office/settings/organization",
            get(company::show).post(company::save),
        )
        .route("/office/settings/team", get(team::show).post(team::invite))
        .route("/office/settings/team/{member}/role", post(team::set_role))
        .route("/office/settings/team/{member}/resend", post(team::resend))
        .route(
            "/office/settings/team/{member}/disable",
            post(team::disable),
        )
        .route("/office/settings/team/{member}/enable", post(team::enable))
        .route("/office/account", get(office::account::show))
        .route(
            "/office/account/contact",
            post(office::account::save_contact),
        )
        .route("/office/account/theme", post(office::account::save_theme))
        .route(
            "/office/account/password",
            post(office::account::save_password),
        )
}

/// Below `/office/clients/{client}/people`.
fn people_of_client() -> Router<App> {
    Router::new()
        .route("/new", get(person::new).post(person::create))
        .route("/{person}/edit", get(person::edit).post(person::save))
        .route("/{person}/remove", post(person::remove))
        .route(
            "/{person}/access",
            get(portal_access::show).post(portal_access::enable),
        )
        .route("/{person}/access/resend", post(portal_access::resend))
        .route("/{person}/access/reset", post(portal_access::reset))
        .route("/{person}/access/disable", post(portal_access::disable))
        .route("/{person}/access/restore", post(portal_access::restore))
        .route(
            "/{person}/rights",
            get(portal_access::show_rights).post(portal_access::save_rights),
        )
}

/// Below `/office/projects/{project}/phases/{phase}`.
fn phase() -> Router<App> {
    Router::new()
        .route("/", post(phases::save))
        .route("/progress", post(phases::set_progress))
        .route("/move", post(phases::move_one))
        .route("/remove", post(phases::remove))
}

/// Below `/office/projects/{project}/photos`.
fn photos_of_project() -> Router<App> {
    Router::new()
        // a file is streamed on as it comes: its length is for documents to judge
        .route("/upload", post(upload::send_one))
        .route("/uploads", get(upload::list))
        .route("/uploads/dismiss", post(upload::dismiss))
        .route("/edit", post(photos::edit))
        .route("/trash", post(photos::trash))
        .route("/restore", post(photos::restore))
        .route("/{photo}", get(photo::show).post(photo::save))
}

/// A form with files is larger than other forms.
fn whole_files(handler: MethodRouter<App>, limit: usize) -> MethodRouter<App> {
    handler.layer(DefaultBodyLimit::max(limit))
}

/// A table of clients is larger than other forms.
fn import() -> Router<App> {
    Router::new()
        .route(
            "/office/clients/import",
            get(client_import::show).post(client_import::check),
        )
        .route("/office/clients/import/save", post(client_import::save))
        .layer(DefaultBodyLimit::max(client_import::LARGEST_TEXT))
}

/// Anybody who is signed in.
fn people() -> Router<App> {
    Router::new()
        .route("/sign-out", post(auth::sign_out::send))
        .route(
            "/p/{project}/photos/{photo}/download",
            get(photo_file::download),
        )
        .route("/p/{project}/photos/{photo}/{file}", get(photo_file::show))
}

/// The whole portal: assets at every host, and beside them the pages of the host that is asked.
pub(crate) fn portal(app: &App) -> Router {
    let organization = Router::new()
        .merge(guests(app))
        .merge(clients())
        .merge(office())
        .merge(people());
    let hosts = Arc::new(Hosts {
        app: app.clone(),
        base_domain: pages(app, base_domain(app)),
        organization: pages(app, organization),
    });
    // browsers keep assets: they are worth a better compression than pages
    Router::new()
        .route("/assets/{name}", get(assets::serve))
        .layer(CompressionLayer::new())
        .fallback(move |request: Request| {
            let hosts = hosts.clone();
            async move { hosts.answer(request).await }
        })
        // outermost last: whatever stands above is compressed, pictures apart, timed, traced and gets the usual headers
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(from_fn(layers::deadline))
        .layer(from_fn(layers::headers))
        .layer(from_fn(layers::trace))
}

fn pages(app: &App, routes: Router<App>) -> Router {
    routes
        .route_layer(from_fn(layers::name_route))
        .fallback(async || Error::NotFound)
        .method_not_allowed_fallback(async || Error::NotFound)
        .layer(from_fn_with_state(app.clone(), flash::once))
        .layer(DefaultBodyLimit::max(LARGEST_FORM))
        .with_state(app.clone())
}

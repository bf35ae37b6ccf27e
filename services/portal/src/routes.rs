//! Every address of the portal.
//!
//! GET shows and never changes anything; POST changes and leads on to a page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request},
    middleware::{from_fn, from_fn_with_state},
    routing::{get, post},
};
use tower_http::compression::CompressionLayer;

use crate::{
    App, assets, auth, brand,
    client::{account, activity, financials, help, home, progress, project},
    error::Error,
    flash,
    host::Hosts,
    layers, session, signup,
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
}

/// A client's pages.
fn clients() -> Router<App> {
    Router::new()
        .route("/", get(home::show))
        .route("/activity", get(activity::show))
        .route("/activity/seen", post(activity::mark_seen))
        .route("/p/{project}", get(project::first_tab))
        .route("/p/{project}/progress", get(progress::show))
        .route("/p/{project}/financials", get(financials::show))
        .route("/account", get(account::show))
        .route("/account/notifications", post(account::save_notifications))
        .route("/account/contact", post(account::save_contact))
        .route("/account/theme", post(account::save_theme))
        .route("/account/password", post(account::save_password))
}

/// Anybody who is signed in.
fn people() -> Router<App> {
    Router::new().route("/sign-out", post(auth::sign_out::send))
}

/// The whole portal: assets at every host, and beside them the pages of the host that is asked.
pub(crate) fn portal(app: &App) -> Router {
    let organization = Router::new()
        .merge(guests(app))
        .merge(clients())
        .merge(people());
    let hosts = Arc::new(Hosts {
        app: app.clone(),
        base_domain: pages(app, base_domain(app)),
        organization: pages(app, organization),
    });
    let assets = Router::new()
        .route("/assets/{name}", get(assets::serve))
        .layer(CompressionLayer::new());
    assets
        .fallback(move |request: Request| {
            let hosts = hosts.clone();
            async move { hosts.answer(request).await }
        })
        // outermost last: whatever stands below is timed, traced and gets the usual headers
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

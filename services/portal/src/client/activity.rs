//! What a client was told, newest first, and what of it is still unseen.

use askama::Template;
use axum::{extract::Query, response::Response};
use proto::notifications::{InboxItem, MarkSeenRequest};
use serde::Deserialize;

use crate::{
    client::{Around, ClientFrame, Here, members},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    format::{Format, When, initials, time_of},
    page,
    session::Client,
};

const PAGE: i32 = 30;

#[derive(Template)]
#[template(path = "client/activity.html")]
pub(crate) struct Page {
    pub(crate) frame: ClientFrame,
    pub(crate) entries: Vec<Entry>,
    /// The token of older items; empty on the last page.
    pub(crate) older: String,
    pub(crate) is_first: bool,
}

/// One thing that happened.
pub(crate) struct Entry {
    pub(crate) id: String,
    /// Who did it; none where nobody in particular did.
    pub(crate) actor: Option<String>,
    pub(crate) initials: String,
    pub(crate) text: String,
    pub(crate) project: String,
    pub(crate) link: String,
    pub(crate) when: Option<When>,
    pub(crate) is_seen: bool,
}

/// What the address may carry.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    before: String,
}

/// The fields of the form: which items; none means all.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    id: Vec<String>,
}

/// `GET /activity`
pub(crate) async fn show(client: Client, Query(asked): Query<Asked>) -> Result<Response, Error> {
    let around = Around::load(&client, PAGE, &asked.before).await?;
    let inbox = around.inbox.clone().unwrap_or_default();
    let entries = entries(&client, inbox.items, &around.format).await;
    page::show(&Page {
        frame: around.frame(&client, Here::Activity),
        entries,
        older: inbox.next_page_token,
        is_first: asked.before.is_empty(),
    })
}

/// `POST /activity/seen`
pub(crate) async fn mark_seen(
    client: Client,
    Form(fields): Form<Fields>,
) -> Result<Response, Error> {
    let words = if fields.id.is_empty() {
        "Everything is marked as seen."
    } else {
        "Marked as seen."
    };
    let request = MarkSeenRequest { ids: fields.id };
    client.calls.inbox().mark_seen(request).await?;
    Ok(flash::redirect(
        &client.app,
        "/activity",
        &Flash::done(words),
    ))
}

/// Items with the names of who caused them.
pub(crate) async fn entries(client: &Client, items: Vec<InboxItem>, format: &Format) -> Vec<Entry> {
    let actors = items.iter().map(|item| item.actor_id.clone()).collect();
    let known = members(client, actors).await;
    items
        .into_iter()
        .map(|item| {
            let actor = known.get(&item.actor_id).map(|member| member.name.clone());
            Entry {
                initials: initials(actor.as_deref().unwrap_or(&item.project_name)),
                actor,
                text: item.text,
                project: item.project_name,
                link: format!("/p/{}", item.project_id),
                when: time_of(item.created_at).map(|at| format.when_first(at)),
                is_seen: item.seen,
                id: item.id,
            }
        })
        .collect()
}

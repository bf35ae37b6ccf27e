//! What a client was told, newest first, and what of it is still unseen.

use askama::Template;
use axum::{extract::Query, response::Response};
use proto::notifications::{InboxItem, InboxItemKind, MarkSeenRequest};
use serde::Deserialize;

use crate::{
    client::{Around, ClientFrame, Here, members},
    csrf::Form,
    error::Error,
    flash::{self, Flash},
    format::{Format, When, count, initials, time_of},
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
    /// What is told after this is not marked as seen by it.
    pub(crate) as_of: String,
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

/// The fields of the form: which items, where none means all, and until when they told something.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    id: Vec<String>,
    as_of: String,
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
        as_of: time_of(inbox.as_of)
            .map(|at| at.to_string())
            .unwrap_or_default(),
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
    let request = MarkSeenRequest {
        ids: fields.id,
        as_of: fields.as_of.parse().ok().map(proto::timestamp),
    };
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
            Entry::new(item, actor, format)
        })
        .collect()
}

impl Entry {
    pub(crate) fn new(item: InboxItem, actor: Option<String>, format: &Format) -> Self {
        let initials = initials(actor.as_deref().unwrap_or(&item.project_name));
        let project = format!("/p/{}", item.project_id);
        let photos = usize::try_from(item.count).unwrap_or_default();
        let (text, actor, link) = match (item.kind(), actor) {
            // who did it stands in the sentence already
            (InboxItemKind::PhotosAdded, Some(name)) if photos > 0 => {
                let words = format!("{name} added {}", count(photos, "photo", "photos"));
                (words, None, format!("{project}/photos"))
            }
            (InboxItemKind::PhotosAdded, actor) => {
                (item.text.clone(), actor, format!("{project}/photos"))
            }
            (_, actor) => (item.text.clone(), actor, project),
        };
        Self {
            initials,
            actor,
            text,
            link,
            project: item.project_name,
            when: time_of(item.created_at).map(|at| format.when_first(at)),
            is_seen: item.seen,
            id: item.id,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn new_photos_are_told_with_who_added_them_and_lead_to_the_gallery() {
        let format = Format::new(Default::default(), TimeZone::UTC);
        let item = InboxItem {
            kind: InboxItemKind::PhotosAdded.into(),
            project_id: "p".to_owned(),
            text: "6 new photos".to_owned(),
            count: 6,
            ..InboxItem::default()
        };
        let name = Some("Tomás Reyes".to_owned());
        let entry = Entry::new(item.clone(), name, &format);
        assert_eq!(entry.text, "Tomás Reyes added 6 photos");
        assert_eq!((entry.link.as_str(), entry.actor), ("/p/p/photos", None));
        assert_eq!(entry.initials, "TR");
        assert_eq!(Entry::new(item, None, &format).text, "6 new photos");
    }
}

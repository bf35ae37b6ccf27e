//! The page that shows the mails, and its answers in JSON for tests that drive a browser.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use serde::Deserialize;
use tokio::net::TcpListener;

use crate::mailbox::{Answer, Mail, Mailbox};

/// A mail is somebody's HTML: no script, no form, and links open outside the frame.
const SANDBOX: &str = "default-src 'none'; img-src http: https: data:; \
    style-src 'unsafe-inline'; sandbox allow-popups allow-popups-to-escape-sandbox";
const PAGE_POLICY: &str = "default-src 'none'; style-src 'self'; frame-src 'self'; \
    form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

type Mails = State<Arc<Mailbox>>;

pub(crate) async fn serve(listener: TcpListener, mailbox: Arc<Mailbox>) {
    let routes = Router::new()
        .route("/", get(list))
        .route("/mails/{id}", get(show))
        .route("/mails/{id}/html", get(html))
        .route("/mails/{id}/raw", get(raw))
        .route("/answer", post(answer))
        .route("/clear", post(clear))
        .route("/style.css", get(style))
        .route("/api/mails", get(api_list).delete(api_clear))
        .route("/api/mails/{id}", get(api_show))
        .route("/api/answer", post(api_answer))
        .layer(middleware::from_fn(only_from_this_page))
        .with_state(mailbox);
    // It ends only with its thread.
    drop(axum::serve(listener, routes).await);
}

/// Another site in the same browser must not switch our answers: browsers say where a change
/// comes from, programs say nothing.
async fn only_from_this_page(request: Request, next: Next) -> Response {
    let foreign = request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site != "same-origin" && site != "none");
    if foreign && !request.method().is_safe() {
        return (
            StatusCode::FORBIDDEN,
            "This form was sent from another site.",
        )
            .into_response();
    }
    next.run(request).await
}

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    to: String,
    #[serde(default)]
    subject: String,
}

impl Filter {
    /// Newest first.
    fn of(&self, mailbox: &Mailbox) -> Vec<Arc<Mail>> {
        let to = self.to.trim().to_lowercase();
        mailbox
            .mails()
            .into_iter()
            .rev()
            .filter(|mail| {
                mail.subject.contains(&self.subject)
                    && mail
                        .to
                        .iter()
                        .any(|address| address.to_lowercase().contains(&to))
            })
            .collect()
    }
}

#[derive(Template)]
#[template(path = "mails/list.html")]
struct ListPage {
    mails: Vec<Arc<Mail>>,
    to: String,
    answers: Vec<(String, Answer)>,
}

async fn list(State(mailbox): Mails, Query(filter): Query<Filter>) -> Response {
    page(&ListPage {
        mails: filter.of(&mailbox),
        answers: mailbox.answers(),
        to: filter.to,
    })
}

#[derive(Template)]
#[template(path = "mails/show.html")]
struct MailPage {
    mail: Arc<Mail>,
}

async fn show(State(mailbox): Mails, Path(id): Path<String>) -> Response {
    match mailbox.mail(&id) {
        Some(mail) => page(&MailPage { mail }),
        None => absent(),
    }
}

async fn html(State(mailbox): Mails, Path(id): Path<String>) -> Response {
    let Some(html) = mailbox.mail(&id).and_then(|mail| mail.html.clone()) else {
        return absent();
    };
    // Links of a mail open outside the frame, in a tab of their own.
    let document = format!("<base target=\"_blank\">{html}");
    ([(header::CONTENT_SECURITY_POLICY, SANDBOX)], Html(document)).into_response()
}

async fn raw(State(mailbox): Mails, Path(id): Path<String>) -> Response {
    match mailbox.mail(&id) {
        Some(mail) => {
            let plain = [
                (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
                (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            ];
            (plain, mail.raw.clone()).into_response()
        }
        None => absent(),
    }
}

#[derive(Deserialize)]
struct AnswerForm {
    pattern: String,
    answer: Answer,
}

async fn answer(State(mailbox): Mails, Form(form): Form<AnswerForm>) -> Redirect {
    mailbox.set_answer(form.pattern.trim(), form.answer);
    Redirect::to("/")
}

async fn clear(State(mailbox): Mails) -> Response {
    match mailbox.clear() {
        Ok(()) => Redirect::to("/").into_response(),
        Err(error) => failed(&error),
    }
}

async fn style() -> impl IntoResponse {
    let css = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (css, include_str!("../assets/mails.css"))
}

async fn api_list(State(mailbox): Mails, Query(filter): Query<Filter>) -> Response {
    let mails = filter.of(&mailbox);
    Json(mails.iter().map(AsRef::as_ref).collect::<Vec<&Mail>>()).into_response()
}

async fn api_show(State(mailbox): Mails, Path(id): Path<String>) -> Response {
    match mailbox.mail(&id) {
        Some(mail) => Json(mail.as_ref()).into_response(),
        None => absent(),
    }
}

async fn api_clear(State(mailbox): Mails) -> Response {
    match mailbox.clear() {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => failed(&error),
    }
}

/// Takes a form as well as JSON.
async fn api_answer(State(mailbox): Mails, headers: HeaderMap, request: Request) -> Response {
    use axum::extract::FromRequest;

    let is_json = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    let read = if is_json {
        let json = Json::<AnswerForm>::from_request(request, &()).await;
        json.map(|Json(form)| form)
            .map_err(IntoResponse::into_response)
    } else {
        let form = Form::<AnswerForm>::from_request(request, &()).await;
        form.map(|Form(form)| form)
            .map_err(IntoResponse::into_response)
    };
    match read {
        Ok(form) => {
            mailbox.set_answer(form.pattern.trim(), form.answer);
            StatusCode::NO_CONTENT.into_response()
        }
        Err(refusal) => refusal,
    }
}

fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => {
            let headers = [
                (header::CONTENT_SECURITY_POLICY, PAGE_POLICY),
                (header::CACHE_CONTROL, "no-store"),
            ];
            (headers, Html(text)).into_response()
        }
        Err(error) => failed(&error.into()),
    }
}

fn absent() -> Response {
    (StatusCode::NOT_FOUND, "There is no such mail.").into_response()
}

fn failed(error: &anyhow::Error) -> Response {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response()
}

/// What the templates say of an answer.
impl Answer {
    fn in_words(self) -> &'static str {
        match self {
            Self::Accept => "accepted",
            Self::RefuseForNow => "refused for now (451)",
            Self::RefuseForGood => "refused for good (550)",
        }
    }
}

/// Times on the pages, to the second and in UTC.
impl Mail {
    fn sent(&self) -> String {
        self.sent_at.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

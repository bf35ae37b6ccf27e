//! One message for the next page: what happened, and what happens next.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    App,
    badge::Tone,
    cookies::{Cookie, Cookies},
    csrf::{CookieKey, Purpose},
    page::is_page,
};

/// A message that is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    /// Good news or bad.
    pub(crate) tone: Tone,
    /// One or two whole sentences.
    pub(crate) text: String,
    /// A way back, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) undo: Option<Undo>,
}

/// A form that takes back what was done to some things.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Undo {
    /// Where it is sent.
    pub(crate) action: String,
    /// What it is about, each in a field `id`.
    pub(crate) ids: Vec<Uuid>,
}

/// As many ids as fit into a cookie with room to spare.
const MOST_UNDONE: usize = 50;

impl Flash {
    /// Something was done.
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Ok,
            text: text.into(),
            undo: None,
        }
    }

    /// Something is worth knowing.
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Info,
            text: text.into(),
            undo: None,
        }
    }

    /// Something was not done.
    pub(crate) fn warning(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Wait,
            text: text.into(),
            undo: None,
        }
    }

    /// The same with a button that takes it back; without one where it is about too many things to be kept.
    pub(crate) fn with_undo(self, action: String, ids: Vec<Uuid>) -> Self {
        let undo = (ids.len() <= MOST_UNDONE).then_some(Undo { action, ids });
        Self { undo, ..self }
    }

    /// The icon beside the text.
    pub(crate) fn icon(&self) -> &'static str {
        match self.tone {
            Tone::Ok => "check",
            Tone::Wait | Tone::Bad => "alert",
            Tone::Neutral | Tone::Info | Tone::Talk | Tone::Brand => "help",
        }
    }

    fn seal(&self, key: &CookieKey) -> String {
        let json = serde_json::to_vec(self).expect("a tone and a text");
        let text = URL_SAFE_NO_PAD.encode(json);
        let mark = key.mark(Purpose::Flash, &text);
        format!("{text}.{mark}")
    }

    fn open(sealed: &str, key: &CookieKey) -> Option<Self> {
        let (text, mark) = sealed.split_once('.')?;
        if !key.confirms(Purpose::Flash, text, mark) {
            return None;
        }
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    /// Reads the message that came with a request.
    pub(crate) fn read(headers: &HeaderMap, cookies: Cookies, key: &CookieKey) -> Option<Self> {
        Self::open(&cookies.read(headers, Cookie::Flash)?, key)
    }
}

/// Goes to another page by GET and shows a message there.
pub(crate) fn redirect(app: &App, path: &str, flash: &Flash) -> Response {
    let cookie = app
        .cookies
        .write(Cookie::Flash, &flash.seal(&app.key), None);
    ([(header::SET_COOKIE, cookie)], Redirect::to(path)).into_response()
}

/// Takes a message away once a page has shown it.
pub(crate) async fn once(State(app): State<App>, request: Request, next: Next) -> Response {
    let has_flash = app.cookies.read(request.headers(), Cookie::Flash).is_some();
    let mut response = next.run(request).await;
    // a picture that comes late does not count
    if has_flash && response.status() == StatusCode::OK && is_page(response.headers()) {
        let clear = app.cookies.clear(Cookie::Flash);
        response.headers_mut().append(header::SET_COOKIE, clear);
    }
    response
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    #[test]
    fn a_message_that_somebody_else_wrote_is_not_shown() {
        let key = CookieKey::read(&SecretString::from("ab".repeat(32))).expect("a key");
        let flash = Flash::done("Saved. Your mail comes once a day.");
        let sealed = flash.seal(&key);
        assert_eq!(Flash::open(&sealed, &key), Some(flash));

        let (text, mark) = sealed.split_once('.').expect("two parts");
        assert_eq!(Flash::open(&format!("{text}x.{mark}"), &key), None);
        assert_eq!(Flash::open(text, &key), None);
    }

    #[test]
    fn a_way_back_fits_into_a_cookie_or_is_left_out() {
        let key = CookieKey::read(&SecretString::from("ab".repeat(32))).expect("a key");
        let action = "/office/projects/0192f3a4-0000-7000-8000-000000000000/photos/restore";
        let flash = |ids| {
            let ids = vec![service::new_id(); ids];
            Flash::done("50 photos are in the trash.").with_undo(action.to_owned(), ids)
        };
        assert!(flash(50).seal(&key).len() < 3_600);
        assert!(flash(50).undo.is_some());
        assert!(flash(51).undo.is_none());
    }
}

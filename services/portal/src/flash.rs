//! One message for the next page: what happened, and what happens next.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Redirect, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::{
    App,
    badge::Tone,
    cookies::{Cookie, Cookies},
    csrf::{CookieKey, Purpose},
};

/// A message that is shown once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Flash {
    /// Good news or bad.
    pub(crate) tone: Tone,
    /// One or two whole sentences.
    pub(crate) text: String,
}

impl Flash {
    /// Something was done.
    pub(crate) fn done(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Ok,
            text: text.into(),
        }
    }

    /// Something is worth knowing.
    pub(crate) fn note(text: impl Into<String>) -> Self {
        Self {
            tone: Tone::Info,
            text: text.into(),
        }
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
    if has_flash && response.status() == StatusCode::OK {
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
}

//! A person with a plain HTTP client: follows pages and sends their forms, hidden fields included.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::{Context as _, Result};
use reqwest::{
    Client, Response, StatusCode,
    cookie::{CookieStore as _, Jar},
    redirect::Policy,
};

use crate::form::{Form, attribute, forms};

/// The origin of a page that is none of the portal's.
const ELSEWHERE: &str = "https://elsewhere.example";
const BOUNDARY: &str = "between-two-fields";

/// Somebody at one host of the portal, with cookies of their own.
pub struct Visitor {
    client: Client,
    jar: Arc<Jar>,
    origin: String,
}

/// How a form's fields travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// As a form of text.
    #[default]
    Text,
    /// As a form with files; the token is its first field.
    Files,
    /// The token in a header and a bare body, as a script sends a file.
    Script,
}

/// What the browser says of the page that sends a form.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// It is of this host.
    #[default]
    Here,
    /// It is of another site.
    OtherSite,
    /// It has another origin; an older browser says no more.
    OtherOrigin,
    /// Nothing.
    Unsaid,
}

/// A page as it was answered.
#[derive(Clone, Debug)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// Where a redirect leads; empty where it is none.
    pub location: String,
    /// The body.
    pub text: String,
}

impl Visitor {
    /// Comes to `<slug>.localhost`, or to the base domain where the slug is empty.
    pub fn new(slug: &str, port: u16) -> Result<Self> {
        Self::with_jar(slug, port, Arc::new(Jar::default()))
    }

    /// Comes to `<slug>.localhost` with the session of a visitor of another host.
    pub fn with_cookies_of(other: &Self, slug: &str, port: u16) -> Result<Self> {
        let jar = Arc::new(Jar::default());
        let visitor = Self::with_jar(slug, port, jar.clone())?;
        let from = other.origin.parse().context("read an origin")?;
        let cookies = other.jar.cookies(&from).context("the other has cookies")?;
        let to = visitor.origin.parse().context("read an origin")?;
        for cookie in cookies.to_str()?.split("; ") {
            jar.add_cookie_str(cookie, &to);
        }
        Ok(visitor)
    }

    /// The host, as a header has it.
    pub fn host(&self) -> &str {
        self.origin.trim_start_matches("http://")
    }

    /// The cookies that a browser would send, as a header has them; none where it has none.
    pub fn cookies(&self) -> Option<String> {
        let origin = self.origin.parse().ok()?;
        let cookies = self.jar.cookies(&origin)?;
        cookies.to_str().ok().map(ToOwned::to_owned)
    }

    fn with_jar(slug: &str, port: u16, jar: Arc<Jar>) -> Result<Self> {
        let host = if slug.is_empty() {
            "localhost".to_owned()
        } else {
            format!("{slug}.localhost")
        };
        let client = Client::builder()
            .cookie_provider(jar.clone())
            .redirect(Policy::none())
            .resolve(&host, SocketAddr::from(([127, 0, 0, 1], port)))
            .build()
            .context("make an HTTP client")?;
        Ok(Self {
            client,
            jar,
            origin: format!("http://{host}:{port}"),
        })
    }

    /// Reads a page.
    pub async fn get(&self, path: &str) -> Result<Page> {
        page(
            self.client
                .get(format!("{}{path}", self.origin))
                .send()
                .await?,
        )
        .await
    }

    /// Sends the form of the page at `path` whose action ends with `action`, with these fields set and its hidden ones kept.
    pub async fn submit(&self, path: &str, action: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let page = self.get(path).await?;
        let form = page.form(action)?;
        let values = form.filled(fields);
        let target = if form.action.is_empty() {
            path.to_owned()
        } else {
            form.action
        };
        self.post(&target, &values).await
    }

    /// Sends these fields as they are.
    pub async fn post(&self, path: &str, fields: &BTreeMap<String, String>) -> Result<Page> {
        self.send(path, fields, Encoding::Text, Source::Here).await
    }

    /// Sends these fields in this way, as a page of that source would.
    pub async fn send(
        &self,
        path: &str,
        fields: &BTreeMap<String, String>,
        encoding: Encoding,
        source: Source,
    ) -> Result<Page> {
        let request = self.client.post(format!("{}{path}", self.origin));
        let request = match source {
            Source::Here => request
                .header("sec-fetch-site", "same-origin")
                .header("origin", &self.origin),
            Source::OtherSite => request
                .header("sec-fetch-site", "cross-site")
                .header("origin", ELSEWHERE),
            Source::OtherOrigin => request.header("origin", ELSEWHERE),
            Source::Unsaid => request,
        };
        let request = match encoding {
            Encoding::Text => request.form(fields),
            Encoding::Files => request
                .header(
                    "content-type",
                    format!("multipart/form-data; boundary={BOUNDARY}"),
                )
                .body(multipart(fields)),
            Encoding::Script => {
                let token = fields.get("csrf").map(String::as_str).unwrap_or_default();
                request.header("x-csrf-token", token).body("a file")
            }
        };
        page(request.send().await?).await
    }

    /// Sends a file to the page at `path`, as a script of ours does.
    pub async fn send_file(
        &self,
        path: &str,
        token: &str,
        content_type: &str,
        bytes: impl Into<reqwest::Body>,
    ) -> Result<Page> {
        let request = self
            .client
            .post(format!("{}{path}", self.origin))
            .header("sec-fetch-site", "same-origin")
            .header("x-csrf-token", token)
            .header("content-type", content_type)
            .body(bytes);
        page(request.send().await?).await
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Page> {
        self.submit(
            "/sign-in",
            "/sign-in",
            &[("email", email), ("password", password), ("keep", "true")],
        )
        .await
    }
}

impl Page {
    /// The value of the first hidden field of this name.
    pub fn hidden(&self, name: &str) -> Option<String> {
        self.text
            .split("<input")
            .skip(1)
            .filter_map(|input| input.split('>').next())
            .find(|tag| attribute(tag, "name").as_deref() == Some(name))
            .and_then(|tag| attribute(tag, "value"))
    }

    /// The first form whose action ends with this.
    pub fn form(&self, action: &str) -> Result<Form> {
        forms(&self.text)
            .into_iter()
            .find(|form| form.action.ends_with(action))
            .with_context(|| format!("there is no form to {action}:\n{}", self.text))
    }
}

async fn page(response: Response) -> Result<Page> {
    let location = response
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    Ok(Page {
        status: response.status(),
        location,
        text: response.text().await.context("read the page")?,
    })
}

/// The body of a form with files that has fields alone, the token first.
fn multipart(fields: &BTreeMap<String, String>) -> String {
    let token = fields.get_key_value("csrf");
    let others = fields.iter().filter(|(name, _)| *name != "csrf");
    let parts: Vec<String> = token
        .into_iter()
        .chain(others)
        .map(|(name, value)| {
            format!(
                "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            )
        })
        .collect();
    parts.concat() + &format!("--{BOUNDARY}--\r\n")
}

//! A person with a plain HTTP client: follows pages and sends their forms, hidden fields included.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::{Context as _, Result};
use reqwest::{Client, Response, StatusCode, redirect::Policy};

/// Somebody at one host of the portal, with cookies of their own.
pub struct Visitor {
    client: Client,
    origin: String,
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
        let host = if slug.is_empty() {
            "localhost".to_owned()
        } else {
            format!("{slug}.localhost")
        };
        let client = Client::builder()
            .cookie_store(true)
            .redirect(Policy::none())
            .resolve(&host, SocketAddr::from(([127, 0, 0, 1], port)))
            .build()
            .context("make an HTTP client")?;
        Ok(Self {
            client,
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
        let form_page = self.get(path).await?;
        let form = form(&form_page.text, action)
            .with_context(|| format!("{path} has no form to {action}:\n{}", form_page.text))?;
        let mut values = form.hidden;
        values.extend(
            fields
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let target = if form.action.is_empty() {
            path.to_owned()
        } else {
            form.action
        };
        self.post(&target, &values).await
    }

    /// Sends these fields as they are.
    pub async fn post(&self, path: &str, fields: &BTreeMap<String, String>) -> Result<Page> {
        let request = self
            .client
            .post(format!("{}{path}", self.origin))
            .header("sec-fetch-site", "same-origin")
            .header("origin", &self.origin)
            .form(fields);
        page(request.send().await?).await
    }

    /// Signs in.
    pub async fn sign_in(&self, email: &str, password: &str) -> Result<Page> {
        self.submit(
            "/sign-in",
            "/sign-in",
            &[("email", email), ("password", password), ("keep", "on")],
        )
        .await
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

struct Form {
    action: String,
    hidden: BTreeMap<String, String>,
}

fn form(html: &str, action: &str) -> Option<Form> {
    html.split("<form").skip(1).find_map(|rest| {
        let (inside, _) = rest.split_once("</form>")?;
        let (tag, fields) = inside.split_once('>')?;
        let found = attribute(tag, "action").unwrap_or_default();
        if !found.ends_with(action) {
            return None;
        }
        let hidden = fields
            .split("<input")
            .skip(1)
            .filter_map(|input| {
                let tag = input.split('>').next()?;
                if attribute(tag, "type")? != "hidden" {
                    return None;
                }
                Some((attribute(tag, "name")?, attribute(tag, "value")?))
            })
            .collect();
        Some(Form {
            action: found,
            hidden,
        })
    })
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    Some(value.replace("&#38;", "&").replace("&amp;", "&"))
}

//! The bytes of files, streamed to and from the storage: none is ever whole in memory.
//!
//! Documents says where, each time anew, with an address that is good for one file and a short while. Such an address
//! is a secret: it goes into no answer, no log and no span.

use std::time::Duration;

use anyhow::Context as _;
use http::{StatusCode, header};
use reqwest::{Body, Client, Response, redirect::Policy};

use crate::error::Error;

/// So long may an upload or a download stand still.
pub(crate) const STILL: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(2);

/// The way to the storage.
pub(crate) struct Storage {
    http: Client,
}

impl Storage {
    /// Opens no connection yet.
    pub(crate) fn new() -> anyhow::Result<Self> {
        let http = Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(STILL)
            .redirect(Policy::none())
            // the storage is beside us, whatever the machine says of proxies
            .no_proxy()
            .build()
            .context("make the client of the storage")?;
        Ok(Self { http })
    }

    /// Puts exactly `size` bytes there.
    pub(crate) async fn put(&self, url: &str, size: u64, body: Body) -> Result<(), Error> {
        let answer = self
            .http
            .put(url)
            .header(header::CONTENT_LENGTH, size)
            .body(body)
            .send()
            .await
            .map_err(away)?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(refused(answer.status()))
        }
    }

    /// Opens what lies there.
    pub(crate) async fn get(&self, url: &str) -> Result<Response, Error> {
        let answer = self.http.get(url).send().await.map_err(away)?;
        if answer.status() == StatusCode::OK {
            Ok(answer)
        } else {
            Err(refused(answer.status()))
        }
    }
}

fn away(error: reqwest::Error) -> Error {
    Error::Unavailable(anyhow::Error::new(error.without_url()).context("reach the storage"))
}

fn refused(status: StatusCode) -> Error {
    Error::Unavailable(anyhow::anyhow!("the storage answers {status}"))
}

#[cfg(test)]
mod tests {
    use axum::{Router, body::Bytes, routing::put};
    use http::HeaderMap;
    use tokio::net::TcpListener;

    use super::*;

    /// A storage that answers how it was told the length, and what came.
    async fn serve(listener: TcpListener) {
        let take = put(async |headers: HeaderMap, body: Bytes| {
            let length = headers.get(header::CONTENT_LENGTH).cloned();
            let is_whole = length.is_some_and(|length| length == body.len().to_string().as_str());
            if is_whole && !headers.contains_key(header::TRANSFER_ENCODING) {
                StatusCode::OK
            } else {
                StatusCode::LENGTH_REQUIRED
            }
        });
        let give = axum::routing::get(async || "photo");
        let routes = Router::new()
            .route("/in", take)
            .route("/out", give)
            .route("/gone", axum::routing::get(async || StatusCode::FORBIDDEN));
        axum::serve(listener, routes).await.expect("it serves");
    }

    #[tokio::test]
    async fn bytes_go_there_with_their_length_and_come_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let storage = Storage::new().expect("a client");
        let visit = async {
            let parts = ["pho", "to"].map(Ok::<_, std::io::Error>);
            let body = Body::wrap_stream(futures::stream::iter(parts));
            let put = storage.put(&format!("{base}/in"), 5, body).await;
            assert!(put.is_ok(), "{put:?}");
            let file = storage.get(&format!("{base}/out")).await.expect("a file");
            assert_eq!(file.content_length(), Some(5));
            assert_eq!(file.text().await.expect("its text"), "photo");
            assert!(storage.get(&format!("{base}/gone")).await.is_err());
        };
        tokio::select! {
            () = visit => {}
            () = serve(listener) => {}
        }
    }

    #[tokio::test]
    async fn an_address_is_not_told_where_the_storage_is_away() {
        let storage = Storage::new().expect("a client");
        let error = storage
            .get("http://127.0.0.1:1/t/a?X-Amz-Signature=secret")
            .await
            .expect_err("nobody is there");
        assert!(!format!("{error:?}").contains("secret"));
    }
}

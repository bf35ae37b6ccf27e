//! Connections that take their time: others are served meanwhile.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use tokio::{io::AsyncWriteExt as _, net::TcpStream};

use super::{answer, request::Request, visitors::Visitors};

/// As many a kind.
const CONNECTIONS: usize = 20;
/// What an honest page may take meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);
const PAGES: usize = 10;

/// Opens connections that stop somewhere, asks for honest pages beside them, then lets them go on slowly and hang up.
pub(crate) async fn linger(visitors: &Visitors) -> Result<Vec<String>> {
    let host = &visitors.nobody.host;
    let beginnings = [
        String::new(),
        "GET /sign-in HTT".to_owned(),
        format!("GET /sign-in HTTP/1.1\r\nhost: {host}\r\nx-slow: "),
        format!(
            "POST /sign-in HTTP/1.1\r\nhost: {host}\r\nsec-fetch-site: same-origin\r\ncontent-length: 5000\r\n\r\ncsrf="
        ),
        format!(
            "POST /sign-in HTTP/1.1\r\nhost: {host}\r\nsec-fetch-site: same-origin\r\ntransfer-encoding: chunked\r\n\r\n5\r\ncsr"
        ),
        format!(
            "POST {} HTTP/1.1\r\nhost: {}\r\ncookie: {}\r\nsec-fetch-site: same-origin\r\nx-csrf-token: {}\r\ncontent-type: image/jpeg\r\ncontent-length: 5000\r\n\r\n\u{0}",
            visitors
                .owner
                .path("/office/projects/{project}/photos/upload"),
            visitors.owner.host,
            visitors.owner.cookies,
            visitors.owner.token,
        ),
    ];
    let opened = beginnings
        .iter()
        .flat_map(|beginning| vec![beginning; CONNECTIONS]);
    let mut connections = try_join_all(opened.map(|beginning| async {
        let mut connection = TcpStream::connect(("127.0.0.1", visitors.port)).await?;
        connection.write_all(beginning.as_bytes()).await?;
        anyhow::Ok(connection)
    }))
    .await
    .context("open slow connections")?;

    let mut failures = Vec::new();
    for _ in 0..PAGES {
        let began = Instant::now();
        let page = Request::new("GET", "/sign-in", host, "");
        let answer = answer::send(visitors.port, &page.encode(), false).await?;
        let took = began.elapsed();
        if answer.status != Some(200) || took > PATIENCE {
            failures.push(format!(
                "beside slow connections a page took {took:?}: {:?}",
                answer.status
            ));
        }
        for connection in &mut connections {
            // whoever was hung up on is done
            let _ = connection.write_all(b"z").await;
        }
    }
    Ok(failures)
}

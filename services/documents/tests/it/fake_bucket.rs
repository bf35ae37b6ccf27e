//! A bucket that refuses to delete some objects, as one does whose policy or lock forbids it: it answers well, and names in its
//! answer what stays.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    io,
    sync::{Arc, Mutex},
};

use anyhow::Result;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use uuid::Uuid;

pub(crate) struct FakeBucket {
    pub(crate) endpoint: String,
    asked: Arc<Mutex<BTreeSet<String>>>,
    _server: JoinSet<()>,
}

impl FakeBucket {
    /// Keeps the objects whose key is one to keep.
    pub(crate) async fn keeping(
        is_kept: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let asked = Arc::<Mutex<BTreeSet<String>>>::default();
        let all = asked.clone();
        let mut server = JoinSet::new();
        server.spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                // who hangs up is answered no more
                drop(answer(connection, &is_kept, &all).await);
            }
        });
        Ok(Self {
            endpoint,
            asked,
            _server: server,
        })
    }

    /// True where it was asked to delete something of a file.
    pub(crate) fn was_asked(&self, file: Uuid) -> bool {
        let asked = self.asked.lock().expect("no test panics with the lock");
        asked.iter().any(|key| key.contains(&file.to_string()))
    }
}

/// Answers one request: the names of objects that it is to delete.
async fn answer(
    mut connection: TcpStream,
    is_kept: &(impl Fn(&str) -> bool + Sync),
    asked: &Mutex<BTreeSet<String>>,
) -> io::Result<()> {
    let mut request = String::new();
    while !request.contains("</Delete>") {
        let mut part = [0; 4096];
        let read = connection.read(&mut part).await?;
        if read == 0 {
            return Ok(());
        }
        request.push_str(&String::from_utf8_lossy(&part[..read]));
    }
    let mut result = r#"<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">"#.to_owned();
    for rest in request.split("<Key>").skip(1) {
        let key = rest.split("</Key>").next().unwrap_or_default();
        let written = if is_kept(key) {
            write!(
                result,
                "<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>Denied</Message></Error>"
            )
        } else {
            write!(result, "<Deleted><Key>{key}</Key></Deleted>")
        };
        written.map_err(io::Error::other)?;
        let mut asked = asked.lock().expect("no test panics with the lock");
        asked.insert(key.to_owned());
    }
    result.push_str("</DeleteResult>");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/xml\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        result.len()
    );
    connection.write_all((head + &result).as_bytes()).await
}

//! Connections of browsers, or of the proxies in front of them.
//!
//! HTTP/1.1 alone: browsers speak HTTP/2 over TLS, which ends before it comes here, and no limit of ours bounds how much
//! one connection of HTTP/2 asks for at once. Who does not say what it wants is hung up on.

use std::{convert::Infallible, net::SocketAddr, pin::pin, time::Duration};

use axum::{Router, body::Body, extract::ConnectInfo, serve::Listener};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use service::Lifecycle;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

/// How long a request's head may take, or a connection be idle: longer than proxies keep one, which is a minute as a rule.
const HEAD: Duration = Duration::from_secs(75);

/// Takes connections for good; each is closed after its present answer once `closing` fires.
pub(crate) async fn accept(
    mut listener: TcpListener,
    router: Router,
    lifecycle: &Lifecycle,
    closing: CancellationToken,
) -> Infallible {
    loop {
        // waits where the machine has no room for more
        let (stream, peer) = Listener::accept(&mut listener).await;
        lifecycle.spawn(hold(stream, peer, router.clone(), HEAD, closing.clone()));
    }
}

/// Answers one connection until it ends.
async fn hold(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    head: Duration,
    closing: CancellationToken,
) {
    // the end of an answer must not wait for the next packet; without the option it is only slower
    let _ = stream.set_nodelay(true);
    let answer = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head)
        .serve_connection(TokioIo::new(stream), answer);
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = closing.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    // browsers break off all the time
    if let Err(error) = ended {
        tracing::trace!(%error, "a connection broke");
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        sync::{mpsc, watch},
    };

    use super::*;

    /// What a connection answers before it ends, and nobody but us ends it.
    async fn answer_to(bytes: &[u8], head: Duration, closing: CancellationToken) -> String {
        let handler = async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.ip().to_string();
        let router = Router::new().route("/", get(handler));
        answer_of(router, bytes, head, closing).await
    }

    async fn answer_of(
        router: Router,
        bytes: &[u8],
        head: Duration,
        closing: CancellationToken,
    ) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("bound");
        let browse = async {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            stream.write_all(bytes).await.expect("it reads");
            let mut answer = Vec::new();
            // a reset ends it as well
            let _ = stream.read_to_end(&mut answer).await;
            String::from_utf8_lossy(&answer).into_owned()
        };
        let serve = async {
            let (stream, peer) = listener.accept().await.expect("a connection");
            hold(stream, peer, router, head, closing).await;
        };
        let (answer, ()) = tokio::join!(browse, serve);
        answer
    }

    const SHORTLY: Duration = Duration::from_millis(50);
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: alder.localhost\r\n\r\n";

    #[tokio::test]
    async fn a_request_is_answered_and_an_idle_connection_ends() {
        let answer = answer_to(REQUEST, SHORTLY, CancellationToken::new()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("127.0.0.1"), "{answer}");
    }

    #[tokio::test]
    async fn a_head_that_does_not_come_is_given_up() {
        for beginning in [&b""[..], b"GET / HT", b"GET / HTTP/1.1\r\nhost: ald"] {
            let answer = answer_to(beginning, SHORTLY, CancellationToken::new()).await;
            assert!(!answer.contains("200"), "{answer}");
        }
    }

    #[tokio::test]
    async fn a_connection_ends_after_its_answer_when_all_are_closing() {
        let closing = CancellationToken::new();
        let (asked, mut is_asked) = mpsc::channel(1);
        let (finish, may_finish) = watch::channel(false);
        let handler = async move || {
            asked.send(()).await.expect("the test waits");
            let mut may_finish = may_finish;
            may_finish
                .wait_for(|may| *may)
                .await
                .expect("the test goes on");
            "whole"
        };
        let router = Router::new().route("/", get(handler));
        let answer = answer_of(router, REQUEST, SHORTLY, closing.clone());
        let close = async {
            is_asked.recv().await.expect("the request comes");
            closing.cancel();
            // the connection, which is polled before this, learns of it first
            tokio::task::yield_now().await;
            finish.send_replace(true);
        };
        let (answer, ()) = futures::join!(answer, close);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.contains("connection: close"), "{answer}");
        assert!(answer.ends_with("whole"), "{answer}");
    }

    #[tokio::test]
    async fn other_languages_are_not_spoken() {
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        let answer = answer_to(preface, Duration::from_mins(10), CancellationToken::new()).await;
        assert!(!answer.contains("200"), "{answer}");
    }
}

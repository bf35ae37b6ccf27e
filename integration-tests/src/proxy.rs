//! A way to a server of this machine that can be cut while it is used.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{mpsc, watch},
    task::{AbortHandle, JoinSet},
    time::Instant,
};

/// The most bytes that are carried at once.
const PIECE: usize = 64 * 1024;
/// Pieces that may be on their way at once; who sends more waits.
const PIECES: usize = 64;

/// How the way is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Whatever is sent arrives.
    Open,
    /// Whatever is sent vanishes, and nobody is told.
    Dropping,
    /// Whatever is sent to this end vanishes.
    HalfOpen(End),
    /// Every connection is reset, and each new one.
    Resetting,
    /// Whatever is sent arrives so much later.
    Slow(Duration),
}

/// An end of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Who connects.
    Client,
    /// Who listens.
    Server,
}

/// The way itself. Dropped, it ends every connection and lets nobody in.
///
/// A connection on which something vanished hangs for good, also when the way is open again: a stream does not go on
/// behind a gap, and whoever was not told of an end never is. New connections are not affected.
pub struct Proxy {
    way: watch::Sender<Way>,
    hindered: Arc<AtomicU64>,
    carrying: AbortHandle,
}

impl Proxy {
    /// Leads from one port of this machine to another, at which nobody needs to listen yet.
    pub async fn listen(port: u16, server: u16) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
            .await
            .with_context(|| format!("listen on port {port}"))?;
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, server));
        let way = watch::Sender::new(Way::Open);
        let hindered = Arc::default();
        #[expect(
            clippy::disallowed_methods,
            reason = "a test has no lifecycle of its own"
        )]
        let carrying = tokio::spawn(carry(listener, server, way.clone(), Arc::clone(&hindered)));
        Ok(Self {
            way,
            hindered,
            carrying: carrying.abort_handle(),
        })
    }

    /// Changes the way, also for the connections that are there.
    pub fn set(&self, way: Way) {
        self.way.send_replace(way);
    }

    /// How often something vanished, came late or was reset: whoever cuts the way and finds none has cut another.
    pub fn hindered(&self) -> u64 {
        self.hindered.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

async fn carry(
    listener: TcpListener,
    server: SocketAddr,
    way: watch::Sender<Way>,
    hindered: Arc<AtomicU64>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => if let Ok((client, _)) = accepted {
                connections.spawn(connect(client, server, way.subscribe(), Arc::clone(&hindered)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Carries one connection. Who finds the other end broken is reset, as by a kernel.
async fn connect(
    mut client: TcpStream,
    server: SocketAddr,
    way: watch::Receiver<Way>,
    hindered: Arc<AtomicU64>,
) {
    if *way.borrow() == Way::Dropping {
        // the server never hears of it
        hindered.fetch_add(1, Ordering::Relaxed);
        let mut nowhere = tokio::io::sink();
        let _ = tokio::io::copy(&mut client, &mut nowhere).await;
        return;
    }
    let Ok(mut server) = TcpStream::connect(server).await else {
        let _ = client.set_zero_linger();
        return;
    };
    for end in [&client, &server] {
        let _ = end.set_nodelay(true);
    }
    let mut until_reset = way.clone();
    let [to_server, to_client] = [End::Server, End::Client].map(|to| Lane {
        to,
        way: way.clone(),
        hindered: Arc::clone(&hindered),
    });
    let (client_sends, client_gets) = client.split();
    let (server_sends, server_gets) = server.split();
    let carried = tokio::select! {
        carried = async { tokio::try_join!(
            to_server.carry(client_sends, server_gets),
            to_client.carry(server_sends, client_gets),
        ) } => carried.is_ok(),
        _ = until_reset.wait_for(|way| *way == Way::Resetting) => false,
    };
    if !carried {
        hindered.fetch_add(1, Ordering::Relaxed);
        for end in [&client, &server] {
            let _ = end.set_zero_linger();
        }
    }
}

/// One direction of a connection.
struct Lane {
    to: End,
    way: watch::Receiver<Way>,
    hindered: Arc<AtomicU64>,
}

/// What is on its way, and when it arrives; an end has no bytes.
type Piece = (Instant, Vec<u8>);

impl Lane {
    /// Carries what arrives until this direction ends; fails where both ends must hear that the connection broke.
    async fn carry(&self, from: ReadHalf<'_>, to: WriteHalf<'_>) -> io::Result<()> {
        let (pieces, arriving) = mpsc::channel(PIECES);
        tokio::try_join!(self.take(from, pieces), self.deliver(arriving, to))?;
        Ok(())
    }

    async fn take(&self, mut from: ReadHalf<'_>, pieces: mpsc::Sender<Piece>) -> io::Result<()> {
        let mut buffer = vec![0; PIECE];
        let mut arrives = true;
        loop {
            let read = from.read(&mut buffer).await;
            let delay = self.delay_to(self.to);
            arrives &= delay.is_some();
            if delay != Some(Duration::ZERO) {
                self.hindered.fetch_add(1, Ordering::Relaxed);
            }
            let length = match read {
                Err(broken) if arrives => return Err(broken),
                read => read.unwrap_or_default(),
            };
            if arrives {
                let due = Instant::now() + delay.unwrap_or_default();
                // where nobody takes it any more, the other half has said why
                let _ = pieces.send((due, buffer[..length].to_vec())).await;
            }
            if length == 0 {
                return Ok(());
            }
        }
    }

    async fn deliver(
        &self,
        mut arriving: mpsc::Receiver<Piece>,
        mut to: WriteHalf<'_>,
    ) -> io::Result<()> {
        while let Some((due, piece)) = arriving.recv().await {
            tokio::time::sleep_until(due).await;
            let delivered = if piece.is_empty() {
                to.shutdown().await
            } else {
                to.write_all(&piece).await
            };
            match delivered {
                Err(broken) if self.delay_to(self.to.other()).is_some() => return Err(broken),
                Err(_) => return Ok(()),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// How long what is sent to an end takes; none where it vanishes.
    fn delay_to(&self, end: End) -> Option<Duration> {
        match *self.way.borrow() {
            Way::Dropping => None,
            Way::HalfOpen(cut) if cut == end => None,
            Way::Slow(delay) => Some(delay),
            Way::Open | Way::HalfOpen(_) | Way::Resetting => Some(Duration::ZERO),
        }
    }
}

impl End {
    fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

#[cfg(test)]
mod tests {
    use devstack::ports;

    use super::*;

    const SOON: Duration = Duration::from_secs(5);
    /// So long nothing arrives where nothing can.
    const SILENCE: Duration = Duration::from_millis(200);

    /// A proxy before a server that says everything twice, and a client.
    struct Room {
        proxy: Proxy,
        port: u16,
        _server: AbortOnDrop,
    }

    struct AbortOnDrop(tokio::task::JoinHandle<()>);

    impl Drop for AbortOnDrop {
        fn drop(&mut self) {
            self.0.abort();
        }
    }

    impl Room {
        async fn new() -> Self {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .expect("a port");
            let server = listener.local_addr().expect("bound").port();
            let port = ports::free().expect("a port");
            let proxy = Proxy::listen(port, server).await.expect("a free port");
            Self {
                proxy,
                port,
                _server: AbortOnDrop(spawn(echo(listener))),
            }
        }

        async fn enter(&self) -> TcpStream {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))
                .await
                .expect("the proxy lets everybody in")
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no lifecycle of its own"
    )]
    fn spawn(task: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        tokio::spawn(task)
    }

    async fn echo(listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((mut connection, _)) = listener.accept().await {
            connections.spawn(async move {
                let (mut from, mut to) = connection.split();
                let _ = tokio::io::copy(&mut from, &mut to).await;
            });
        }
    }

    /// Sends a byte and answers what comes back: nothing in time, an end, or the byte.
    async fn ask(connection: &mut TcpStream, patience: Duration) -> Option<io::Result<Option<u8>>> {
        let mut answer = [0];
        let asked = async {
            connection.write_all(b"?").await?;
            let read = connection.read(&mut answer).await?;
            Ok((read == 1).then_some(answer[0]))
        };
        tokio::time::timeout(patience, asked).await.ok()
    }

    fn is_answered(answer: Option<io::Result<Option<u8>>>) -> bool {
        matches!(answer, Some(Ok(Some(b'?'))))
    }

    #[tokio::test]
    async fn an_open_way_carries_bytes_and_ends() {
        let room = Room::new().await;
        let mut connection = room.enter().await;
        assert!(is_answered(ask(&mut connection, SOON).await));
        assert_eq!(room.proxy.hindered(), 0);
        connection.shutdown().await.expect("it is there");
        let rest = tokio::time::timeout(SOON, connection.read(&mut [0])).await;
        assert_eq!(rest.expect("the end comes").expect("in order"), 0);
    }

    #[tokio::test]
    async fn what_lost_something_hangs_for_good_and_others_do_not() {
        for way in [
            Way::Dropping,
            Way::HalfOpen(End::Client),
            Way::HalfOpen(End::Server),
        ] {
            let room = Room::new().await;
            let (mut used, mut unused) = (room.enter().await, room.enter().await);
            for connection in [&mut used, &mut unused] {
                assert!(is_answered(ask(connection, SOON).await), "{way:?}");
            }
            room.proxy.set(way);
            let mut new = room.enter().await;
            for connection in [&mut used, &mut new] {
                assert!(ask(connection, SILENCE).await.is_none(), "{way:?}");
            }
            room.proxy.set(Way::Open);
            assert!(room.proxy.hindered() > 0, "{way:?}");
            for connection in [&mut used, &mut new] {
                assert!(ask(connection, SILENCE).await.is_none(), "{way:?}");
            }
            let mut later = room.enter().await;
            for connection in [&mut unused, &mut later] {
                assert!(is_answered(ask(connection, SOON).await), "{way:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_reset_is_heard_at_once_and_by_all() {
        let room = Room::new().await;
        let mut connection = room.enter().await;
        assert!(is_answered(ask(&mut connection, SOON).await));
        room.proxy.set(Way::Resetting);
        let heard = tokio::time::timeout(SOON, connection.read(&mut [0])).await;
        let error = heard.expect("soon").expect_err("no end in good order");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        let mut new = room.enter().await;
        assert!(matches!(ask(&mut new, SOON).await, Some(Err(_))));
        assert!(room.proxy.hindered() > 0);
    }

    #[tokio::test]
    async fn a_slow_way_takes_its_time_each_way() {
        let room = Room::new().await;
        let delay = Duration::from_millis(100);
        room.proxy.set(Way::Slow(delay));
        let mut connection = room.enter().await;
        let began = Instant::now();
        assert!(is_answered(ask(&mut connection, SOON).await));
        assert!(began.elapsed() >= 2 * delay);
        assert!(room.proxy.hindered() > 0);
    }
}

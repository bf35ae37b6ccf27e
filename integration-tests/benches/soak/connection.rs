//! The way from the browser to the portal.

use std::{io, net::Ipv4Addr};

use anyhow::{Context as _, Result};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// A port of this machine that leads to the portal as long as somebody carries.
pub(crate) struct Connection {
    pub(crate) port: u16,
    pub(crate) portal: u16,
}

impl Connection {
    /// Carries bytes both ways. Dropped, it cuts everything in the middle and lets nobody in.
    pub(crate) async fn carry(&self) -> Result<()> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
            .await
            .context("listen for the browser")?;
        let portal = (Ipv4Addr::LOCALHOST, self.portal);
        let mut connections: JoinSet<io::Result<()>> = JoinSet::new();
        loop {
            let (mut near, _) = listener.accept().await.context("let the browser in")?;
            connections.spawn(async move {
                let mut far = TcpStream::connect(portal).await?;
                copy_bidirectional(&mut near, &mut far).await.map(drop)
            });
        }
    }
}

//! A line to a server that can be cut or go dead, and come back.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A line to a server.
#[derive(Debug)]
pub struct Proxy {
    at: SocketAddr,
    line: watch::Sender<Line>,
}

/// What happens on the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Open,
    /// Every connection ends at once, as when the server stops.
    Cut,
    /// Nothing arrives and nobody is told, as when a cable is pulled.
    Dead,
}

impl Proxy {
    /// An open line to a server.
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        let (line, way) = watch::channel(Line::Open);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(connect(client, server, way.clone()));
            }
        });
        Self { at, line }
    }

    /// Where the line begins.
    pub fn address(&self) -> SocketAddr {
        self.at
    }

    /// Ends every connection, and every new one.
    pub fn cut(&self) {
        self.line.send_replace(Line::Cut);
    }

    /// Lets nothing through, and tells nobody.
    pub fn go_dead(&self) {
        self.line.send_replace(Line::Dead);
    }

    /// Lets everything through again.
    pub fn restore(&self) {
        self.line.send_replace(Line::Open);
    }
}

async fn connect(client: TcpStream, server: SocketAddr, mut line: watch::Receiver<Line>) {
    if !is_open(&mut line).await {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    tokio::join!(
        carry(from_client, to_server, line.clone()),
        carry(from_server, to_client, line)
    );
}

/// Whether the line is open, once it is not dead.
async fn is_open(line: &mut watch::Receiver<Line>) -> bool {
    let line = line.wait_for(|it| *it != Line::Dead).await;
    line.is_ok_and(|it| *it == Line::Open)
}

async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut line: watch::Receiver<Line>) {
    let mut bytes = vec![0; 16 * 1024];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            _ = line.wait_for(|it| *it == Line::Cut) => return,
        };
        if read == 0 || !is_open(&mut line).await || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

//! A server in this process: its own runtime with two workers and its own socket on the loopback, the
//! same for the service and for the bare limit beside it.

use std::net::{Ipv4Addr, SocketAddr};

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use crate::Result;

/// A server that ends with this value.
pub(crate) struct Server {
    pub(crate) at: SocketAddr,
    runtime: Option<Runtime>,
}

impl Server {
    /// Starts what `router` makes for the address it will be served at.
    pub(crate) fn start(router: impl AsyncFnOnce(SocketAddr) -> Result<Router> + Send) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()?;
        // A thread that is in no runtime, since this function may be called from one.
        let at = std::thread::scope(|scope| {
            let started = scope.spawn(|| runtime.block_on(serve(router))).join();
            started.unwrap_or_else(|_| Err("the server did not start".into()))
        })?;
        Ok(Self {
            at,
            runtime: Some(runtime),
        })
    }
}

async fn serve(router: impl AsyncFnOnce(SocketAddr) -> Result<Router>) -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let at = listener.local_addr()?;
    let service = router(at)
        .await?
        .into_make_service_with_connect_info::<SocketAddr>();
    let listener = listener.tap_io(|stream| {
        // Without this an answer may wait for the delayed acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
    });
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(at)
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

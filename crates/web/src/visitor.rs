//! Where a request comes from: kept in memory for the length of the request, never stored (T-02).

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;

use crate::app::App;

/// The network address of whoever asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Visitor(pub(crate) IpAddr);

impl FromRequestParts<App> for Visitor {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Infallible> {
        let peer = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map(|it| it.0.ip().to_canonical());
        let peer = peer.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let forwarded = parts
            .headers
            .get_all("x-forwarded-for")
            .iter()
            .filter_map(|it| it.to_str().ok());
        let forwarded: Vec<&str> = forwarded.flat_map(|it| it.split(',')).map(str::trim).collect();
        Ok(Self(asking(peer, &forwarded, &app.setup().trusted_proxies)))
    }
}

/// The nearest address that is not one of our proxies; only our proxies are believed (T-30).
pub(crate) fn asking(peer: IpAddr, forwarded: &[&str], trusted: &[IpAddr]) -> IpAddr {
    let mut asking = peer;
    for hop in forwarded.iter().rev() {
        if !trusted.contains(&asking) {
            break;
        }
        let Ok(before) = hop.parse::<IpAddr>() else { break };
        asking = before.to_canonical();
    }
    asking
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_are_believed() {
        let ip = |it: &str| it.parse::<IpAddr>().unwrap();
        let proxy = [ip("10.0.0.1")];
        assert_eq!(
            asking(ip("10.0.0.1"), &["203.0.113.9", "198.51.100.7"], &proxy),
            ip("198.51.100.7")
        );
        assert_eq!(
            asking(ip("192.0.2.4"), &["198.51.100.7"], &proxy),
            ip("192.0.2.4")
        );
        assert_eq!(
            asking(ip("10.0.0.1"), &["not an address"], &proxy),
            ip("10.0.0.1")
        );
    }
}

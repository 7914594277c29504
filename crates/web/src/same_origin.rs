//! Which requests are let in at all (T-28, T-30), and the headers on every answer (T-29).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::app::App;
use crate::error::Error;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Refuses requests for other hosts, from other sites, and from inside frames.
pub(crate) async fn only_ours(State(app): State<App>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers
        .get(header::HOST)
        .and_then(|it| it.to_str().ok())
        .or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str));
    if host.is_some_and(|it| !it.eq_ignore_ascii_case(app.setup().host())) {
        return Error::OtherHost.into_response();
    }
    if is_framed(headers) || (is_unsafe(request.method()) && !is_ours(headers, &app.setup().base_url)) {
        return Error::FromElsewhere.into_response();
    }
    next.run(request).await
}

fn is_unsafe(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn is_framed(headers: &HeaderMap) -> bool {
    let dest = headers.get(DEST).map(HeaderValue::as_bytes);
    dest.is_some_and(|it| [&b"iframe"[..], b"frame", b"object", b"embed"].contains(&it))
}

/// Whether a form was sent from a page of ours.
fn is_ours(headers: &HeaderMap, base_url: &str) -> bool {
    match headers.get(SITE) {
        Some(site) => site == "same-origin",
        None => headers.get(header::ORIGIN).is_some_and(|it| it == base_url),
    }
}

/// What every answer says to the browser, errors and files too.
const ALWAYS: [(HeaderName, &str); 9] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), \
         geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
         picture-in-picture=(), publickey-credentials-get=(), screen-wake-lock=(), usb=(), xr-spatial-tracking=()",
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-embedder-policy"),
        "require-corp",
    ),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("x-frame-options"), "DENY"),
];

/// Adds the headers of T-29; what an answer says itself stays.
pub(crate) async fn speak_plainly(State(app): State<App>, request: Request, next: Next) -> Response {
    let is_link = is_link_page(request.uri().path());
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if is_link {
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        headers.insert(
            HeaderName::from_static("x-robots-tag"),
            HeaderValue::from_static("noindex, nofollow"),
        );
    }
    for (name, value) in ALWAYS {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if app.setup().is_https() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=63072000; includeSubDomains"),
        );
    }
    response
}

/// Pages behind a link, whose address must not travel (T-25).
fn is_link_page(path: &str) -> bool {
    [
        "/b/",
        "/o/",
        "/address/",
        "/d/",
        "/book/",
        "/new-dates/",
        "/login/link/",
        "/invite/",
    ]
    .iter()
    .any(|it| path.starts_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&headers.collect(), "https://courses.example.org")
    }

    #[test]
    fn only_a_page_of_ours_may_send_a_form() {
        assert!(sent(&[("sec-fetch-site", "same-origin")]));
        assert!(sent(&[("origin", "https://courses.example.org")]));
        assert!(!sent(&[]));
        assert!(!sent(&[
            ("sec-fetch-site", "same-site"),
            ("origin", "https://courses.example.org")
        ]));
        assert!(!sent(&[("sec-fetch-site", "cross-site")]));
        assert!(!sent(&[("sec-fetch-site", "none")]));
        assert!(!sent(&[("origin", "null")]));
        assert!(!sent(&[("origin", "https://courses.example.org.evil.example")]));
    }
}

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
    if !is_for(&request, app.setup().host()) {
        return Error::OtherHost.into_response();
    }
    if is_framed(headers) || (is_unsafe(request.method()) && !is_ours(headers, &app.setup().base_url)) {
        return Error::FromElsewhere.into_response();
    }
    next.run(request).await
}

/// Whether a request names our host, and no other: once in its headers, and in its first line if there.
fn is_for(request: &Request, ours: &str) -> bool {
    let mut named = request.headers().get_all(header::HOST).iter();
    let (host, more) = (named.next(), named.next());
    let first_line = request.uri().authority();
    let is_ours = |it: &str| it.eq_ignore_ascii_case(ours);
    more.is_none()
        && host.is_some_and(|it| it.to_str().is_ok_and(is_ours))
        && first_line.is_none_or(|it| is_ours(it.as_str()))
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
    fn a_request_names_our_host_once_or_is_refused() {
        let asked = |uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().uri(uri);
            for host in hosts {
                request = request.header(header::HOST, *host);
            }
            let request = request.body(axum::body::Body::empty()).unwrap();
            is_for(&request, "courses.example.org")
        };
        assert!(asked("/", &["courses.example.org"]));
        assert!(asked("/", &["Courses.Example.org"]));
        assert!(asked("https://courses.example.org/", &["courses.example.org"]));
        assert!(!asked("/", &[]));
        assert!(!asked("/", &["courses.example.org:8080"]));
        assert!(!asked("/", &["elsewhere.example"]));
        assert!(!asked("/", &["courses.example.org", "elsewhere.example"]));
        assert!(!asked("https://elsewhere.example/", &["courses.example.org"]));
    }

    #[tokio::test]
    async fn browsers_are_told_to_stay_on_https() {
        use tower::ServiceExt;
        let office = crate::outbox::office::Office::open().await;
        let router = crate::router(office.app.clone());
        for (path, host) in [
            ("/courses", "courses.example.org"),
            ("/nowhere", "courses.example.org"),
            ("/", "elsewhere.example"),
        ] {
            let request = Request::get(path).header(header::HOST, host);
            let request = request.body(axum::body::Body::empty()).unwrap();
            let answer = router.clone().oneshot(request).await.unwrap();
            let told = &answer.headers()[header::STRICT_TRANSPORT_SECURITY];
            assert_eq!(told, "max-age=63072000; includeSubDomains", "{path}");
        }
    }

    #[test]
    fn nothing_is_shown_inside_another_page() {
        let framed = |dest: &'static str| {
            let pair = (DEST, HeaderValue::from_static(dest));
            is_framed(&HeaderMap::from_iter([pair]))
        };
        for dest in ["iframe", "frame", "object", "embed"] {
            assert!(framed(dest), "{dest}");
        }
        assert!(!framed("document") && !is_framed(&HeaderMap::new()));
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

//! Each request has a reference: it stands on every line that the request logs, and on the page that says
//! sorry, so that the team finds one by the other (T-44, T-45).

use std::panic::PanicHookInfo;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use data_encoding::HEXLOWER;
use tracing::field::Empty;
use tracing::{Instrument, Span};

use crate::secrets::Secrets;

/// What a request is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference(pub(crate) String);

tokio::task_local! {
    /// The request that is being answered.
    static CURRENT: String;
}

/// What the request is called that is being answered, if one is.
pub(crate) fn current() -> Option<String> {
    CURRENT.try_with(Clone::clone).ok()
}

/// The same answer, in a task of its own.
pub(crate) fn carried<F: Future>(answer: F) -> impl Future<Output = F::Output> {
    let current = current();
    async move {
        match current {
            Some(current) => CURRENT.scope(current, answer).await,
            None => answer.await,
        }
    }
}

/// Gives a request its reference, if it has none yet.
pub(crate) async fn give(mut request: Request, next: Next) -> Response {
    // The pattern, never the path: a path can hold a token (T-25).
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map(|it| it.as_str().to_owned());
    // Around the routes stands the frame of the server, which knows no route yet.
    let (span, called) = if let Some(Reference(known)) = request.extensions().get() {
        (Span::current(), known.clone())
    } else {
        let reference = HEXLOWER.encode(&Secrets::passing_bytes::<4>());
        let method = known(request.method());
        let span = tracing::info_span!("request", reference, method, route = Empty);
        request.extensions_mut().insert(Reference(reference.clone()));
        (span, reference)
    };
    if let Some(route) = route {
        span.record("route", route);
    }
    CURRENT.scope(called, next.run(request)).instrument(span).await
}

/// Other methods are whatever somebody wrote there.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        _ => "other",
    }
}

/// From now on a panic is one line of the log.
pub(crate) fn log_panics() {
    std::panic::set_hook(Box::new(log_panic));
}

/// Says where, not what: the words of a panic can hold what a person wrote (T-45).
fn log_panic(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(|it| format!("{}:{}", it.file(), it.line()));
    tracing::error!(event = "panic", at);
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::outbox::office::Office;
    use axum::Router;
    use axum::body::Body;
    use axum::http::{StatusCode, header};
    use axum::routing::{any, get};
    use http_body_util::BodyExt;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tower::ServiceExt;

    /// What was logged.
    #[derive(Clone, Default)]
    pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

    impl Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        /// Begins to note what this thread logs.
        pub(crate) fn listen(&self) -> tracing::subscriber::DefaultGuard {
            let log = self.clone();
            let lines = crate::cli::lines("warn,web=info").with_writer(move || log.clone());
            tracing::subscriber::set_default(lines.finish())
        }

        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        /// The first line about an event.
        pub(crate) fn line(&self, event: &str) -> serde_json::Value {
            let text = self.text();
            let lines = text.lines().map(|it| serde_json::from_str(it).unwrap());
            let mut found = lines.filter(|it: &serde_json::Value| it["fields"]["event"] == event);
            found.next().unwrap_or_else(|| panic!("no {event} in {text}"))
        }
    }

    /// The hook counts for the whole process; other tests keep theirs.
    fn log_panics_of_this_thread() {
        let (before, here) = (std::panic::take_hook(), std::thread::current().id());
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().id() == here {
                log_panic(panic);
            } else {
                before(panic);
            }
        }));
    }

    async fn ask(router: &Router, method: Method, path: &str) -> (Response<()>, String) {
        let request = axum::http::Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "courses.example.org")
            .header("sec-fetch-site", "same-origin")
            .body(Body::empty())
            .unwrap();
        let (head, body) = router.clone().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (
            Response::from_parts(head, ()),
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    async fn falls() -> &'static str {
        panic!("what Sam wrote")
    }

    #[tokio::test]
    async fn a_panic_is_a_page_and_one_line_without_its_words() {
        let office = Office::open().await;
        log_panics_of_this_thread();
        let pages = Router::new().route("/falls/{token}", any(falls));
        let router = crate::dressed(pages, office.app.clone());
        for method in [Method::GET, Method::POST] {
            let log = Log::default();
            let _logging = log.listen();
            let (head, page) = ask(&router, method.clone(), "/falls/secret").await;
            assert_eq!(head.status(), StatusCode::INTERNAL_SERVER_ERROR);
            assert!(
                page.contains("Sorry, there is a problem with the service"),
                "{page}"
            );
            let line = log.line("panic");
            let reference = line["span"]["reference"].as_str().unwrap();
            assert!(page.contains(reference), "{reference} is not in {page}");
            assert_eq!(line["span"]["route"], "/falls/{token}");
            assert_eq!(line["span"]["method"], method.as_str());
            let at = line["fields"]["at"].as_str().unwrap();
            assert!(at.starts_with("crates/web/src/reference.rs:"), "{at}");
            let text = log.text();
            assert_eq!(text.lines().count(), 1, "{text}");
            assert!(!text.contains("Sam") && !text.contains("secret"), "{text}");
        }
        // The program lives.
        let (head, _) = ask(&crate::router(office.app.clone()), Method::GET, "/courses").await;
        assert_eq!(head.status(), StatusCode::OK);
    }

    #[tokio::test]
    async fn a_panic_where_pages_are_made_is_still_an_answer() {
        let office = Office::open().await;
        log_panics_of_this_thread();
        // Stands where the page for an error is made.
        let inner = Router::new().route("/falls", get(falls));
        let router = crate::framed(inner, office.app.clone());
        let (head, text) = ask(&router, Method::GET, "/falls").await;
        assert_eq!(head.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert!(text.contains("problem") && !text.contains("Sam"), "{text}");
        assert!(head.headers().contains_key(header::CONTENT_SECURITY_POLICY));
    }

    #[tokio::test]
    async fn a_page_that_takes_too_long_asks_for_patience() {
        let office = Office::open().await;
        let pages = Router::new().route("/slow", get(std::future::pending::<&'static str>));
        let router = crate::dressed(pages, office.app.clone());
        crate::site::Site::last(&office.app).await;
        tokio::time::pause();
        let before = tokio::time::Instant::now();
        let (head, page) = ask(&router, Method::GET, "/slow").await;
        assert_eq!(head.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(head.headers()[header::RETRY_AFTER], "5");
        assert!(page.contains("</html>"), "{page}");
        assert!(before.elapsed() < std::time::Duration::from_secs(5));
    }

    #[tokio::test]
    async fn what_is_refused_is_logged_with_its_route_and_nothing_of_the_visitor() {
        let office = Office::open().await;
        let router = crate::router(office.app.clone());
        let log = Log::default();
        let _logging = log.listen();
        let secret = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2V";
        ask(&router, Method::GET, &format!("/b/{secret}")).await;
        assert_eq!(log.line("link_miss")["span"]["route"], "/b/{token}");
        for _ in 0..20 {
            ask(&router, Method::GET, &format!("/b/{secret}")).await;
        }
        assert_eq!(log.line("limit")["span"]["route"], "/b/{token}");
        let elsewhere = axum::http::Request::get("/").header(header::HOST, "elsewhere.example");
        router
            .oneshot(elsewhere.body(Body::empty()).unwrap())
            .await
            .unwrap();
        assert_eq!(log.line("denied")["fields"]["why"], "asked for another host");
        assert!(
            !log.text().contains(secret) && !log.text().contains("elsewhere.example"),
            "{}",
            log.text()
        );
    }
}

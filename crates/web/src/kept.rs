//! Public pages kept in memory, so that many visitors cost little (quality.md section 4).
//!
//! They are kept under a key that changes with every commit of anybody, in this process or another, and
//! with every second of the clock: no page is older than the records by one commit, and no moment at
//! which booking opens or closes passes unseen.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use ids::Ts;

use crate::app::App;
use crate::error::Error;

/// What stands for the state of the records at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Key {
    commits: String,
    second: Ts,
}

/// The pages rendered since the key last changed.
#[derive(Debug, Default)]
pub(crate) struct Kept(Mutex<Option<(Key, BTreeMap<String, Bytes>)>>);

impl Kept {
    fn find(&self, key: &Key, path: &str) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (under, pages) = kept.as_ref()?;
        pages.get(path).filter(|_| under == key).cloned()
    }

    fn keep(&self, key: Key, path: &str, html: Bytes) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_mut() {
            Some((under, pages)) if *under == key => {
                pages.insert(path.to_owned(), html);
            }
            _ => *kept = Some((key, BTreeMap::from([(path.to_owned(), html)]))),
        }
    }
}

impl App {
    /// A public page: as it was kept, or as `render` makes it now.
    pub(crate) async fn kept<F>(&self, path: &str, render: impl FnOnce() -> F) -> Result<Response, Error>
    where
        F: Future<Output = Result<String, Error>>,
    {
        // Read before the page is made: what is committed meanwhile makes the next visitor's key another.
        let key = Key {
            commits: self.watcher.commits().await?,
            second: self.now(),
        };
        let html = if let Some(html) = self.kept.find(&key, path) {
            html
        } else {
            let html = Bytes::from(render().await?);
            self.kept.keep(key, path, html.clone());
            html
        };
        Ok(([(header::CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response())
    }
}

#[cfg(test)]
mod tests {
    use crate::outbox::office::{JUNE, Office};
    use axum::body::Body;
    use axum::http::Request;
    use http_body_util::BodyExt;
    use sea_orm::ConnectionTrait;
    use time::Duration;
    use tower::ServiceExt;

    async fn courses(office: &Office) -> String {
        let request = Request::get("/courses").header("host", office.app.setup().host());
        let request = request.body(Body::empty()).unwrap();
        let answer = crate::router(office.app.clone()).oneshot(request).await.unwrap();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(body.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn a_page_is_never_older_than_the_last_commit() {
        let office = Office::open().await;
        let run = office.run(3, JUNE).await;
        for free in ["3 places left", "2 places left", "1 place left"] {
            let page = courses(&office).await;
            assert!(page.contains(free), "{free}: {page}");
            assert_eq!(page, courses(&office).await, "nothing has changed");
            office
                .booked(
                    run,
                    &format!("Sam {free}"),
                    &format!("{}@example.com", &free[..1]),
                )
                .await;
        }
        // Another process, such as a command beside the service.
        let elsewhere = office.other_handles().await;
        let rename = "INSERT INTO setting (name, value) VALUES ('org_name', 'Elsewhere Trust')";
        elsewhere.writer.execute_unprepared(rename).await.unwrap();
        assert!(courses(&office).await.contains("Elsewhere Trust"));
    }

    #[tokio::test]
    async fn a_moment_that_passes_changes_the_page() {
        let office = Office::open().await;
        office.run(12, JUNE).await;
        assert!(courses(&office).await.contains("Book a place"));
        office.wait(Duration::days(27));
        assert!(
            !courses(&office).await.contains("Book a place"),
            "booking has closed"
        );
    }
}

//! A form that could not be taken now is kept on the page that says so, to send it once more (T-64).
//!
//! Going back is not enough: pages are not kept by browsers (T-29), and the page behind needs the records
//! that are away. Nothing is shown but to whoever sent it, in the answer to what they sent.

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;

use crate::error::{Error, ErrorPage};
use crate::forms;

/// A form as it was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Again {
    action: String,
    fields: Vec<(String, String)>,
}

impl Again {
    /// What was sent, if it was a form.
    pub(crate) fn of(head: &Parts, body: &Bytes) -> Option<Self> {
        let path = head.uri.path_and_query()?.as_str();
        Some(Self::new(path, body)).filter(|_| head.method == Method::POST)
    }

    pub(crate) fn new(path: &str, body: &[u8]) -> Self {
        Self {
            action: path.to_owned(),
            fields: form_urlencoded::parse(body).into_owned().collect(),
        }
    }
}

/// Puts the form on the page of an answer that asks to try again.
pub(crate) fn with(form: Option<Again>, mut response: Response) -> Response {
    let later = response.status() == StatusCode::SERVICE_UNAVAILABLE;
    if let (true, Some(form), Some(page)) = (later, form, response.extensions_mut().get_mut::<ErrorPage>()) {
        page.keep(form);
    }
    response
}

/// Remembers a form for as long as its answer takes.
pub(crate) async fn keep_form(request: Request, next: Next) -> Response {
    if request.method() != Method::POST {
        return next.run(request).await;
    }
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, forms::most(&head.headers)).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Error::TooLarge.into_response(),
        Err(_) => return Error::BadForm("the body did not arrive".to_owned()).into_response(),
    };
    let form = Again::of(&head, &body);
    with(form, next.run(Request::from_parts(head, Body::from(body))).await)
}

//! A browser without a network: the real router, followed redirects, forms found by the words on
//! their button and fields by their label. Whatever a person without JavaScript could not do, a
//! scenario cannot do either.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use scraper::{ElementRef, Html, Selector};
use tower::ServiceExt;

use crate::every_answer;

/// One visitor; copies share their cookies, as windows of one browser do.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    base_url: String,
    from: SocketAddr,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

impl std::fmt::Debug for Browser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Browser at {}", self.from)
    }
}

/// What the visitor sees.
#[derive(Clone, Debug)]
pub struct PageView {
    browser: Browser,
    /// Where they are, after all redirects.
    pub path: String,
    /// The status of the last answer.
    pub status: StatusCode,
    /// The headers of the last answer.
    pub headers: axum::http::HeaderMap,
    /// The body of the last answer.
    pub body: String,
}

/// A form being filled in.
#[derive(Clone, Debug)]
pub struct Form {
    browser: Browser,
    html: String,
    action: String,
    fields: Vec<(String, String)>,
}

fn all(css: &str) -> Selector {
    Selector::parse(css).expect("a selector")
}

fn words(element: &ElementRef<'_>) -> String {
    element
        .text()
        .collect::<String>()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

impl Browser {
    /// A visitor at this network address.
    pub fn new(router: Router, base_url: &str, from: SocketAddr) -> Self {
        Self {
            router,
            base_url: base_url.to_owned(),
            from,
            cookies: Arc::default(),
        }
    }

    /// The value of a cookie that the browser has.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.jar().get(name).cloned()
    }

    /// Puts a cookie into the browser, or takes it out.
    pub fn set_cookie(&self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.jar().insert(name.to_owned(), value.to_owned()),
            None => self.jar().remove(name),
        };
    }

    /// Another browser of the same person, at the same network, with copies of these cookies.
    #[must_use]
    pub fn copied(&self) -> Self {
        let cookies = Arc::new(Mutex::new(self.jar().clone()));
        Self {
            cookies,
            ..self.clone()
        }
    }

    fn jar(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, String>> {
        self.cookies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does with cookies what an answer says.
    fn heed(&self, headers: &axum::http::HeaderMap) {
        let said = |name: &str| {
            let all = headers.get_all(name).iter();
            all.filter_map(|it| it.to_str().ok()).collect::<Vec<_>>()
        };
        if said("clear-site-data")
            .iter()
            .any(|it| it.contains("\"cookies\""))
        {
            self.jar().clear();
        }
        for line in said("set-cookie") {
            let (pair, attributes) = line.split_once(';').unwrap_or((line, ""));
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            self.set_cookie(name, Some(value).filter(|_| !attributes.contains("Max-Age=0")));
        }
    }

    /// Opens a page and follows redirects.
    pub async fn visit(&self, path: &str) -> PageView {
        self.go(Method::GET, path, None).await
    }

    /// Sends a form body as a page of ours would, and follows redirects.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> PageView {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.go(Method::POST, path, Some(encode(&fields.collect::<Vec<_>>())))
            .await
    }

    async fn go(&self, method: Method, path: &str, body: Option<String>) -> PageView {
        let mut page = self.once(method, path, body).await;
        for _ in 0..5 {
            if !page.status.is_redirection() {
                return page;
            }
            let next = page.headers[header::LOCATION]
                .to_str()
                .expect("a location")
                .to_owned();
            let next = next.strip_prefix(&self.base_url).unwrap_or(&next).to_owned();
            page = self.once(Method::GET, &next, None).await;
        }
        panic!("redirected without end to {}", page.path)
    }

    /// One request, no redirect followed.
    pub async fn once(&self, method: Method, path: &str, body: Option<String>) -> PageView {
        let host = self.base_url.split_once("://").expect("a base URL").1;
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, host);
        if body.is_some() {
            request = request
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header("sec-fetch-site", "same-origin");
        }
        self.send(
            request
                .body(Body::from(body.unwrap_or_default()))
                .expect("a request"),
        )
        .await
    }

    /// One request as it is. What must hold for every answer is looked at here.
    ///
    /// # Panics
    /// When the answer breaks a rule for all answers.
    pub async fn send(&self, mut request: Request<Body>) -> PageView {
        let path = request.uri().path().to_owned();
        request.extensions_mut().insert(ConnectInfo(self.from));
        let cookies: Vec<String> = self
            .jar()
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        if !cookies.is_empty() && !request.headers().contains_key(header::COOKIE) {
            let line = cookies.join("; ").parse().expect("a header");
            request.headers_mut().insert(header::COOKIE, line);
        }
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("the router answers");
        let (parts, body) = response.into_parts();
        self.heed(&parts.headers);
        let bytes = body.collect().await.expect("a body").to_bytes();
        let body = String::from_utf8_lossy(&bytes).into_owned();
        let faults = every_answer::faults(&path, &parts.headers, &body);
        assert!(faults.is_empty(), "{} {path}: {faults:#?}\n{body}", parts.status);
        PageView {
            browser: self.clone(),
            path,
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }
}

fn encode(fields: &[(String, String)]) -> String {
    let pair = |(name, value): &(String, String)| format!("{}={}", percent(name), percent(value));
    fields.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn percent(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out = format!("{out}%{byte:02X}");
        }
    }
    out
}

impl PageView {
    /// The words of the heading.
    #[track_caller]
    pub fn heading(&self) -> String {
        self.text("h1")
    }

    /// The words of the first element that fits.
    #[track_caller]
    pub fn text(&self, css: &str) -> String {
        let page = Html::parse_document(&self.body);
        let found = page.select(&all(css)).next().map(|it| words(&it));
        found.unwrap_or_else(|| panic!("nothing fits {css:?} at {}:\n{}", self.path, self.body))
    }

    /// All words of the main part of the page.
    pub fn words(&self) -> String {
        let page = Html::parse_document(&self.body);
        page.select(&all("main"))
            .next()
            .map_or_else(|| self.body.clone(), |it| words(&it))
    }

    /// Whether the main part of the page says this.
    pub fn says(&self, text: &str) -> bool {
        self.words().contains(text)
    }

    /// The text of the page if it says this, for a readable failure.
    #[track_caller]
    pub fn must_say(&self, text: &str) -> &Self {
        assert!(
            self.says(text),
            "{} {} does not say {text:?}:\n{}",
            self.status,
            self.path,
            self.words()
        );
        self
    }

    /// Asserts the status.
    #[track_caller]
    pub fn must_be(&self, status: StatusCode) -> &Self {
        assert_eq!(self.status, status, "at {}:\n{}", self.path, self.words());
        self
    }

    /// Follows a link by its words.
    #[track_caller]
    pub fn follow(&self, link: &str) -> impl Future<Output = PageView> {
        let page = Html::parse_document(&self.body);
        let found = page
            .select(&all("a[href]"))
            .find(|it| words(it).starts_with(link));
        let href = found.and_then(|it| it.attr("href")).map(str::to_owned);
        let href = href.unwrap_or_else(|| panic!("no link {link:?} at {}:\n{}", self.path, self.words()));
        let browser = self.browser.clone();
        async move { browser.visit(&href).await }
    }

    /// The form with this button.
    #[track_caller]
    pub fn form(&self, button: &str) -> Form {
        let page = Html::parse_document(&self.body);
        let selector = all("form");
        let found = page.select(&selector).find_map(|form| {
            let pressed = form
                .select(&all("button"))
                .find(|it| words(it).starts_with(button))?;
            Some((form, pressed))
        });
        let Some((form, pressed)) = found else {
            panic!(
                "no button {button:?} at {} ({}):\n{}",
                self.path,
                self.status,
                self.words()
            )
        };
        let mut fields = Vec::new();
        for field in form.select(&all("input[name], textarea[name], select[name]")) {
            let name = field.attr("name").unwrap_or_default().to_owned();
            let kind = field.attr("type").unwrap_or_default();
            let value = match field.value().name() {
                "textarea" => field.text().collect::<String>(),
                "select" => {
                    let chosen = field.select(&all("option[selected]")).next();
                    let chosen = chosen.or_else(|| field.select(&all("option")).next());
                    chosen
                        .and_then(|it| it.attr("value"))
                        .unwrap_or_default()
                        .to_owned()
                }
                _ => field.attr("value").unwrap_or_default().to_owned(),
            };
            if !["radio", "checkbox"].contains(&kind) || field.attr("checked").is_some() {
                fields.push((name, value));
            }
        }
        if let Some(name) = pressed.attr("name") {
            fields.push((
                name.to_owned(),
                pressed.attr("value").unwrap_or_default().to_owned(),
            ));
        }
        let action = form
            .attr("action")
            .filter(|it| !it.is_empty())
            .unwrap_or(&self.path)
            .to_owned();
        Form {
            browser: self.browser.clone(),
            html: form.html(),
            action,
            fields,
        }
    }
}

impl Form {
    /// Types into the field with this label.
    #[must_use]
    #[track_caller]
    pub fn fill(mut self, label: &str, value: &str) -> Self {
        let name = self.named(label).0;
        self.fields.retain(|(field, _)| *field != name);
        self.fields.push((name, value.to_owned()));
        self
    }

    /// Ticks the checkbox or chooses the radio with this label.
    #[must_use]
    #[track_caller]
    pub fn choose(mut self, label: &str) -> Self {
        let (name, value, kind) = self.named(label);
        if kind == "radio" {
            self.fields.retain(|(field, _)| *field != name);
        }
        self.fields.push((name, value));
        self
    }

    /// Answers a question by the name of its field, where two questions offer the same words.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Answers a question that takes several answers once more.
    #[must_use]
    pub fn also(mut self, name: &str, value: &str) -> Self {
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Presses the button once and follows nothing: the bare answer.
    pub async fn press(self) -> PageView {
        let body = encode(&self.fields);
        self.browser.once(Method::POST, &self.action, Some(body)).await
    }

    /// Presses the button.
    pub async fn submit(self) -> PageView {
        let fields: Vec<(&str, &str)> = self
            .fields
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        self.browser.post(&self.action, &fields).await
    }

    /// What would be sent.
    pub fn fields(&self) -> BTreeMap<String, String> {
        self.fields.iter().cloned().collect()
    }

    /// Where it would be sent.
    pub fn action(&self) -> &str {
        &self.action
    }

    #[track_caller]
    fn named(&self, label: &str) -> (String, String, String) {
        let form = Html::parse_fragment(&self.html);
        let labels = all("label[for]");
        let exact = form.select(&labels).find(|it| words(it) == label);
        let found = exact.or_else(|| form.select(&labels).find(|it| words(it).starts_with(label)));
        let id = found.and_then(|it| it.attr("for")).map(str::to_owned);
        let id = id.unwrap_or_else(|| panic!("no field labelled {label:?} in\n{}", self.html));
        let fields = all("input, textarea, select");
        let field = form.select(&fields).find(|it| it.attr("id") == Some(&id));
        let field = field.unwrap_or_else(|| panic!("the label {label:?} belongs to no field"));
        let get = |name| field.attr(name).unwrap_or_default().to_owned();
        (get("name"), get("value"), get("type"))
    }
}

//! The two cookies (T-13, T-16, T-31): the one that ties a code to the browser that asked, and the one
//! that keeps people logged in. Both hold a random number and nothing else; the records keep hashes.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use crate::app::Setup;
use crate::error::Error;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Ties a code to a browser, and lets us know that browser again.
    Ask,
    /// Keeps somebody logged in.
    SignIn,
}

/// How long a browser is known again: as long as ended log ins are kept (trust.md section 11).
const ASK_KEPT: &str = "; Max-Age=2592000";
/// Lets the browser forget.
const NOW_GONE: &str = "; Max-Age=0";
/// The length of 256 bits as base64url.
const LENGTH: usize = 43;

impl Cookie {
    /// Its name: bound to https and to this very host, unless we are on this machine alone.
    fn name(self, setup: &Setup) -> &'static str {
        match (self, setup.is_https()) {
            (Self::Ask, true) => "__Host-ask",
            (Self::Ask, false) => "ask",
            (Self::SignIn, true) => "__Host-signin",
            (Self::SignIn, false) => "signin",
        }
    }

    /// What the browser sent, if it can be a value of ours.
    pub(crate) fn read(self, setup: &Setup, headers: &HeaderMap) -> Option<String> {
        let name = self.name(setup);
        let all = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|it| it.to_str().ok());
        let pairs = all
            .flat_map(|it| it.split(';'))
            .filter_map(|it| it.trim().split_once('='));
        let mut values = pairs.filter(|(it, _)| *it == name).map(|(_, value)| value);
        let value = values.next().filter(|it| is_ours(it))?;
        // Two of them: somebody else has put one there, and we cannot know which.
        values.all(|it| it == value).then(|| value.to_owned())
    }

    /// Gives the browser a value.
    pub(crate) fn give(self, setup: &Setup, value: &str) -> Result<Given, Error> {
        let kept = match self {
            Self::Ask => ASK_KEPT,
            Self::SignIn => "",
        };
        self.line(setup, value, kept)
    }

    /// Lets the browser forget its value.
    pub(crate) fn take(self, setup: &Setup) -> Result<Given, Error> {
        self.line(setup, "", NOW_GONE)
    }

    fn line(self, setup: &Setup, value: &str, kept: &str) -> Result<Given, Error> {
        let secure = if setup.is_https() { "; Secure" } else { "" };
        let line = format!(
            "{}={value}; Path=/{secure}; HttpOnly; SameSite=Lax{kept}",
            self.name(setup)
        );
        HeaderValue::from_str(&line).map(Given).map_err(Error::fault)
    }
}

fn is_ours(value: &str) -> bool {
    value.len() == LENGTH
        && value
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"-_".contains(&it))
}

/// A cookie on its way to the browser.
#[derive(Clone, Debug)]
pub(crate) struct Given(HeaderValue);

impl Given {
    /// Puts it on an answer.
    pub(crate) fn on(self, answer: impl IntoResponse) -> Response {
        let mut answer = answer.into_response();
        answer.headers_mut().append(header::SET_COOKIE, self.0);
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setup(base_url: &str) -> Setup {
        Setup {
            base_url: base_url.to_owned(),
            trusted_proxies: Vec::new(),
            rehearsal: false,
            mail_folder: None,
        }
    }

    fn sent(line: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(line).unwrap());
        Cookie::SignIn.read(&setup("https://courses.example.org"), &headers)
    }

    #[test]
    fn cookies_are_bound_to_the_host_and_out_of_reach_of_scripts() {
        let line = |base_url: &str, it: Cookie| {
            it.give(&setup(base_url), "x")
                .unwrap()
                .0
                .to_str()
                .unwrap()
                .to_owned()
        };
        assert_eq!(
            line("https://courses.example.org", Cookie::SignIn),
            "__Host-signin=x; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(
            line("http://127.0.0.1:8080", Cookie::Ask),
            "ask=x; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000"
        );
    }

    #[test]
    fn only_one_value_of_our_own_making_is_read() {
        let (one, other) = ("a".repeat(43), "b".repeat(43));
        assert_eq!(sent(&format!("x=1; __Host-signin={one}")), Some(one.clone()));
        assert_eq!(sent(&format!("signin={one}")), None);
        assert_eq!(sent("__Host-signin=short"), None);
        assert_eq!(sent(&format!("__Host-signin={one}; __Host-signin={other}")), None);
    }
}

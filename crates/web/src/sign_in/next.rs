//! Where somebody goes after they have logged in: only to pages of ours that need it, whatever a link
//! says (no open redirect).

use std::sync::LazyLock;

use axum::http::Uri;

use crate::routes::Who;

/// The longest address that is worth coming back to.
const LONGEST: usize = 500;

/// Pages that can only be seen by whoever is logged in.
static INSIDE: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let table = crate::route_table(false).into_iter();
    let inside = table.filter(|it| it.method == "GET" && matches!(it.who, Who::SignedIn | Who::Roles(_)));
    inside.map(|it| it.path).collect()
});

/// The address, if it is that of such a page.
pub(crate) fn read(text: &str) -> Option<String> {
    let plain = |it: u8| it.is_ascii_graphic() && !br#"\"<>#"#.contains(&it);
    let path = text.split('?').next().unwrap_or_default();
    let is_ours = text.len() <= LONGEST && text.bytes().all(plain) && INSIDE.iter().any(|it| fits(it, path));
    is_ours.then(|| text.to_owned())
}

/// The address of the page that somebody asked for.
pub(crate) fn of(uri: &Uri) -> Option<String> {
    read(uri.path_and_query().map_or(uri.path(), |it| it.as_str()))
}

/// A page with where to go afterwards in its address.
pub(crate) fn with(path: &str, next: Option<&str>) -> String {
    match next {
        None => path.to_owned(),
        Some(next) => {
            let mut query = form_urlencoded::Serializer::new(String::new());
            query.append_pair("next", next);
            format!("{path}?{}", query.finish())
        }
    }
}

/// What the address of a page says about where to go afterwards.
pub(crate) fn asked(uri: &Uri) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs
        .find_map(|(name, value)| (name == "next").then_some(value))
        .and_then(|it| read(&it))
}

/// Whether a path is one of a pattern.
fn fits(pattern: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (pattern.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(wanted), Some(given)) if wanted == given => {}
            (Some(wanted), Some(given)) if wanted.starts_with('{') && !given.is_empty() => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_are_gone_to() {
        for good in ["/account", "/team", "/today", "/account?page=2", "/stash/018f"] {
            assert_eq!(read(good).as_deref(), Some(good));
        }
        for bad in [
            "",
            "//evil.example",
            "//evil.example/account",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example/account",
            "https:/account",
            "javascript:alert(1)",
            "/account/../..//evil.example",
            "/account\r\nLocation: //evil.example",
            "/account#x",
            "/courses",
            "/login",
            "/logout",
            "account",
            "/stash/",
            " /account",
            "/%2f/evil.example",
            "/account@evil.example",
        ] {
            assert_eq!(read(bad), None, "{bad:?}");
        }
        assert_eq!(read(&format!("/account?{}", "x".repeat(500))), None);
    }

    #[test]
    fn the_address_of_a_page_carries_it_and_gives_it_back() {
        let uri: Uri = with("/login", Some("/account?a=1&b=2")).parse().unwrap();
        assert_eq!(uri.to_string(), "/login?next=%2Faccount%3Fa%3D1%26b%3D2");
        assert_eq!(asked(&uri).as_deref(), Some("/account?a=1&b=2"));
        assert_eq!(asked(&"/login?next=//evil.example".parse().unwrap()), None);
        assert_eq!(asked(&with("/login", None).parse().unwrap()), None);
    }
}

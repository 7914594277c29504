//! The files of `static/`: compiled in, compressed once, served under names that change with their content.
//!
//! `url("app.css")` is `/static/app.0123456789abcdef.css`. Where a stylesheet or script names another file by its plain
//! address (`/static/…`), the hashed name is put in before its own hash is taken. So every request is for a hashed
//! name, and every answer may be kept for ever.

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use data_encoding::HEXLOWER;
use flate2::{Compression, write::GzEncoder};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

/// Kept for a year, which is as long as it may be: the name changes when the content does.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

#[derive(RustEmbed)]
#[folder = "static/"]
struct Files;

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::load);

struct Assets {
    /// Plain name to hashed address.
    urls: HashMap<String, String>,
    /// What follows `/static/` in a hashed address, and what is served there.
    served: HashMap<String, Asset>,
}

struct Asset {
    content_type: &'static str,
    plain: Bytes,
    compressed: Option<Bytes>,
}

/// The address of a file of `static/`, as `app.css` or `nhsuk/images/nhsuk-icon-cross.svg`.
pub(crate) fn url(name: &str) -> &'static str {
    let url = ASSETS.urls.get(name);
    debug_assert!(url.is_some(), "static/{name} does not exist");
    url.map_or("", String::as_str)
}

/// Answers `GET /static/{*path}`.
pub(crate) async fn serve(Path(path): Path<String>, headers: HeaderMap) -> Response {
    match ASSETS.served.get(&path) {
        Some(asset) => asset.answer(accepts_gzip(&headers)),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

/// A stylesheet we made ourselves, under an address that changes with it.
pub(crate) fn stylesheet(css: &str) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type("theme.css")),
        (CACHE_CONTROL, FOR_EVER),
    ];
    (headers, css.to_owned()).into_response()
}

/// The part of a name that changes with the content.
pub(crate) fn fingerprint(content: &[u8]) -> String {
    let mut hex = HEXLOWER.encode(&Sha256::digest(content));
    hex.truncate(16);
    hex
}

impl Assets {
    fn load() -> Self {
        let mut assets = Self {
            urls: HashMap::new(),
            served: HashMap::new(),
        };
        let (names_others, stands_alone): (Vec<_>, Vec<_>) = Files::iter()
            .filter_map(|name| Some((Files::get(&name)?.data.into_owned(), name.into_owned())))
            .partition(|(content, _)| content.windows(8).any(|it| it == b"/static/"));
        for (content, name) in stands_alone {
            assets.add(&name, content);
        }
        for (content, name) in names_others {
            let content = assets.with_hashed_names(&content);
            assets.add(&name, content);
        }
        assets
    }

    fn with_hashed_names(&self, content: &[u8]) -> Vec<u8> {
        let mut text = String::from_utf8_lossy(content).into_owned();
        for (name, url) in &self.urls {
            text = text.replace(&format!("/static/{name}"), url);
        }
        text.into_bytes()
    }

    fn add(&mut self, name: &str, content: Vec<u8>) {
        let hash = fingerprint(&content);
        let hashed = match name.rsplit_once('.') {
            Some((stem, extension)) => format!("{stem}.{hash}.{extension}"),
            None => format!("{name}.{hash}"),
        };
        self.urls.insert(name.to_owned(), format!("/static/{hashed}"));
        self.served
            .insert(hashed, Asset::new(content_type(name), content));
    }
}

impl Asset {
    fn new(content_type: &'static str, content: Vec<u8>) -> Self {
        Self {
            content_type,
            compressed: compress(&content),
            plain: content.into(),
        }
    }

    fn answer(&self, gzip: bool) -> Response {
        let headers = [
            (CONTENT_TYPE, self.content_type),
            (CACHE_CONTROL, FOR_EVER),
            (VARY, "accept-encoding"),
        ];
        match &self.compressed {
            Some(compressed) if gzip => {
                (headers, [(CONTENT_ENCODING, "gzip")], compressed.clone()).into_response()
            }
            _ => (headers, self.plain.clone()).into_response(),
        }
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.') {
        Some((_, "css")) => "text/css; charset=utf-8",
        Some((_, "js")) => "text/javascript; charset=utf-8",
        Some((_, "svg")) => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

/// Nothing when compressing makes the file no smaller.
fn compress(content: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).ok()?;
    let compressed = encoder.finish().ok()?;
    (compressed.len() < content.len()).then(|| compressed.into())
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let offers = headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok());
    offers.flat_map(|value| value.split(',')).any(|offer| {
        let (coding, quality) = offer.split_once(';').unwrap_or((offer, "q=1"));
        let refused = quality.trim().strip_prefix("q=").and_then(|q| q.parse().ok()) == Some(0.0_f32);
        coding.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;

    use super::*;

    /// As `node build.mjs` in `ui/` prints them.
    const VENDORED: [(&str, &str); 6] = [
        (
            "nhsuk-10.6.1.css",
            "d743ff96c5a23eb560cf216d45519862165522984b62d8f90ca1f52dd91d812b",
        ),
        (
            "nhsuk-10.6.1.js",
            "ac4d3c251bdf86aa0d84a7fc057a9eb141bf3be884692c8e57318c59226c021c",
        ),
        (
            "nhsuk/images/nhsuk-icon-arrow-down.svg",
            "413e412e70e61d4b26e608507cc009ae952eb57e3a3126f55587a7cc0ee453b8",
        ),
        (
            "nhsuk/images/nhsuk-icon-arrow-up-down.svg",
            "e5b217ca77e17e98e533c4272d2c41b88aadce5470e3af454a3359538734281b",
        ),
        (
            "nhsuk/images/nhsuk-icon-arrow-up.svg",
            "b8bee584537e8cc275eb49974427b84e9722ac22ab76adb1b32420e3266785d7",
        ),
        (
            "nhsuk/images/nhsuk-icon-cross.svg",
            "694bdf45a657c8b88c958f33ab724ddcd875b8dfa2006cdd27f6d861b0a306fb",
        ),
    ];

    const OURS: [&str; 4] = ["LICENSE-nhsuk-frontend", "app.css", "app.js", "favicon.svg"];

    fn file(name: &str) -> Vec<u8> {
        Files::get(name)
            .unwrap_or_else(|| panic!("static/{name}"))
            .data
            .into_owned()
    }

    fn served(name: &str) -> &'static Asset {
        let path = url(name).strip_prefix("/static/").unwrap_or_default();
        ASSETS
            .served
            .get(path)
            .unwrap_or_else(|| panic!("{name} is not served"))
    }

    fn text(name: &str) -> String {
        String::from_utf8(served(name).plain.to_vec()).unwrap_or_default()
    }

    async fn get(path: &str, accept_encoding: &'static str) -> Response {
        let mut headers = HeaderMap::new();
        if !accept_encoding.is_empty() {
            headers.insert(
                ACCEPT_ENCODING,
                accept_encoding.parse().unwrap_or_else(|_| panic!("a header")),
            );
        }
        serve(Path(path.trim_start_matches("/static/").to_owned()), headers).await
    }

    async fn body(response: Response) -> Vec<u8> {
        response
            .into_body()
            .collect()
            .await
            .map(|it| it.to_bytes().to_vec())
            .unwrap_or_default()
    }

    #[test]
    fn vendored_files_are_those_the_library_gave_us() {
        for (name, hash) in VENDORED {
            assert_eq!(HEXLOWER.encode(&Sha256::digest(file(name))), hash, "{name}");
        }
    }

    #[test]
    fn there_are_no_other_files() {
        let mut found: Vec<_> = Files::iter().map(std::borrow::Cow::into_owned).collect();
        let mut known: Vec<_> = VENDORED.iter().map(|(name, _)| *name).chain(OURS).collect();
        found.sort();
        known.sort_unstable();
        assert_eq!(found, known);
    }

    #[test]
    fn files_name_each_other_by_hashed_names_only() {
        for name in ["nhsuk-10.6.1.css", "app.css", "app.js"] {
            for rest in text(name).split("/static/").skip(1) {
                let path = rest.split(['"', '\'', ')']).next().unwrap_or_default();
                assert!(ASSETS.served.contains_key(path), "{name} names {path}");
            }
        }
        assert!(text("app.js").contains(url("nhsuk-10.6.1.js")));
    }

    #[test]
    fn nothing_is_loaded_from_another_host() {
        for name in ["nhsuk-10.6.1.css", "app.css"] {
            let css = text(name);
            for address in css.split("url(").skip(1) {
                assert!(
                    address.trim_start_matches(['"', '\'']).starts_with("/static/"),
                    "{name}: {address:.60}"
                );
            }
            assert!(!css.contains("@import") && !css.contains("@font-face"), "{name}");
            assert!(!css.to_lowercase().contains("frutiger"), "{name}");
        }
        for name in ["nhsuk-10.6.1.js", "app.js"] {
            let js = text(name);
            assert!(
                !js.contains("http:") && !js.contains("https:") && !js.contains("sourceMappingURL"),
                "{name}"
            );
        }
    }

    #[test]
    fn our_own_layer_stays_small() {
        assert!(file("app.css").len() <= 8 * 1024);
        assert!(text("app.js").lines().count() <= 150);
        let first_load = ["nhsuk-10.6.1.css", "nhsuk-10.6.1.js", "app.css", "app.js"];
        let bytes: usize = first_load
            .iter()
            .filter_map(|name| served(name).compressed.as_ref())
            .map(Bytes::len)
            .sum();
        assert!(bytes < 60_000, "{bytes} bytes");
    }

    #[tokio::test]
    async fn a_browser_may_keep_a_hashed_file_for_ever() {
        let response = get(url("app.css"), "br, gzip").await;
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(header(CONTENT_TYPE), Some("text/css; charset=utf-8"));
        assert_eq!(header(CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
        assert_eq!(header(CONTENT_ENCODING), Some("gzip"));
        assert_eq!(header(VARY), Some("accept-encoding"));

        let mut unpacked = Vec::new();
        let read = GzDecoder::new(body(response).await.as_slice()).read_to_end(&mut unpacked);
        assert!(read.is_ok());
        assert_eq!(unpacked, file("app.css"));
    }

    #[tokio::test]
    async fn a_file_is_plain_for_those_who_do_not_take_gzip() {
        for accept_encoding in ["", "br", "gzip;q=0", "identity, gzip; q=0.0"] {
            let response = get(url("favicon.svg"), accept_encoding).await;
            assert_eq!(
                response.headers().get(CONTENT_ENCODING),
                None,
                "{accept_encoding}"
            );
            assert_eq!(body(response).await, file("favicon.svg"));
        }
    }

    #[tokio::test]
    async fn a_plain_or_old_name_is_not_found() {
        for path in [
            "/static/app.css",
            "/static/app.0000000000000000.css",
            "/static/",
            "/static/../Cargo.toml",
        ] {
            assert_eq!(get(path, "gzip").await.status(), StatusCode::NOT_FOUND, "{path}");
        }
    }
}

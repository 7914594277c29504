//! What holds for every answer that a scenario gets, looked at each time one comes: no cookie but those of logging in (T-31),
//! nothing kept by the browser (U-38), and in every page no id (T-37), nothing that the content policy
//! forbids (U-02, U-03), the support text in its place (U-34) and none of the words we do not say (U-35).

use axum::http::{HeaderMap, header};
use scraper::{ElementRef, Html, Selector};

/// The "not" words of section 9 of the page rules, as whole words.
const NOT_SAID: [&str; 24] = [
    "sufferer",
    "sufferers",
    "service user",
    "service users",
    "fail",
    "failed",
    "fails",
    "failure",
    "reject",
    "rejected",
    "no-show",
    "waitlist",
    "wait list",
    "sign in",
    "signed in",
    "e-mail",
    "telephone",
    "run",
    "runs",
    "session",
    "sessions",
    "e-mails",
    "failing",
    "rejects",
];

/// The sentence of the course file in which trainers run a course.
const SAID_BY_THE_COURSE: &str = "plan, run and review this course";

/// What is wrong with an answer, in words.
pub(crate) fn faults(path: &str, headers: &HeaderMap, body: &str) -> Vec<String> {
    let text = |name| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or("");
    let mut faults = Vec::new();
    let cookies = headers.get_all(header::SET_COOKIE).iter();
    for line in cookies.map(|it| it.to_str().unwrap_or_default()) {
        if !is_cookie_of_log_in(path, line) {
            faults.push(format!("T-31: it sets the cookie {line:?}"));
        }
    }
    if !path.starts_with("/static/") && text(header::CACHE_CONTROL) != "no-store" {
        faults.push("U-38: a browser may keep it".to_owned());
    }
    let id = an_id(path).or_else(|| an_id(text(header::LOCATION)));
    if let Some(id) = id.filter(|_| !is_inside(path) && !is_inside(text(header::LOCATION))) {
        faults.push(format!("T-37: its address holds the id {id}"));
    }
    // An answer to HEAD has no page.
    if text(header::CONTENT_TYPE).starts_with("text/html") && !body.is_empty() {
        faults.extend(page_faults(body, is_inside(path)));
    }
    faults
}

/// Pages for people who are logged in, and those that bring them back there: ids give no rights in them
/// and may be seen (T-37).
fn is_inside(path: &str) -> bool {
    [
        "/account",
        "/admin/",
        "/stash/",
        "/team/",
        "/today",
        "/sessions/",
        "/login",
        "/step-up",
    ]
    .iter()
    .any(|it| path.starts_with(it))
}

/// The two cookies of logging in, and only where people log in or out (T-16, T-31).
fn is_cookie_of_log_in(path: &str, line: &str) -> bool {
    let is_there = ["/login", "/logout", "/step-up", "/rehearsal/log-in"]
        .iter()
        .any(|it| path == *it || path.starts_with(&format!("{it}/")));
    let name = line.split('=').next().unwrap_or_default();
    let is_one = ["ask", "signin", "__Host-ask", "__Host-signin"].contains(&name);
    is_there && is_one && line.contains("; Path=/; HttpOnly; SameSite=Lax")
}

fn page_faults(body: &str, is_inside: bool) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(id) = an_id(body).filter(|_| !is_inside) {
        faults.push(format!("T-37: it holds the id {id}"));
    }
    let page = Html::parse_document(body);
    let everything = Selector::parse("*").expect("a selector");
    faults.extend(page.select(&everything).filter_map(forbidden));
    let support = Selector::parse("main + * aside.al-help, body > aside.al-help").expect("a selector");
    let helps: Vec<String> = page.select(&support).map(words).collect();
    if helps.len() != 1 || !helps.iter().all(|it| it.contains("116 123")) {
        faults.push(format!("U-34: the support text is not in its place: {helps:?}"));
    }
    let body = Selector::parse("body").expect("a selector");
    let said: String = page.select(&body).map(words).collect();
    if said.contains('!') {
        faults.push("U-35: it calls out with \"!\"".to_owned());
    }
    let said = said.replace(SAID_BY_THE_COURSE, "").to_lowercase();
    let not_said = NOT_SAID.iter().filter(|it| has_word(&said, it));
    faults.extend(not_said.map(|it| format!("U-35: it says {it:?}")));
    faults
}

/// What the content policy would stop, or would have to be loosened for.
fn forbidden(element: ElementRef<'_>) -> Option<String> {
    let it = element.value();
    let inline = match it.name() {
        "style" => true,
        "script" => it.attr("src").is_none() || element.text().any(|it| !it.trim().is_empty()),
        _ => it
            .attrs()
            .any(|(name, _)| name == "style" || name.starts_with("on")),
    };
    let loaded = match it.name() {
        "script" | "img" | "iframe" => it.attr("src"),
        "link" => it.attr("href"),
        "form" => it.attr("action"),
        _ => None,
    };
    let is_ours = |it: &str| it.is_empty() || (it.starts_with('/') && !it.starts_with("//"));
    let elsewhere = loaded.is_some_and(|it| !is_ours(it));
    let runs = ["href", "src", "action", "formaction"].iter().any(|name| {
        it.attr(name)
            .is_some_and(|it| it.trim().to_lowercase().starts_with("javascript:"))
    });
    (inline || elsewhere || runs).then(|| format!("U-02, U-03: {}", element.html()))
}

fn words(element: ElementRef<'_>) -> String {
    let text: String = element.text().flat_map(|it| [it, " "]).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        ![before, after].iter().flatten().any(|it| it.is_alphanumeric())
    })
}

/// The first text of the form of a record's id.
fn an_id(text: &str) -> Option<&str> {
    let is_id = |it: &[u8]| {
        it.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    };
    let at = text.as_bytes().windows(36).position(is_id)?;
    text.get(at..at + 36)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(main: &str) -> String {
        format!(
            "<!DOCTYPE html><html lang=\"en\"><head><title>x</title></head><body><main>{main}</main>\
             <aside class=\"al-help\">Call Samaritans on 116 123</aside></body></html>"
        )
    }

    #[test]
    fn a_plain_page_is_sound() {
        assert_eq!(
            page_faults(&page("<p>You have failed-safe words</p>"), false).len(),
            1
        );
        assert_eq!(page_faults(&page("<p>Your place is booked</p>"), false), [""; 0]);
    }

    #[test]
    fn each_fault_is_seen() {
        for (main, rule) in [
            ("<p>018f4d2e-7c11-7a2b-9c3d-0123456789ab</p>", "T-37"),
            ("<p style=\"color:red\">x</p>", "U-02"),
            ("<style>p{}</style>", "U-02"),
            ("<script>1</script>", "U-02"),
            ("<script src=\"/a.js\">1</script>", "U-02"),
            ("<script src=\"https://elsewhere.example/a.js\"></script>", "U-02"),
            ("<form action=\"//elsewhere.example\"></form>", "U-02"),
            ("<p onmouseover=\"x\">x</p>", "U-02"),
            ("<a href=\" JavaScript:x\">x</a>", "U-02"),
            ("<p>Well done!</p>", "U-35"),
            ("<p>A Service User</p>", "U-35"),
            ("<p>The next run of the course</p>", "U-35"),
            ("<aside class=\"al-help\">none</aside>", ""),
        ] {
            let faults = page_faults(&page(main), false);
            assert_eq!(
                faults.iter().any(|it| it.starts_with(rule)),
                !rule.is_empty(),
                "{main}: {faults:?}"
            );
        }
        assert!(page_faults("<p>bare</p>", false)[0].starts_with("U-34"));
        let mut headers = HeaderMap::new();
        headers.insert(header::SET_COOKIE, header::HeaderValue::from_static("a=b"));
        let faults = faults("/", &headers, "");
        assert!(
            faults[0].starts_with("T-31") && faults[1].starts_with("U-38"),
            "{faults:?}"
        );
        for (path, line, is_sound) in [
            ("/login/code", "signin=x; Path=/; HttpOnly; SameSite=Lax", true),
            ("/login/code", "signin=x; Path=/; SameSite=Lax", false),
            ("/login/code", "other=x; Path=/; HttpOnly; SameSite=Lax", false),
            ("/loginless", "signin=x; Path=/; HttpOnly; SameSite=Lax", false),
            ("/courses", "signin=x; Path=/; HttpOnly; SameSite=Lax", false),
        ] {
            assert_eq!(is_cookie_of_log_in(path, line), is_sound, "{path} {line}");
        }
    }
}

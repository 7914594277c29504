//! One person books a place, as the pages of the service lead them: every form is sent to the address
//! and with the hidden numbers that its page holds.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::Result;
use crate::client::Client;

/// How a visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Booked,
    /// Somebody else took the last place.
    NoPlace,
}

/// One request of a visit.
#[derive(Clone, Debug)]
pub(crate) struct Lap {
    pub(crate) method: &'static str,
    pub(crate) took: Duration,
    /// Bytes of the page.
    pub(crate) size: usize,
}

/// A form as far as it has been filled in.
#[derive(Clone, Debug)]
pub(crate) struct Ready {
    action: String,
    body: String,
}

/// Hears of each request of a visit.
pub(crate) trait Hear: FnMut(Lap) + Send {}
impl<F: FnMut(Lap) + Send> Hear for F {}

static VISITORS: AtomicU32 = AtomicU32::new(1);

/// The number of somebody who was not here before.
pub(crate) fn new_visitor() -> u32 {
    VISITORS.fetch_add(1, Ordering::Relaxed)
}

/// A whole visit, from the first question to the page that says what happens next.
pub(crate) async fn book(client: &mut Client, path: &str, visitor: u32, hear: &mut impl Hear) -> Result<End> {
    let ready = prepare(client, path, visitor, hear).await?;
    let Some(done) = send(client, &ready, hear).await? else {
        return Ok(End::NoPlace);
    };
    get(client, &done, hear).await?;
    Ok(End::Booked)
}

/// All questions but the last button.
pub(crate) async fn prepare(
    client: &mut Client,
    path: &str,
    visitor: u32,
    hear: &mut impl Hear,
) -> Result<Ready> {
    client.be(visitor);
    let mut at = path.to_owned();
    for step in 0..LAST {
        get(client, &at, hear).await?;
        let ready = fill(client.page()?, &at, step, visitor)?;
        at = send(client, &ready, hear)
            .await?
            .ok_or("the dates were full before anybody asked for a place")?;
    }
    get(client, &at, hear).await?;
    fill(client.page()?, &at, LAST, visitor)
}

/// The last button alone.
pub(crate) async fn press(client: &mut Client, ready: &Ready) -> Result<End> {
    let done = send(client, ready, &mut |_| {}).await?;
    Ok(if done.is_some() { End::Booked } else { End::NoPlace })
}

async fn get(client: &mut Client, path: &str, hear: &mut impl Hear) -> Result<()> {
    let begun = Instant::now();
    let answer = client.get(path).await?;
    hear(Lap {
        method: "GET",
        took: begun.elapsed(),
        size: client.page()?.len(),
    });
    if answer.status == 200 {
        Ok(())
    } else {
        Err(told("GET", path, answer.status, client))
    }
}

/// Where the form leads; nowhere if the place is gone.
async fn send(client: &mut Client, ready: &Ready, hear: &mut impl Hear) -> Result<Option<String>> {
    let begun = Instant::now();
    let answer = client.post(&ready.action, &ready.body).await?;
    hear(Lap {
        method: "POST",
        took: begun.elapsed(),
        size: client.page()?.len(),
    });
    match (answer.status, answer.location) {
        (303, Some(to)) => Ok(Some(path_of(&to).to_owned())),
        (409, _) => Ok(None),
        (status, _) => Err(told("POST", &ready.action, status, client)),
    }
}

/// A location may be a whole address.
fn path_of(location: &str) -> &str {
    let rest = location.split_once("://").map_or(location, |(_, rest)| rest);
    rest.find('/').map_or(location, |at| &rest[at..])
}

/// What went wrong, with the heading of the page.
fn told(method: &str, path: &str, status: u16, client: &Client) -> Box<dyn std::error::Error + Send + Sync> {
    let page = client.page().unwrap_or_default();
    let heading = between(page, "<h1", "</h1>")
        .and_then(|it| it.split_once('>'))
        .map_or("", |(_, it)| it.trim());
    format!("{method} {path}: {status} {heading}").into()
}

/// The form of a page with a visitor's answers to it.
fn fill(page: &str, at: &str, step: usize, visitor: u32) -> Result<Ready> {
    let (tag, rest) = page
        .split("<form")
        .skip(1)
        .filter_map(|it| it.split_once('>'))
        .find(|(tag, _)| attribute(tag, "method").is_some_and(|it| it.eq_ignore_ascii_case("post")))
        .ok_or_else(|| format!("{at}: no form to send"))?;
    let action = attribute(tag, "action").filter(|it| !it.is_empty()).unwrap_or(at);
    let mut body = form_urlencoded::Serializer::new(String::new());
    let inside = rest.split("</form>").next().unwrap_or(rest);
    for input in inside
        .split("<input")
        .skip(1)
        .filter_map(|it| it.split('>').next())
    {
        if attribute(input, "type") == Some("hidden") {
            body.append_pair(
                attribute(input, "name").unwrap_or_default(),
                attribute(input, "value").unwrap_or_default(),
            );
        }
    }
    for (name, value) in answers(step, visitor) {
        body.append_pair(name, &value);
    }
    Ok(Ready {
        action: action.to_owned(),
        body: body.finish(),
    })
}

/// The value of an attribute; addresses and numbers of ours hold nothing that HTML would write
/// differently.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag;
    while let Some(at) = rest.find(name) {
        let (before, after) = rest.split_at(at);
        rest = &after[name.len()..];
        if before.ends_with(char::is_whitespace)
            && let Some(value) = rest.strip_prefix("=\"")
        {
            return value.split('"').next();
        }
    }
    None
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(from)?;
    rest.split_once(to).map(|(found, _)| found)
}

/// The number of the page with the last button.
const LAST: usize = 3;

/// What visitors answer on each page: names, how to be in touch, what would help, the two statements.
fn answers(step: usize, visitor: u32) -> Vec<(&'static str, String)> {
    let texts = |pairs: &[(&'static str, &str)]| {
        pairs
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect::<Vec<_>>()
    };
    match step {
        0 => vec![
            ("full_name", format!("Robin Visitor {visitor}")),
            ("called_name", "Robin".to_owned()),
            ("pronouns", String::new()),
        ],
        1 => vec![
            ("email", format!("visitor{visitor}@example.org")),
            ("phone", "01632 960 001".to_owned()),
            ("prefers", "email".to_owned()),
            ("info_format", "standard".to_owned()),
        ],
        2 => texts(&[
            ("hopes", "To learn how to listen"),
            ("someone_name", ""),
            ("someone_phone", ""),
        ]),
        _ => texts(&[("over_18", "yes"), ("agreed", "yes")]),
    }
}

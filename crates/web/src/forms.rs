//! Form bodies, read strictly (T-32, T-34), and answers that stay in the form with a note.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use booking::Refusal;
use http_body_util::{BodyExt, Limited};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::app::App;
use crate::error::Error;
use crate::sign_in::SignedIn;

/// The largest body of a form that anybody can send.
pub(crate) const BODY: usize = 64 * 1024;
/// The largest body of a form of somebody who is logged in: it may hold a whole text (T-32).
pub(crate) const BODY_INSIDE: usize = 256 * 1024;
/// The most fields of a form that anybody can send.
const FIELDS: usize = 100;
/// The most fields of a form of somebody who is logged in: a register has one for each person.
pub(crate) const FIELDS_INSIDE: usize = 500;

/// The fields of a form as they came: cleaned, none twice but in lists, none unknown.
///
/// Take every field the page has, then call [`Fields::done`].
#[derive(Debug)]
pub(crate) struct Fields {
    left: Vec<(String, String)>,
    content: String,
}

impl FromRequest<App> for Fields {
    type Rejection = Error;

    async fn from_request(request: Request, _: &App) -> Result<Self, Error> {
        let kind = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|it| it.to_str().ok())
            .unwrap_or("");
        let body_is_form = kind
            .split(';')
            .next()
            .is_some_and(|it| it.trim() == "application/x-www-form-urlencoded");
        let path = request.uri().path().to_owned();
        let is_inside = request.extensions().get::<SignedIn>().is_some();
        let most = if is_inside { BODY_INSIDE } else { BODY };
        let body = Limited::new(request.into_body(), most)
            .collect()
            .await
            .map_err(|error| {
                if error.downcast_ref::<http_body_util::LengthLimitError>().is_some() {
                    Error::TooLarge
                } else {
                    bad("the body did not arrive")
                }
            })?;
        let bytes = body.to_bytes();
        if !body_is_form && !bytes.is_empty() {
            return Err(bad("the body is not a form"));
        }
        if is_inside {
            Self::parse_up_to(FIELDS_INSIDE, &path, &bytes)
        } else {
            Self::parse(&path, &bytes)
        }
    }
}

/// How much of a body is taken in before it is known who sends it: whoever brings a log in may send more.
/// Whether it counts is found out later, and then the limit of [`Fields`] holds.
pub(crate) fn most(headers: &HeaderMap) -> usize {
    let cookies = headers.get_all(header::COOKIE).iter();
    let mut cookies = cookies.filter_map(|it| it.to_str().ok());
    if cookies.any(|it| it.contains("signin=")) {
        BODY_INSIDE
    } else {
        BODY
    }
}

fn bad(why: &str) -> Error {
    Error::BadForm(why.to_owned())
}

impl Fields {
    /// A form that anybody can send.
    pub(crate) fn parse(path: &str, body: &[u8]) -> Result<Self, Error> {
        Self::parse_up_to(FIELDS, path, body)
    }

    /// A form with no more than so many fields (T-32).
    pub(crate) fn parse_up_to(most: usize, path: &str, body: &[u8]) -> Result<Self, Error> {
        let left = pairs(most, body)?;
        // What makes two requests the same request: where it went and everything in it but the number.
        let same = left.iter().filter(|(name, _)| name != "op");
        let content = serde_json::to_string(&(path, same.collect::<Vec<_>>())).map_err(Error::fault)?;
        Ok(Self { left, content })
    }

    /// The one value of a one-line field, trimmed; empty if it did not come. A tab, as it comes with text
    /// copied from a table, is a space; other control characters are refused (T-34).
    pub(crate) fn line(&mut self, name: &str) -> Result<String, Error> {
        let value = self.one(name)?.replace('\t', " ");
        if value.chars().any(char::is_control) {
            return Err(bad("a one-line field has more than one line"));
        }
        Ok(value)
    }

    /// The one value of a field of several lines, trimmed, lines ended by LF.
    pub(crate) fn text(&mut self, name: &str) -> Result<String, Error> {
        let value = self.one(name)?.replace("\r\n", "\n").replace('\r', "\n");
        if value
            .chars()
            .any(|it| it.is_control() && it != '\n' && it != '\t')
        {
            return Err(bad("a text has control characters"));
        }
        Ok(value)
    }

    /// All values of a list of checkboxes.
    pub(crate) fn many(&mut self, name: &str) -> Result<Vec<String>, Error> {
        let values: Vec<String> = self
            .left
            .extract_if(.., |(field, _)| field == name)
            .map(|(_, value)| value)
            .collect();
        if values.iter().any(|it| it.chars().any(char::is_control)) {
            return Err(bad("a choice has control characters"));
        }
        Ok(values)
    }

    /// The once-only number of the form (T-35), if it is one.
    pub(crate) fn op(&mut self) -> Result<Option<String>, Error> {
        let op = self.line("op")?;
        let well_formed = op.len() == 32 && op.bytes().all(|it| it.is_ascii_hexdigit());
        match (op.is_empty(), well_formed) {
            (true, _) => Ok(None),
            (false, true) => Ok(Some(op)),
            (false, false) => Err(bad("the number of the form is malformed")),
        }
    }

    /// Every field as it came, in order.
    pub(crate) fn all(self) -> Vec<(String, String)> {
        self.left
    }

    /// What was sent and where, without the number: the same for a repeat, different otherwise.
    pub(crate) fn content(&self) -> &str {
        &self.content
    }

    /// Refuses fields that nobody asked for (T-34).
    pub(crate) fn done(&self) -> Result<(), Error> {
        if self.left.is_empty() {
            Ok(())
        } else {
            Err(bad("it has a field that the page does not have"))
        }
    }

    fn one(&mut self, name: &str) -> Result<String, Error> {
        let mut values = self
            .left
            .extract_if(.., |(field, _)| field == name)
            .map(|(_, value)| value);
        let first = values.next().unwrap_or_default();
        if values.count() > 0 {
            return Err(bad("a field came twice"));
        }
        Ok(first)
    }
}

fn pairs(most: usize, body: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let mut found = Vec::new();
    for pair in body.split(|it| *it == b'&').filter(|it| !it.is_empty()) {
        if found.len() == most {
            return Err(bad("it has too many fields"));
        }
        let mut halves = pair.splitn(2, |it| *it == b'=');
        let name = decoded(halves.next().unwrap_or_default())?;
        let value = decoded(halves.next().unwrap_or_default())?;
        found.push((name, clean(&value)?));
    }
    Ok(found)
}

/// Percent-decodes strictly: what is not UTF-8 is refused, not replaced.
fn decoded(part: &[u8]) -> Result<String, Error> {
    let mut bytes = Vec::with_capacity(part.len());
    let mut rest = part.iter().copied();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let hex = |it: Option<u8>| it.and_then(|it| char::from(it).to_digit(16));
                let (high, low) = (hex(rest.next()), hex(rest.next()));
                let (Some(high), Some(low)) = (high, low) else {
                    return Err(bad("it is not encoded as a form"));
                };
                bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            }
            _ => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).map_err(|_| bad("it is not UTF-8"))
}

/// One normal form, no invisible direction marks, no white space around (T-34).
fn clean(value: &str) -> Result<String, Error> {
    if value.contains('\0') {
        return Err(bad("it has a NUL"));
    }
    // First what is hidden, then one form of what is left: it may join letters that stood apart.
    let visible = value.chars().filter(|it| !is_hidden(*it)).nfc();
    Ok(visible.collect::<String>().trim().to_owned())
}

/// Direction controls and zero-width characters, except the joiners that scripts and emoji need.
fn is_hidden(it: char) -> bool {
    matches!(it, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{061C}')
}

/// What somebody typed or chose, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// As it was sent.
    pub value: String,
    /// Shown beside the field; empty when nothing is wrong.
    #[serde(default)]
    pub error: String,
}

impl Answer {
    /// A value that nobody has judged yet.
    pub(crate) fn new(value: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            error: String::new(),
        }
    }

    /// Notes what is wrong.
    pub(crate) fn refuse(&mut self, error: impl Into<String>) {
        self.error = error.into();
    }

    /// Notes it if the value is longer than `most` characters (T-32).
    pub(crate) fn at_most(&mut self, most: usize, what: &str) {
        if self.value.chars().count() > most {
            self.refuse(format!("{what} must be {most} characters or fewer"));
        }
    }

    /// The value, or nothing if it is empty.
    pub(crate) fn given(&self) -> Option<String> {
        Some(self.value.clone()).filter(|it| !it.is_empty())
    }

    /// Whether something is wrong.
    pub(crate) fn is_wrong(&self) -> bool {
        !self.error.is_empty()
    }
}

/// One line of the error summary at the top of a form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Problem {
    /// `#` and the id of the field.
    pub href: String,
    /// The same words as beside the field.
    pub text: String,
}

/// The error summary of a form: what is wrong with the fields of these ids, in the order of the page.
pub(crate) fn problems<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Answer)>) -> Vec<Problem> {
    let wrong = fields.into_iter().filter(|(_, answer)| answer.is_wrong());
    wrong
        .map(|(id, answer)| Problem {
            href: format!("#{id}"),
            text: answer.error.clone(),
        })
        .collect()
}

/// The status of a form that comes back with notes.
pub(crate) const AGAIN: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;

/// The refusals that a page turns into a form of its own instead of the general page.
pub(crate) fn refusal(error: &Error) -> Option<Refusal> {
    if let Error::Refused(refusal) = error {
        Some(*refusal)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(body: &str) -> Result<Fields, Error> {
        Fields::parse("/x", body.as_bytes())
    }

    #[test]
    fn a_field_is_cleaned_and_taken_once() {
        let mut fields = read("name=+Zo%C3%AB%E2%80%AE+&op=00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(fields.line("name").unwrap(), "Zoë");
        assert!(fields.op().unwrap().is_some());
        fields.done().unwrap();
    }

    #[test]
    fn a_tab_in_a_line_is_a_space() {
        let mut fields = read("name=Sam%09Taylor%09").unwrap();
        assert_eq!(fields.line("name").unwrap(), "Sam Taylor");
        assert!(read("name=Sam%0BTaylor").unwrap().line("name").is_err());
    }

    #[test]
    fn what_our_pages_never_send_is_refused() {
        assert!(read("a=%FF").is_err());
        assert!(read("a=%0").is_err());
        assert!(read("a=%00").is_err());
        assert!(read("a=1&a=2").unwrap().line("a").is_err());
        assert!(read("a=1%0A2").unwrap().line("a").is_err());
        assert!(read("stranger=1").unwrap().done().is_err());
        assert!(read("op=1").unwrap().op().is_err());
        let many = "a=1&".repeat(101);
        assert!(read(&many).is_err());
        assert!(Fields::parse_up_to(FIELDS_INSIDE, "/x", many.as_bytes()).is_ok());
    }

    #[test]
    fn the_number_is_no_part_of_the_content() {
        let content = |body| read(body).unwrap().content().to_owned();
        assert_eq!(content("a=1&op=1"), content("a=1&op=2"));
        assert_ne!(content("a=1"), content("a=2"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fields::parse("/x", &body);
        }
    }
}

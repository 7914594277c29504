//! A mail of ours as a person would see it: for rehearsals, which show what was "sent", and tests.
//!
//! Reads what this program writes, not what the world writes: no charset but UTF-8, no comments in
//! headers.

use data_encoding::BASE64_MIME_PERMISSIVE;

/// A mail, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The headers, unfolded and decoded, in order.
    pub headers: Vec<(String, String)>,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// The calendar parts: what each asks for (`REQUEST`, `CANCEL`), and the calendar.
    pub calendars: Vec<(String, String)>,
}

impl Reading {
    /// Takes a mail apart.
    pub fn of(bytes: &[u8]) -> Self {
        let message = String::from_utf8_lossy(bytes);
        let mut reading = Self::default();
        let (head, _) = halves(&message);
        reading.headers = headers(head);
        reading.add(&message);
        reading
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        value(&self.headers, name)
    }

    /// The subject.
    pub fn subject(&self) -> &str {
        self.header("Subject").unwrap_or_default()
    }

    /// The addresses of pages in the text part, in order.
    pub fn links(&self) -> Vec<&str> {
        self.text
            .split_whitespace()
            .filter(|it| it.contains("://"))
            .collect()
    }

    fn add(&mut self, part: &str) {
        let (head, body) = halves(part);
        let headers = headers(head);
        let kind = value(&headers, "Content-Type").unwrap_or("text/plain");
        if let Some(boundary) = parameter(kind, "boundary").filter(|_| kind.starts_with("multipart/")) {
            let separator = format!("\r\n--{boundary}");
            let whole = format!("\r\n{body}");
            // What stands before the first separator and after the last is no part.
            for part in whole
                .split(&separator)
                .skip(1)
                .take_while(|it| !it.starts_with("--"))
            {
                self.add(part.strip_prefix("\r\n").unwrap_or(part));
            }
            return;
        }
        let text = decoded(
            body,
            value(&headers, "Content-Transfer-Encoding").unwrap_or("7bit"),
        );
        if kind.starts_with("text/calendar") {
            self.calendars
                .push((parameter(kind, "method").unwrap_or_default(), text));
        } else if kind.starts_with("text/html") {
            self.html = text;
        } else if kind.starts_with("text/plain") {
            self.text = text;
        }
    }
}

fn halves(part: &str) -> (&str, &str) {
    part.split_once("\r\n\r\n").unwrap_or((part, ""))
}

fn headers(head: &str) -> Vec<(String, String)> {
    let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let lines = unfolded.split("\r\n").filter_map(|line| line.split_once(':'));
    lines
        .map(|(name, value)| (name.to_owned(), words(value.trim())))
        .collect()
}

fn value<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|it| it.0.eq_ignore_ascii_case(name))
        .map(|it| it.1.as_str())
}

fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|it| {
        let (key, value) = it.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim_matches('"').to_owned())
    })
}

/// A header's value with its encoded words (RFC 2047) decoded; white space between two goes.
fn words(value: &str) -> String {
    let mut out = String::new();
    let mut after_encoded = false;
    for word in value.split(' ') {
        let plain = word
            .strip_prefix("=?utf-8?")
            .and_then(|it| it.strip_suffix("?="))
            .and_then(encoded_word);
        if !out.is_empty() && (!after_encoded || plain.is_none()) {
            out.push(' ');
        }
        after_encoded = plain.is_some();
        out.push_str(plain.as_deref().unwrap_or(word));
    }
    out
}

fn encoded_word(word: &str) -> Option<String> {
    let (how, text) = word.split_once('?')?;
    match how {
        "b" | "B" => Some(decoded(text, "base64")),
        "q" | "Q" => Some(decoded(&text.replace('_', " "), "quoted-printable")),
        _ => None,
    }
}

fn decoded(body: &str, how: &str) -> String {
    match how {
        "base64" => {
            let bytes = BASE64_MIME_PERMISSIVE.decode(body.as_bytes()).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        "quoted-printable" => {
            let mut bytes = Vec::with_capacity(body.len());
            let joined = body.replace("=\r\n", "");
            let mut rest = joined.as_str();
            while let Some((before, after)) = rest.split_once('=') {
                bytes.extend_from_slice(before.as_bytes());
                let byte = after.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok());
                bytes.push(byte.unwrap_or(b'='));
                rest = if byte.is_some() {
                    after.get(2..).unwrap_or_default()
                } else {
                    after
                };
            }
            bytes.extend_from_slice(rest.as_bytes());
            String::from_utf8_lossy(&bytes).into_owned()
        }
        _ => body.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lettre::Message;
    use lettre::message::header::ContentType;
    use lettre::message::{MultiPart, SinglePart};

    #[test]
    fn a_mail_is_read_as_it_was_written() {
        let text = "Dear Zoë,\r\n\r\nA line = 1.\r\n".to_owned();
        let html = format!("<p>{}</p>\r\n", "a long line ".repeat(120));
        let request: ContentType = "text/calendar; method=REQUEST; charset=utf-8".parse().unwrap();
        let calendar = SinglePart::builder()
            .header(request)
            .body("BEGIN:VCALENDAR\r\n".to_owned());
        let message = Message::builder()
            .from("Kurse für Alle <a@example.org>".parse().unwrap())
            .to("b@example.org".parse().unwrap())
            .subject("Zoë, this subject is so long that it takes two lines or even more of them")
            .multipart(
                MultiPart::mixed()
                    .multipart(MultiPart::alternative_plain_html(text.clone(), html.clone()))
                    .singlepart(calendar),
            )
            .unwrap();
        let reading = Reading::of(&message.formatted());
        assert_eq!(
            reading.subject(),
            "Zoë, this subject is so long that it takes two lines or even more of them"
        );
        assert!(
            reading
                .header("from")
                .is_some_and(|it| it.contains("Kurse für Alle")),
            "{:?}",
            reading.headers
        );
        assert_eq!(reading.text, text);
        assert_eq!(reading.html, html);
        assert_eq!(
            reading.calendars,
            [("REQUEST".to_owned(), "BEGIN:VCALENDAR\r\n".to_owned())]
        );
    }
}

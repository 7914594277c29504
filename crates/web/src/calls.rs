//! Phone numbers as links: a tired person on a phone need not remember one.

use crate::plain_text::{Block, Span};

/// A number in a sentence, and what a phone does with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Number {
    /// As it is written.
    pub(crate) written: String,
    /// `tel:…` to call it, `sms:…` to write to it.
    pub(crate) href: String,
}

/// The address that calls a number; nothing if there is more in it than a number.
pub(crate) fn call(number: &str) -> Option<String> {
    let plain: String = number
        .chars()
        .filter(|it| !matches!(it, ' ' | '\u{a0}' | '(' | ')' | '-' | '.'))
        .collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    let is_number = digits.len() >= 3 && digits.bytes().all(|it| it.is_ascii_digit());
    is_number.then(|| format!("tel:{plain}"))
}

/// The numbers that a text tells people to call, or, after the word "text", to write to.
pub(crate) fn numbers(text: &str) -> Vec<Number> {
    let mut found: Vec<Number> = Vec::new();
    let mut words = "";
    let mut rest = text;
    while let Some(at) = rest.find(|it: char| it.is_ascii_digit()) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|it: char| !it.is_ascii_digit() && it != ' ');
        let written = from.split_at(end.unwrap_or(from.len())).0.trim_end();
        let after = from.split_at(written.len()).1;
        words = before.rsplit(['.', ',']).next().unwrap_or(words);
        let is_word = before.ends_with(char::is_alphanumeric) || after.starts_with(char::is_alphabetic);
        if let Some(href) = call(written).filter(|_| !is_word) {
            let writes = words.split_whitespace().any(|it| it.eq_ignore_ascii_case("text"));
            let href = if writes {
                href.replacen("tel:", "sms:", 1)
            } else {
                href
            };
            found.push(Number {
                written: written.to_owned(),
                href,
            });
        }
        rest = after;
    }
    found
}

/// A text with links where these numbers are in it. A longer number is another number.
pub(crate) fn linked(text: &str, numbers: &[Number]) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut rest = text;
    while let Some((at, number)) = first(rest, numbers) {
        let (before, from) = rest.split_at(at);
        if !before.is_empty() {
            spans.push(plain(before));
        }
        spans.push(Span {
            text: number.written.clone(),
            href: Some(number.href.clone()),
        });
        rest = from.split_at(number.written.len()).1;
    }
    if !rest.is_empty() {
        spans.push(plain(rest));
    }
    spans
}

/// The same in every paragraph and list; headings stay words.
pub(crate) fn linked_in(blocks: Vec<Block>, numbers: &[Number]) -> Vec<Block> {
    let link = |spans: Vec<Span>| -> Vec<Span> {
        let one = |it: Span| match it.href {
            None => linked(&it.text, numbers),
            Some(_) => vec![it],
        };
        spans.into_iter().flat_map(one).collect()
    };
    let block = |it| match it {
        Block::Paragraph { spans } => Block::Paragraph { spans: link(spans) },
        Block::List { items } => Block::List {
            items: items.into_iter().map(link).collect(),
        },
        heading @ Block::Heading { .. } => heading,
    };
    blocks.into_iter().map(block).collect()
}

fn plain(text: &str) -> Span {
    Span {
        text: text.to_owned(),
        href: None,
    }
}

/// Where the first of these numbers stands by itself.
fn first<'a>(text: &str, numbers: &'a [Number]) -> Option<(usize, &'a Number)> {
    let digit = |it: Option<char>| it.is_some_and(|it| it.is_ascii_digit());
    let alone = |at: usize, written: &str| {
        let (before, from) = text.split_at(at);
        let after = from.split_at(written.len()).1;
        let next = after.strip_prefix(' ').unwrap_or(after).chars().next();
        let last = before.strip_suffix(' ').unwrap_or(before).chars().next_back();
        !digit(last) && !digit(next)
    };
    numbers
        .iter()
        .filter(|it| !it.written.is_empty())
        .filter_map(|it| {
            let mut places = text.match_indices(&*it.written).map(|(at, _)| at);
            Some((places.find(|at| alone(*at, &it.written))?, it))
        })
        .min_by_key(|(at, _)| *at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_called_as_it_is_written() {
        assert_eq!(call("01632 960 001").as_deref(), Some("tel:01632960001"));
        assert_eq!(call("+44 (0)1632-960.001").as_deref(), Some("tel:+4401632960001"));
        for words in ["", "12", "01632 960 001 or 002x", "ask reception", "01632+960"] {
            assert_eq!(call(words), None, "{words}");
        }
    }

    #[test]
    fn the_support_text_has_three_numbers_to_call_and_one_to_write_to() {
        let text = crate::site::ORGANISATION
            .iter()
            .find(|(name, ..)| *name == "support_text")
            .unwrap()
            .1;
        let found: Vec<_> = numbers(text).into_iter().map(|it| it.href).collect();
        assert_eq!(found, ["tel:111", "tel:116123", "sms:85258", "tel:999"]);
        let words: String = linked(text, &numbers(text))
            .into_iter()
            .map(|it| it.text)
            .collect();
        assert_eq!(words, text);
    }

    #[test]
    fn a_longer_number_is_another_number() {
        let known = numbers("Call 111.");
        let links = |text| {
            linked(text, &known)
                .into_iter()
                .filter(|it| it.href.is_some())
                .count()
        };
        assert_eq!(links("Call 111, or 111."), 2);
        assert_eq!(links("Call 18001 111. Call 0303 123 1113. Call 111 23."), 0);
    }
}

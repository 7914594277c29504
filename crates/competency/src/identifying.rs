//! What gives somebody away in a text that is about to be copied outward (C-32).
//!
//! It warns and never blocks: the writer knows best. Only that there was a warning is kept.

use std::sync::LazyLock;

use regex::Regex;

/// What a text seems to hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Ten digits whose last one checks the others.
    NhsNumber,
    /// An address for mail.
    Email,
    /// A number to call.
    Phone,
    /// A postcode.
    Postcode,
    /// A date beside "born".
    BirthDate,
}

/// Everything in `text` that gives somebody away, each kind once, in order.
pub fn signs(text: &str) -> Vec<Sign> {
    let mut found = Vec::new();
    let mut note = |there: bool, sign| found.extend(there.then_some(sign));
    let is_in = |pattern: &LazyLock<Regex>| pattern.is_match(text);
    note(
        TEN_DIGITS.find_iter(text).any(|it| is_nhs_number(it.as_str())),
        Sign::NhsNumber,
    );
    note(is_in(&EMAIL), Sign::Email);
    note(is_in(&PHONE), Sign::Phone);
    note(is_in(&POSTCODE), Sign::Postcode);
    note(is_in(&BORN), Sign::BirthDate);
    found
}

/// Whether the last of ten digits checks the others: weights 10 to 2, modulo 11.
fn is_nhs_number(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|it| it.to_digit(10)).collect();
    let Some((check, rest)) = digits.split_last().filter(|(_, rest)| rest.len() == 9) else {
        return false;
    };
    let sum: u32 = (2..=10).rev().zip(rest).map(|(weight, it)| weight * it).sum();
    let wanted = 11 - sum % 11;
    // 10 is never given out.
    wanted == *check || (wanted == 11 && *check == 0)
}

static TEN_DIGITS: LazyLock<Regex> = LazyLock::new(|| pattern(r"\b\d{3}[ -]?\d{3}[ -]?\d{4}\b"));
static EMAIL: LazyLock<Regex> = LazyLock::new(|| pattern(r"[\w.+'-]+@[\w-]+(\.[\w-]+)+"));
// 10 or 11 digits from 0, or after +44, as people group them.
static PHONE: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:(?:\+|\b00)44[ -]?(?:\(0\)[ -]?)?|\(?\b0)[1-9](?:[ ()-]{0,2}\d){8,9}\b"));
static POSTCODE: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"(?i)\b(?:GIR ?0AA|[A-PR-UWYZ][A-HK-Y]?\d[A-HJKMNP-Y\d]? ?\d[ABD-HJLNP-UW-Z]{2})\b")
});
// Within some words of each other, in either order.
static BORN: LazyLock<Regex> = LazyLock::new(|| {
    let date = r"(?:\b\d{1,2}[./ -]\d{1,2}[./ -]\d{2,4}\b|\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}(?:st|nd|rd|th)?(?: of)? (?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2}\b)";
    let born = r"\b(?:born|birth|birthday|d\.?o\.?b)\b";
    pattern(&format!("(?is)(?:{born}.{{0,40}}?{date}|{date}.{{0,40}}?{born})"))
});

#[expect(
    clippy::expect_used,
    reason = "the patterns are constant, and a test uses each"
)]
fn pattern(it: &str) -> Regex {
    Regex::new(it).expect("a pattern")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_is_seen_as_people_write_it() {
        for (text, sign) in [
            ("Her number is 943 476 5919.", Sign::NhsNumber),
            ("9434765919", Sign::NhsNumber),
            ("NHS 943-476-5919", Sign::NhsNumber),
            ("write to jo.smith@example.org", Sign::Email),
            ("call 07700 900123", Sign::Phone),
            ("call +44 7700 900123", Sign::Phone),
            ("call 0044 (0)20 7946 0018", Sign::Phone),
            ("(01632) 960 001", Sign::Phone),
            ("lives at SW1A 1AA", Sign::Postcode),
            ("lives at m11ae", Sign::Postcode),
            ("born on 3 May 1990", Sign::BirthDate),
            ("date of birth: 03/05/1990", Sign::BirthDate),
            ("On the 3rd of May, when he was born", Sign::BirthDate),
            ("DOB 1990-05-03", Sign::BirthDate),
        ] {
            assert_eq!(signs(text), [sign], "{text}");
        }
    }

    #[test]
    fn what_gives_nobody_away_is_left_alone() {
        for text in [
            "We met at 10:30 on 3 May 2026 and talked for 45 minutes.",
            "9434765918",
            "1234567890123",
            "He felt reborn after the walk on 3 May.",
            "We used the box at section 3a, page 12, twice.",
            "I gave it 10 out of 10, in 2026.",
            "@home with the group",
        ] {
            assert_eq!(signs(text), [], "{text}");
        }
    }

    #[test]
    fn every_kind_is_named_once_and_in_order() {
        let text = "Born 3 May 1990, M1 1AE, 07700 900123, 07700 900124, a@example.org, 943 476 5919";
        assert_eq!(
            signs(text),
            [
                Sign::NhsNumber,
                Sign::Email,
                Sign::Phone,
                Sign::Postcode,
                Sign::BirthDate
            ]
        );
    }

    #[test]
    fn the_check_digit_of_nhs_numbers() {
        for good in [
            "9434765919",
            "9434765870",
            "4505577104",
            "5990128088",
            "0000000000",
        ] {
            assert!(is_nhs_number(good), "{good}");
        }
        for bad in ["9434765918", "1234567890", "943476591", "94347659190"] {
            assert!(!is_nhs_number(bad), "{bad}");
        }
    }
}

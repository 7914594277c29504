//! E-mail addresses: strictly parsed, in one normal form (T-40).

use std::fmt;
use std::str::FromStr;

use unicode_security::MixedScript;

/// An e-mail address in the form in which it is stored and compared: the domain in lower case and as
/// A-labels, the local part as typed but for its case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Address(String);

/// The text is no address that mail can be sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address")]
pub(crate) struct NotAnAddress;

impl FromStr for Address {
    type Err = NotAnAddress;

    fn from_str(text: &str) -> Result<Self, NotAnAddress> {
        let text = text.trim();
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnAddress)?;
        let plain = |it: char| !it.is_control() && !it.is_whitespace() && !"\"(),:;<>@[\\]".contains(it);
        if text.len() > 254 || local.is_empty() || local.len() > 64 || !local.chars().all(plain) {
            return Err(NotAnAddress);
        }
        if local.starts_with('.') || local.ends_with('.') || local.contains("..") || !local.is_single_script()
        {
            return Err(NotAnAddress);
        }
        // A letter that only looks like its neighbours' is refused, label by label.
        let (in_letters, readable) = idna::domain_to_unicode(domain);
        if readable.is_err() || !in_letters.split('.').all(MixedScript::is_single_script) {
            return Err(NotAnAddress);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NotAnAddress)?;
        let labels: Vec<&str> = domain.split('.').collect();
        let letters = |it: &str| it.bytes().any(|it| it.is_ascii_alphabetic());
        if labels.len() < 2
            || labels.iter().any(|it| it.is_empty())
            || !labels.last().is_some_and(|it| letters(it))
        {
            return Err(NotAnAddress);
        }
        let address = format!("{}@{domain}", local.to_lowercase());
        // The mail library has the last word: what it cannot send to is no address.
        address.parse::<lettre::Address>().map_err(|_| NotAnAddress)?;
        Ok(Self(address))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The address that was probably meant, when the domain is one letter away from a common one.
pub(crate) fn likely_typo(address: &Address) -> Option<String> {
    const COMMON: [&str; 10] = [
        "gmail.com",
        "hotmail.com",
        "hotmail.co.uk",
        "outlook.com",
        "yahoo.co.uk",
        "yahoo.com",
        "icloud.com",
        "live.co.uk",
        "btinternet.com",
        "nhs.net",
    ];
    let (local, domain) = address.0.rsplit_once('@')?;
    if COMMON.contains(&domain) {
        return None;
    }
    let near = COMMON.into_iter().find(|it| distance_is_one(domain, it))?;
    Some(format!("{local}@{near}"))
}

/// Whether one letter too many, too few, wrong or swapped with its neighbour lies between two words.
fn distance_is_one(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let same = one
        .iter()
        .zip(other)
        .take_while(|(left, right)| left == right)
        .count();
    let (one, other) = (
        one.get(same..).unwrap_or_default(),
        other.get(same..).unwrap_or_default(),
    );
    let after = |it: &'_ [u8], skipped: usize| it.get(skipped..).map(<[u8]>::to_vec);
    let wrong = after(one, 1).is_some() && after(one, 1) == after(other, 1);
    let one_more = after(one, 1).as_deref() == Some(other) || after(other, 1).as_deref() == Some(one);
    let swapped = match (one, other) {
        ([first, second, ..], [left, right, ..]) => {
            (first, second) == (right, left) && after(one, 2) == after(other, 2)
        }
        _ => false,
    };
    wrong || one_more || swapped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Option<String> {
        text.parse::<Address>().ok().map(|it| it.to_string())
    }

    #[test]
    fn addresses_have_one_normal_form() {
        assert_eq!(
            read(" Sam.Taylor@Example.COM ").as_deref(),
            Some("sam.taylor@example.com")
        );
        assert_eq!(
            read("o'brien+x@example.org").as_deref(),
            Some("o'brien+x@example.org")
        );
        assert_eq!(
            read("sam@bücher.example").as_deref(),
            Some("sam@xn--bcher-kva.example")
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "sam",
            "sam@",
            "@example.org",
            "sam@example",
            "a b@example.org",
            "sam@@example.org",
            "sam@example.org\r\nBcc: x@example.org",
            "sam@-x.org",
            "sam..t@example.org",
            "s\u{0430}m@example.org",
            "sam@[192.0.2.1]",
            "sam@example.123",
            "\"a b\"@example.org",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_slip_of_one_letter_is_noticed() {
        let slip = |text: &str| likely_typo(&text.parse().unwrap());
        assert_eq!(slip("sam@gmial.com").as_deref(), Some("sam@gmail.com"));
        assert_eq!(slip("sam@gmai.com").as_deref(), Some("sam@gmail.com"));
        assert_eq!(slip("sam@hotmaill.com").as_deref(), Some("sam@hotmail.com"));
        assert_eq!(slip("sam@gmail.com"), None);
        assert_eq!(slip("sam@example.org"), None);
    }

    proptest! {
        #[test]
        fn no_text_brings_the_parser_down(text in "\\PC{0,80}") {
            let _ = text.parse::<Address>();
        }
    }
}

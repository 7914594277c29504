//! Every parser of bytes from outside, each as one function that takes any bytes and fails only by
//! panicking. The targets in `fuzz/` call them under cargo-fuzz, and the test below throws a few thousand
//! changed examples at them each time the tests run.

#![expect(clippy::missing_panics_doc, reason = "a panic is what it looks for")]

use std::net::{IpAddr, Ipv4Addr};

use crate::forms::Fields;
use crate::import::{course, holidays, runs};
use crate::people::address::Address;
use crate::visitor;

/// A form as browsers send it (T-34): what is read is one line where one line is asked for, in one
/// normal form, without NUL.
pub fn form(bytes: &[u8]) {
    let Ok(mut fields) = Fields::parse("/x", bytes) else {
        return;
    };
    let op = fields.op();
    assert!(op.is_err() || op.is_ok_and(|it| it.is_none_or(|it| it.len() == 32)));
    let line = fields.line("full_name").unwrap_or_default();
    assert!(
        !line.chars().any(char::is_control) && line.trim() == line,
        "{line:?}"
    );
    let text = fields.text("hopes").unwrap_or_default();
    assert!(!text.contains(['\0', '\r']), "{text:?}");
    for it in fields.many("needs").unwrap_or_default() {
        assert!(!it.chars().any(char::is_control), "{it:?}");
    }
    let _ = fields.done();
}

/// An email address (T-40): what is taken has one form and can do no harm in a header.
pub fn address(bytes: &[u8]) {
    let Ok(address) = String::from_utf8_lossy(bytes).parse::<Address>() else {
        return;
    };
    let text = address.to_string();
    assert!(
        !text
            .chars()
            .any(|it| it.is_control() || it.is_whitespace() || "<>,;:\"".contains(it)),
        "{text:?}"
    );
    assert_eq!(text.parse::<Address>().map(|it| it.to_string()).ok(), Some(text));
}

/// The header in which proxies say for whom they ask (T-30): somebody whom nobody of ours named is not
/// believed.
pub fn forwarded(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let hops: Vec<&str> = text.split(',').map(str::trim).collect();
    let (proxy, stranger) = (
        IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V4(Ipv4Addr::new(192, 0, 2, 4)),
    );
    assert_eq!(visitor::asking(stranger, &hops, &[proxy]), stranger);
    let asking = visitor::asking(proxy, &hops, &[proxy]);
    let named = hops
        .iter()
        .any(|it| it.parse().is_ok_and(|it: IpAddr| it.to_canonical() == asking));
    assert!(asking == proxy || named, "{asking}");
}

/// A file of dates; it is all good, or every sentence says which line is wrong.
pub fn dates(bytes: &[u8]) {
    complaints_name_lines(runs::parse(&String::from_utf8_lossy(bytes)));
}

/// A file of bank holidays.
pub fn bank_holidays(bytes: &[u8]) {
    complaints_name_lines(holidays::parse(&String::from_utf8_lossy(bytes)));
}

/// A file of a course.
pub fn course_file(bytes: &[u8]) {
    complaints_name_lines(course::parse(&String::from_utf8_lossy(bytes)));
}

/// A file of a framework; rows that can be told apart say each what is wrong with it.
pub fn framework_file(bytes: &[u8]) {
    match competency::framework::parse(&String::from_utf8_lossy(bytes)) {
        Ok(rows) => {
            let silent = rows
                .iter()
                .find(|it| it.competency.is_none() && it.wrong.is_empty());
            assert!(silent.is_none(), "{silent:?} is refused without a reason");
        }
        Err(wrong) => complaints_name_lines::<()>(Err(wrong)),
    }
}

/// A value that is to be hashed: what is read has one form, and that form is read as the same value.
pub fn canonical_json(bytes: &[u8]) {
    let Ok(value) = chain::canonical::read(bytes) else {
        return;
    };
    let form = chain::canonical(&value).unwrap_or_default();
    assert_eq!(chain::canonical::read(&form).ok(), Some(value));
}

fn complaints_name_lines<T>(read: Result<T, Vec<String>>) {
    if let Err(wrong) = read {
        assert!(!wrong.is_empty(), "refused without a reason");
        let bare = wrong.iter().find(|it| !it.contains("line "));
        assert!(bare.is_none(), "{bare:?} names no line");
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::secrets::Secrets;

    type Parser = fn(&[u8]);

    /// Each with the folder of its examples in `fuzz/corpus`.
    const PARSERS: [(&str, Parser); 8] = [
        ("form", form),
        ("address", address),
        ("forwarded", forwarded),
        ("dates", dates),
        ("bank_holidays", bank_holidays),
        ("course_file", course_file),
        ("framework_file", framework_file),
        ("canonical_json", canonical_json),
    ];

    /// What breaks parsers most often.
    const BITS: [&[u8]; 16] = [
        b"\0",
        b"\r\n",
        b"\xff",
        b"\xc3",
        b"%",
        b"%00",
        b"&",
        b"=",
        b"\"",
        b",",
        b"@",
        b"..",
        b"\xe2\x80\xae",
        b"-1",
        b"99999999999999999999",
        b"[[",
    ];

    /// How many changed examples each parser gets: `MUTATIONS=1000000 cargo test …` looks longer.
    fn mutations() -> usize {
        let asked = std::env::var("MUTATIONS").ok().and_then(|it| it.parse().ok());
        asked.unwrap_or(2_000)
    }

    fn examples(of: &str) -> Vec<Vec<u8>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../fuzz/corpus")
            .join(of);
        let files = std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        let mut files: Vec<_> = files.collect();
        files.sort();
        files.iter().map(|it| std::fs::read(it).unwrap()).collect()
    }

    struct Thrower(Secrets);

    impl Thrower {
        /// A number below `end`, or 0.
        fn below(&self, end: usize) -> usize {
            usize::try_from(u32::from_le_bytes(self.0.bytes())).unwrap() % end.max(1)
        }

        /// One example with one to four changes.
        fn changed(&self, examples: &[Vec<u8>]) -> Vec<u8> {
            let mut bytes = examples[self.below(examples.len())].clone();
            for _ in 0..=self.below(4) {
                self.change(&mut bytes, &examples[self.below(examples.len())]);
            }
            bytes
        }

        fn change(&self, bytes: &mut Vec<u8>, other: &[u8]) {
            let at = self.below(bytes.len() + 1);
            let end = (at + 1 + self.below(8)).min(bytes.len());
            match self.below(6) {
                0 if at < bytes.len() => bytes[at] ^= 1 << self.below(8),
                1 => drop(bytes.drain(at.min(end)..end)),
                2 => bytes.truncate(at),
                3 => drop(bytes.splice(at..at, BITS[self.below(BITS.len())].iter().copied())),
                4 => {
                    let again = bytes[at.min(end)..end].to_vec();
                    drop(bytes.splice(at..at, again));
                }
                _ => {
                    let from = self.below(other.len());
                    let to = (from + self.below(64)).min(other.len());
                    drop(bytes.splice(at..at, other[from..to].iter().copied()));
                }
            }
        }
    }

    /// The bytes are shown when a parser fails on them: put them into its folder of examples.
    fn throw(name: &str, parser: Parser, bytes: &[u8]) {
        let stands = std::panic::catch_unwind(|| parser(bytes)).is_ok();
        assert!(stands, "{name} fails on {:?}", String::from_utf8_lossy(bytes));
    }

    #[test]
    fn no_bytes_bring_a_parser_down() {
        let thrower = Thrower(Secrets::predictable(7));
        for (name, parser) in PARSERS {
            let examples = examples(name);
            assert!(examples.len() > 2, "{name} has no examples");
            for it in &examples {
                throw(name, parser, it);
            }
            for _ in 0..mutations() {
                throw(name, parser, &thrower.changed(&examples));
            }
        }
    }
}

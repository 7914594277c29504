//! The hand-shaped text part of a mail: lines of at most 72 columns.

/// Columns of a text part.
const COLUMNS: usize = 72;

/// Wraps each line of a text part to 72 columns (pages.md section 7).
///
/// A line of the input is a paragraph or one entry of a list: the lines an entry goes over are
/// indented to its words. A line is broken at spaces only, so an address that does not fit stays
/// whole on a line of its own; figures that follow each other (`116 123`) stay together. Empty lines
/// stay, several become one, and the text ends with one line end.
pub(crate) fn wrap(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 32);
    let mut blank_due = false;
    for line in text.lines().map(str::trim_end) {
        if line.is_empty() {
            blank_due = !out.is_empty();
            continue;
        }
        if blank_due {
            out.push('\n');
            blank_due = false;
        }
        wrap_line(&mut out, line);
    }
    out
}

/// Writes one line of the input as one or more lines of at most [`COLUMNS`].
fn wrap_line(out: &mut String, line: &str) {
    let words = line.trim_start();
    let indent = line.chars().count() - words.chars().count();
    let hanging = indent + marker_width(words);
    let mut column = 0;
    for word in unbreakable(words) {
        let width = word.chars().count();
        if column == 0 {
            out.extend(std::iter::repeat_n(' ', indent));
            column = indent;
        } else if column + 1 + width <= COLUMNS || column + 1 == hanging {
            out.push(' ');
            column += 1;
        } else {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', hanging));
            column = hanging;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

/// The width of the sign that begins an entry of a list, with its space: `- `, `* `, `12. `.
fn marker_width(words: &str) -> usize {
    let Some((sign, _)) = words.split_once(' ') else {
        return 0;
    };
    let number = sign
        .strip_suffix('.')
        .is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()));
    if sign == "-" || sign == "*" || number {
        sign.len() + 1
    } else {
        0
    }
}

/// The parts of a line between which it may be broken.
fn unbreakable(words: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = words.trim_start_matches(' ');
    while !rest.is_empty() {
        let mut end = rest.find(' ').unwrap_or(rest.len());
        while let Some(next) = figures_after(rest, end) {
            end = next;
        }
        let (part, tail) = rest.split_at(end);
        parts.push(part);
        rest = tail.trim_start_matches(' ');
    }
    parts
}

/// Where the figures end that follow, after one space, the figures that end at `end`.
fn figures_after(text: &str, end: usize) -> Option<usize> {
    let (before, after) = text.split_at(end);
    let next = after.strip_prefix(' ')?;
    let figures = next.find(|c: char| !c.is_ascii_digit()).unwrap_or(next.len());
    (figures > 0 && before.ends_with(|c: char| c.is_ascii_digit())).then(|| {
        let tail = next.split_at(figures).1;
        end + 1 + figures + tail.find(' ').unwrap_or(tail.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_lines_stay_as_they_are() {
        assert_eq!(wrap("Dear Sam,\n\nHello.\n"), "Dear Sam,\n\nHello.\n");
        assert_eq!(wrap("No line end"), "No line end\n");
        assert_eq!(wrap(""), "");
    }

    #[test]
    fn a_paragraph_is_broken_at_72_columns() {
        let long = "That is fine, and you do not have to give a reason. Letting us know means someone on the \
                    waiting list can have the place.";
        assert_eq!(
            wrap(long),
            "That is fine, and you do not have to give a reason. Letting us know\n\
             means someone on the waiting list can have the place.\n"
        );
    }

    #[test]
    fn exactly_72_columns_fit() {
        let line = format!("{} {}", "a".repeat(35), "b".repeat(36));
        assert_eq!(wrap(&line), format!("{line}\n"));
        let line = format!("{} {}", "a".repeat(35), "b".repeat(37));
        assert_eq!(wrap(&line), format!("{}\n{}\n", "a".repeat(35), "b".repeat(37)));
    }

    #[test]
    fn columns_are_characters_not_bytes() {
        let line = "é".repeat(72);
        assert_eq!(wrap(&line), format!("{line}\n"));
    }

    #[test]
    fn an_address_is_never_broken() {
        let url = format!("https://courses.example.org/b/{}/confirm", "x".repeat(80));
        assert_eq!(wrap(&url), format!("{url}\n"));
        assert_eq!(wrap(&format!("See {url} now")), format!("See\n{url}\nnow\n"));
        assert_eq!(wrap(&format!("- {url}")), format!("- {url}\n"));
    }

    #[test]
    fn list_entries_hang() {
        let words = "word ".repeat(20);
        let out = wrap(&format!("- {words}\n  - {words}\n10. {words}"));
        let starts: Vec<_> = out
            .lines()
            .map(|line| line.split("word").next().unwrap_or_default())
            .collect();
        assert_eq!(starts, ["- ", "  ", "  - ", "    ", "10. ", "    "]);
        assert!(out.lines().all(|line| line.chars().count() <= 72));
    }

    #[test]
    fn indents_stay() {
        let out = wrap(&format!("    {}", "word ".repeat(20)));
        assert!(out.lines().count() == 2 && out.lines().all(|line| line.starts_with("    w")));
    }

    #[test]
    fn several_empty_lines_become_one() {
        assert_eq!(wrap("\n\n a\n\n \n\n\nb\n\n\n"), " a\n\nb\n");
        assert_eq!(wrap("a\r\n\r\nb\r\n"), "a\n\nb\n");
    }

    #[test]
    fn figures_stay_together() {
        let out =
            wrap("Need to talk to someone now, at any time of the day? Call us on 01632 960 001, please.");
        assert_eq!(
            out,
            "Need to talk to someone now, at any time of the day? Call us on\n01632 960 001, please.\n"
        );
    }

    proptest! {
        #[test]
        fn no_word_is_lost_and_no_line_too_long(text in "[a-z0-9 .é\n-]{0,400}") {
            let out = wrap(&text);
            prop_assert!(text.split_whitespace().eq(out.split_whitespace()));
            for line in out.lines() {
                let breakable = unbreakable(line.trim_start()).len() > 1 + usize::from(marker_width(line.trim_start()) > 0);
                prop_assert!(line.chars().count() <= COLUMNS || !breakable, "{line:?}");
            }
        }

        #[test]
        fn wrapping_twice_changes_nothing_more(text in "[a-z ]{0,300}") {
            prop_assert_eq!(wrap(&wrap(&text)), wrap(&text));
        }
    }
}

//! Texts that the team can edit (T-39): headings, paragraphs, lists and links from plain lines.
//!
//! ```text
//! # A heading
//! A paragraph goes on until an empty line. It may name {org_name} and hold [a link](https://example.org/).
//!
//! - an entry of a list
//! - another one, with [a page of ours](/contact)
//! ```
//!
//! There is nothing else: no HTML, no template code, no other kind of address. What is not understood is
//! refused with its line and a reason, never passed on. The result holds text and checked addresses only;
//! `templates/components/text_blocks.html` writes the markup.

use serde::Serialize;

/// A text page as it is before anybody edits it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TextPage {
    /// The address below `/`.
    pub(crate) slug: &'static str,
    /// The heading of the page.
    pub(crate) title: &'static str,
    /// The first text, compiled in.
    pub(crate) first_text: &'static str,
}

/// The text pages of pages.md section 4.
pub(crate) const TEXT_PAGES: [TextPage; 8] = [
    TextPage {
        slug: "how-it-works",
        title: "How it works",
        first_text: include_str!("../texts/how-it-works.txt"),
    },
    TextPage {
        slug: "becoming-a-peer-worker",
        title: "Becoming a peer worker",
        first_text: include_str!("../texts/becoming-a-peer-worker.txt"),
    },
    TextPage {
        slug: "support",
        title: "Support if you need to talk",
        first_text: include_str!("../texts/support.txt"),
    },
    TextPage {
        slug: "easy-read",
        title: "About the course in easy words",
        first_text: include_str!("../texts/easy-read.txt"),
    },
    TextPage {
        slug: "contact",
        title: "Contact us",
        first_text: include_str!("../texts/contact.txt"),
    },
    TextPage {
        slug: "accessibility",
        title: "Accessibility statement",
        first_text: include_str!("../texts/accessibility.txt"),
    },
    TextPage {
        slug: "privacy",
        title: "How we use your information",
        first_text: include_str!("../texts/privacy.txt"),
    },
    TextPage {
        slug: "cookies",
        title: "Cookies",
        first_text: include_str!("../texts/cookies.txt"),
    },
];

/// What every text may name.
const EVERYWHERE: [&str; 6] = [
    "org_name",
    "service_name",
    "contact_email",
    "contact_phone",
    "contact_hours",
    "support_text",
];

/// What the placeholders of a text stand for: the whole allow-list (T-39).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Placeholders<'a> {
    /// `{org_name}`
    pub(crate) org_name: &'a str,
    /// `{service_name}`
    pub(crate) service_name: &'a str,
    /// `{contact_email}`
    pub(crate) contact_email: &'a str,
    /// `{contact_phone}`
    pub(crate) contact_phone: &'a str,
    /// `{contact_hours}`
    pub(crate) contact_hours: &'a str,
    /// `{support_text}`
    pub(crate) support_text: &'a str,
    /// What only texts of this kind may name, such as `{dates}` in a mail about a booking.
    pub(crate) own: &'a [(&'static str, &'a str)],
}

impl<'a> Placeholders<'a> {
    fn get(&self, name: &str) -> Option<&'a str> {
        match name {
            "org_name" => Some(self.org_name),
            "service_name" => Some(self.service_name),
            "contact_email" => Some(self.contact_email),
            "contact_phone" => Some(self.contact_phone),
            "contact_hours" => Some(self.contact_hours),
            "support_text" => Some(self.support_text),
            name => self
                .own
                .iter()
                .find(|(it, _)| *it == name)
                .map(|(_, value)| *value),
        }
    }

    /// Every name with what it stands for: "`{org_name}`: Anytown Healthcare".
    pub(crate) fn listed(&self) -> Vec<String> {
        let all = EVERYWHERE
            .into_iter()
            .chain(self.own.iter().map(|(name, _)| *name));
        all.filter_map(|it| Some(format!("{{{it}}}: {}", self.get(it)?)))
            .collect()
    }

    /// Every name, in braces.
    pub(crate) fn names(&self) -> Vec<String> {
        let all = EVERYWHERE
            .into_iter()
            .chain(self.own.iter().map(|(name, _)| *name));
        all.map(|it| format!("{{{it}}}")).collect()
    }
}

/// A part of a text, as the template gets it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum Block {
    /// A heading below that of the page.
    Heading {
        /// Its words.
        text: String,
    },
    /// A paragraph.
    Paragraph {
        /// Its words, one after the other.
        spans: Vec<Span>,
    },
    /// A list with bullets.
    List {
        /// The words of each entry.
        items: Vec<Vec<Span>>,
    },
}

/// Words, or a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Span {
    /// The words, as plain text.
    pub(crate) text: String,
    /// Where they lead: an https address or a path of ours.
    pub(crate) href: Option<String>,
}

/// A line that cannot be used, and why, in words for the person who wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Refusal {
    /// Counted from 1.
    pub(crate) line: usize,
    /// What is wrong and what to do.
    pub(crate) reason: String,
}

/// Characters of a whole text.
const LONGEST_TEXT: usize = 20_000;
/// Characters of a heading.
const LONGEST_HEADING: usize = 120;
/// Characters of an address.
const LONGEST_ADDRESS: usize = 500;

/// Reads a text (T-39), with all lines that cannot be used if there are any.
pub(crate) fn parse(source: &str, values: &Placeholders<'_>) -> Result<Vec<Block>, Vec<Refusal>> {
    if source.chars().count() > LONGEST_TEXT {
        let reason = format!("The text is too long. Use at most {LONGEST_TEXT} letters.");
        return Err(vec![Refusal { line: 1, reason }]);
    }
    let mut blocks = Vec::new();
    let mut refusals = Vec::new();
    let mut goes_on = GoesOn::Nothing;
    for (index, line) in source.lines().enumerate() {
        match read_line(line, goes_on, values) {
            Ok(read) => goes_on = add(&mut blocks, read),
            Err(reason) => refusals.push(Refusal {
                line: index + 1,
                reason,
            }),
        }
    }
    if blocks.is_empty() && refusals.is_empty() {
        refusals.push(Refusal {
            line: 1,
            reason: "The text is empty.".to_owned(),
        });
    }
    if refusals.is_empty() {
        Ok(blocks)
    } else {
        Err(refusals)
    }
}

/// What the next line may go on with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum GoesOn {
    Nothing,
    Paragraph,
    Item,
}

/// A line that was understood.
enum Line {
    Empty,
    Heading(String),
    Item(Vec<Span>),
    Paragraph(Vec<Span>),
    MoreOfParagraph(Vec<Span>),
    MoreOfItem(Vec<Span>),
}

fn add(blocks: &mut Vec<Block>, line: Line) -> GoesOn {
    match (line, blocks.last_mut()) {
        (Line::Empty, _) => GoesOn::Nothing,
        (Line::Heading(text), _) => {
            blocks.push(Block::Heading { text });
            GoesOn::Nothing
        }
        (Line::Item(spans), Some(Block::List { items })) => {
            items.push(spans);
            GoesOn::Item
        }
        (Line::MoreOfItem(spans), Some(Block::List { items })) => {
            if let Some(item) = items.last_mut() {
                join(item, spans);
            }
            GoesOn::Item
        }
        (Line::Item(spans) | Line::MoreOfItem(spans), _) => {
            blocks.push(Block::List { items: vec![spans] });
            GoesOn::Item
        }
        (Line::MoreOfParagraph(more), Some(Block::Paragraph { spans })) => {
            join(spans, more);
            GoesOn::Paragraph
        }
        (Line::Paragraph(spans) | Line::MoreOfParagraph(spans), _) => {
            blocks.push(Block::Paragraph { spans });
            GoesOn::Paragraph
        }
    }
}

/// Puts the words of the next line after those of the lines before.
fn join(spans: &mut Vec<Span>, more: Vec<Span>) {
    push_text(spans, " ");
    for span in more {
        match span.href {
            Some(_) => spans.push(span),
            None => push_text(spans, &span.text),
        }
    }
}

fn push_text(spans: &mut Vec<Span>, text: &str) {
    match spans.last_mut() {
        Some(Span {
            text: before,
            href: None,
        }) => before.push_str(text),
        _ if text.is_empty() => {}
        _ => spans.push(Span {
            text: text.to_owned(),
            href: None,
        }),
    }
}

fn read_line(line: &str, goes_on: GoesOn, values: &Placeholders<'_>) -> Result<Line, String> {
    if let Some(c) = line.chars().find(|c| hidden(*c)) {
        return Err(format!(
            "There is a hidden character (U+{:04X}). Type the line again.",
            u32::from(c)
        ));
    }
    let words = line.trim();
    if words.is_empty() {
        return Ok(Line::Empty);
    }
    if let Some(heading) = words.strip_prefix('#') {
        return read_heading(heading, values);
    }
    if let Some(item) = words.strip_prefix("- ") {
        return Ok(Line::Item(read_words(item.trim(), values)?));
    }
    other_marks(words)?;
    let spans = read_words(words, values)?;
    Ok(match goes_on {
        GoesOn::Item if line.starts_with(' ') => Line::MoreOfItem(spans),
        GoesOn::Paragraph => Line::MoreOfParagraph(spans),
        GoesOn::Item | GoesOn::Nothing => Line::Paragraph(spans),
    })
}

fn read_heading(heading: &str, values: &Placeholders<'_>) -> Result<Line, String> {
    let Some(heading) = heading
        .strip_prefix(' ')
        .map(str::trim)
        .filter(|it| !it.is_empty())
    else {
        return Err("There is one kind of heading: # and a space, then the words.".to_owned());
    };
    if heading.chars().count() > LONGEST_HEADING {
        return Err(format!(
            "The heading is too long. Use at most {LONGEST_HEADING} letters."
        ));
    }
    let mut text = String::new();
    for span in read_words(heading, values)? {
        if span.href.is_some() {
            return Err("A heading cannot be a link.".to_owned());
        }
        text.push_str(&span.text);
    }
    Ok(Line::Heading(text))
}

/// Refuses the marks of other ways of writing, which would be shown as they are.
fn other_marks(words: &str) -> Result<(), String> {
    let number = words.trim_start_matches(|c: char| c.is_ascii_digit());
    let numbered = number.len() < words.len() && (number.starts_with(". ") || number.starts_with(") "));
    if numbered || words.starts_with(['*', '+', '•', '–']) || words == "-" {
        return Err("Begin each line of a list with - and a space.".to_owned());
    }
    if words.starts_with(['>', '|', '~', '=']) || words.starts_with("--") || words.starts_with("```") {
        return Err("This line begins with a sign that does not work here. Begin it with a word.".to_owned());
    }
    Ok(())
}

/// Reads the words of a line: text, placeholders and links.
fn read_words(words: &str, values: &Placeholders<'_>) -> Result<Vec<Span>, String> {
    if words.is_empty() {
        return Err("There are no words after the sign.".to_owned());
    }
    let mut spans = Vec::new();
    let mut rest = words;
    while let Some((before, _)) = rest.split_once('[') {
        push_text(&mut spans, &read_text(before, values)?);
        let link = rest.split_at(before.len()).1;
        let (span, after) = read_link(link, values)?;
        spans.push(span);
        rest = after;
    }
    push_text(&mut spans, &read_text(rest, values)?);
    Ok(spans)
}

/// Reads `[words](address)` at the start of a text; also gives what follows.
fn read_link<'a>(text: &'a str, values: &Placeholders<'_>) -> Result<(Span, &'a str), String> {
    const SHAPE: &str = "Write a link as [words](https://address) or [words](/page).";
    let (words, after) = text
        .strip_prefix('[')
        .and_then(|it| it.split_once(']'))
        .ok_or(SHAPE)?;
    let (address, after) = after
        .strip_prefix('(')
        .and_then(|it| it.split_once(')'))
        .ok_or(SHAPE)?;
    if words.trim().is_empty() || words.contains('[') {
        return Err(SHAPE.to_owned());
    }
    check_address(address)?;
    let text = read_text(words.trim(), values)?;
    Ok((
        Span {
            text,
            href: Some(address.to_owned()),
        },
        after,
    ))
}

/// Accepts an https address with a plain host, or a path of this site.
fn check_address(address: &str) -> Result<(), String> {
    let refused = |why: &str| Err(format!("A link cannot lead to {address:?}. {why}"));
    if address.len() > LONGEST_ADDRESS {
        return Err("The address of a link is too long.".to_owned());
    }
    if !address
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'*+,;=%".contains(&b))
    {
        return refused("It has a sign that an address cannot have.");
    }
    if let Some(path) = address.strip_prefix('/') {
        return if path.starts_with('/') {
            refused("Begin a page of this site with one /.")
        } else {
            Ok(())
        };
    }
    let Some(rest) = address.strip_prefix("https://") else {
        return refused("It must begin with https:// or be a page of this site that begins with /.");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let plain = host.split('.').all(|label| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
    });
    if plain && host.contains('.') {
        Ok(())
    } else {
        refused("The name of the site is not right.")
    }
}

/// Reads text without links: fills placeholders in, refuses what looks like code.
fn read_text(text: &str, values: &Placeholders<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        check_plain(before)?;
        let (name, after) = after
            .split_once('}')
            .ok_or("A { needs its }, with a name between them.")?;
        let Some(value) = values.get(name) else {
            return Err(format!(
                "{{{name}}} cannot be filled in. You can use {}.",
                values.names().join(", ")
            ));
        };
        out.push_str(before);
        out.push_str(value);
        rest = after;
    }
    check_plain(rest)?;
    out.push_str(rest);
    Ok(out)
}

fn check_plain(text: &str) -> Result<(), String> {
    if text.contains('}') {
        return Err("There is a } without its {.".to_owned());
    }
    if text.contains("**") {
        return Err("Bold and italic letters do not work here. Leave the signs out.".to_owned());
    }
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        if after.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            return Err("HTML does not work here. Leave the < out.".to_owned());
        }
        rest = after;
    }
    Ok(())
}

/// Characters that nobody sees: controls, zero width (except joiners), marks that turn the direction.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    const VALUES: Placeholders<'_> = Placeholders {
        org_name: "Anytown Healthcare",
        service_name: "Peer support training",
        contact_email: "courses@example.org",
        contact_phone: "01632 960000",
        contact_hours: "Monday to Friday, 9am to 5pm",
        support_text: "Need to talk to someone now? Call NHS 111.",
        own: &[],
    };

    fn read(source: &str) -> Vec<Block> {
        parse(source, &VALUES).unwrap_or_else(|refusals| panic!("{source:?}: {refusals:?}"))
    }

    fn refused(source: &str) -> Vec<(usize, String)> {
        let refusals = parse(source, &VALUES).expect_err(source);
        refusals.into_iter().map(|it| (it.line, it.reason)).collect()
    }

    fn words(text: &str) -> Span {
        Span {
            text: text.to_owned(),
            href: None,
        }
    }

    fn link(text: &str, href: &str) -> Span {
        Span {
            text: text.to_owned(),
            href: Some(href.to_owned()),
        }
    }

    #[test]
    fn headings_paragraphs_and_lists() {
        assert_eq!(
            read("# One\nA first line\nand a second.\n\nNext.\n\n- a\n- b\n  goes on\n\n# Two\r\nEnd.\r\n"),
            [
                Block::Heading { text: "One".into() },
                Block::Paragraph {
                    spans: vec![words("A first line and a second.")]
                },
                Block::Paragraph {
                    spans: vec![words("Next.")]
                },
                Block::List {
                    items: vec![vec![words("a")], vec![words("b goes on")]]
                },
                Block::Heading { text: "Two".into() },
                Block::Paragraph {
                    spans: vec![words("End.")]
                },
            ]
        );
    }

    #[test]
    fn a_line_after_a_list_begins_a_paragraph_and_a_list_may_follow_a_line() {
        assert_eq!(
            read("You need:\n- a\nThat is all."),
            [
                Block::Paragraph {
                    spans: vec![words("You need:")]
                },
                Block::List {
                    items: vec![vec![words("a")]]
                },
                Block::Paragraph {
                    spans: vec![words("That is all.")]
                },
            ]
        );
    }

    #[test]
    fn links_lead_to_https_or_to_a_page_of_ours() {
        let spans = vec![
            words("See "),
            link("our dates", "/courses"),
            words(" or "),
            link("a site", "https://www.example.org/a?b=c#d"),
            words("."),
        ];
        assert_eq!(
            read("See [our dates](/courses)\nor [a site](https://www.example.org/a?b=c#d)."),
            [Block::Paragraph { spans }]
        );
        assert_eq!(
            read("[a](/)"),
            [Block::Paragraph {
                spans: vec![link("a", "/")]
            }]
        );
    }

    #[test]
    fn placeholders_become_plain_text() {
        assert_eq!(
            read("# About {org_name}\nCall {contact_phone}, or [write to {org_name}](/contact)."),
            [
                Block::Heading {
                    text: "About Anytown Healthcare".into()
                },
                Block::Paragraph {
                    spans: vec![
                        words("Call 01632 960000, or "),
                        link("write to Anytown Healthcare", "/contact"),
                        words("."),
                    ]
                },
            ]
        );
    }

    #[test]
    fn values_are_never_read_again() {
        let values = Placeholders {
            org_name: "[x](javascript:1) {support_text} # <b>",
            ..VALUES
        };
        assert_eq!(
            parse("{org_name}", &values),
            Ok(vec![Block::Paragraph {
                spans: vec![words("[x](javascript:1) {support_text} # <b>")]
            }])
        );
    }

    #[test]
    fn an_unknown_placeholder_is_refused_by_name_and_line() {
        let refusals = refused("Fine.\n\nHello {name}, {ORG_NAME}.");
        assert_eq!(refusals.len(), 1);
        assert!(
            refusals[0].0 == 3 && refusals[0].1.starts_with("{name} cannot be filled in"),
            "{refusals:?}"
        );
    }

    #[test]
    fn all_lines_that_cannot_be_used_are_named() {
        let lines: Vec<_> = refused("## Two\nok\n<b>\nok\n{{ 1 }}\n[a]\n")
            .into_iter()
            .map(|it| it.0)
            .collect();
        assert_eq!(lines, [1, 3, 5, 6]);
    }

    #[test]
    fn hostile_lines_are_refused() {
        for line in [
            "[a](javascript:alert(1))",
            "[a](JAVASCRIPT:alert)",
            "[a](https://)",
            "[a](https:///x)",
            "[a](https://example)",
            "[a](https://a@example.org/)",
            "[a](https://example.org:8080/)",
            "[a](https://example..org/)",
            "[a](https://.example.org/)",
            "[a](https://exämple.org/)",
            "[a](https://example.org\\@evil.example.com/)",
            "[a](https://example.org/\"onclick=)",
            "[a](https://example.org/<b>)",
            "[a](https://example.org/ b)",
            "[a](http://example.org/)",
            "[a](//example.org/)",
            "[a](/\\example.org/)",
            "[a](/{org_name})",
            "[a](data:text/html,x)",
            "[a](mailto:a@example.org)",
            "[a](tel:01632960000)",
            "[a](relative)",
            "[a]()",
            "[](/a)",
            "[ ](/a)",
            "[a [b](/c)",
            "[a] (/b)",
            "[a](/b",
            "[a",
            "<script>alert(1)</script>",
            "a </p>",
            "a <!-- b",
            "a <? b",
            "{{ site.org_name }}",
            "{% include \"x\" %}",
            "{# x #}",
            "{",
            "}",
            "{}",
            "{org_name",
            "{ org_name }",
            "{org_name.secret}",
            "{{org_name}}",
            "# [a](/b)",
            "#",
            "#a",
            "## a",
            "* a",
            "+ a",
            "1. a",
            "12) a",
            "• a",
            "- ",
            "-",
            "> a",
            "| a | b |",
            "```",
            "---",
            "===",
            "**a**",
            "a\u{0}b",
            "a\tb",
            "a\u{1b}[0m",
            "a\u{202e}b",
            "a\u{200b}b",
            "a\u{2028}b",
            "\u{feff}a",
            "a\rb",
        ] {
            let refusals = refused(&format!("First.\n\n{line}\n\nLast."));
            assert_eq!(
                refusals.iter().map(|it| it.0).collect::<Vec<_>>(),
                [3],
                "{line:?} {refusals:?}"
            );
        }
    }

    #[test]
    fn plain_signs_are_not_refused() {
        for line in [
            "2 < 3 and 3 > 2, a & b, \"quoted\", 50% off: yes.",
            "24 hours (or 48) - and then?",
            "1.5 hours",
            "-5 degrees",
            "a] b)",
            "Zoë, 你好, مرحبا, 👩\u{200d}🦰",
        ] {
            assert_eq!(
                read(line),
                [Block::Paragraph {
                    spans: vec![words(line)]
                }]
            );
        }
    }

    #[test]
    fn empty_and_endless_texts_are_refused() {
        assert_eq!(refused("")[0].1, "The text is empty.");
        assert_eq!(refused(" \n\n")[0].1, "The text is empty.");
        assert!(
            refused(&"a".repeat(LONGEST_TEXT + 1))[0]
                .1
                .starts_with("The text is too long")
        );
        assert!(
            refused(&format!("# {}", "a".repeat(LONGEST_HEADING + 1)))[0]
                .1
                .starts_with("The heading")
        );
        assert!(
            refused(&format!("[a](/{})", "a".repeat(LONGEST_ADDRESS)))[0]
                .1
                .starts_with("The address")
        );
    }

    fn render(blocks: &[Block]) -> String {
        let mut tera = tera::Tera::default();
        tera.add_raw_templates([
            (
                "components/text_blocks.html",
                include_str!("../../../templates/components/text_blocks.html"),
            ),
            ("page.html", "{{<page.text_blocks blocks={blocks} />}}"),
        ])
        .unwrap();
        let mut context = tera::Context::new();
        context.insert("blocks", blocks);
        tera.render("page.html", &context).unwrap()
    }

    #[test]
    fn blocks_are_written_with_the_classes_of_the_library() {
        let html = render(&read(
            "# A & B\nSee [dates & times](/courses?a=1&b=2).\n\n- one\n- [two](https://example.org)",
        ));
        assert_eq!(
            html.split_whitespace().collect::<Vec<_>>().join(" "),
            "<h2 class=\"nhsuk-heading-m\">A &amp; B</h2> \
             <p>See <a href=\"/courses?a=1&amp;b=2\">dates &amp; times</a>.</p> \
             <ul class=\"nhsuk-list nhsuk-list--bullet\"> <li>one</li> \
             <li><a href=\"https://example.org\">two</a></li> </ul>"
        );
    }

    #[test]
    fn values_cannot_become_markup() {
        let values = Placeholders {
            org_name: "<script>1</script>\"'&",
            ..VALUES
        };
        let html = render(
            &parse(
                "# {org_name}\n{org_name} [{org_name}](/a)\n\n- {org_name}",
                &values,
            )
            .unwrap(),
        );
        assert!(
            !html.contains("<script") && html.matches("&lt;script&gt;").count() == 4,
            "{html}"
        );
    }

    #[test]
    fn every_first_text_reads_and_renders() {
        for page in &TEXT_PAGES {
            let blocks =
                parse(page.first_text, &VALUES).unwrap_or_else(|it| panic!("{}: {it:#?}", page.slug));
            let html = render(&blocks);
            let fragment = scraper::Html::parse_fragment(&html);
            assert!(fragment.errors.is_empty(), "{}: {:?}", page.slug, fragment.errors);
            assert!(blocks.len() > 3, "{}", page.slug);
        }
    }

    /// U-35, pages.md section 9: what no text of ours says.
    #[test]
    fn first_texts_keep_to_the_words() {
        let not = [
            "sufferer",
            "service user",
            "fail",
            "reject",
            "no-show",
            "waitlist",
            "sign in",
            "signing in",
            "e-mail",
            "telephone",
            "run",
            "runs",
            "running",
            "session",
            "sessions",
            "!",
        ];
        for page in &TEXT_PAGES {
            for (index, line) in page.first_text.lines().enumerate() {
                let lower = format!(
                    " {} ",
                    line.to_lowercase().replace(['.', ',', ':', '?', '(', ')'], " ")
                );
                for word in not {
                    let there = match word {
                        "run" | "runs" | "running" | "session" | "sessions" => {
                            lower.contains(&format!(" {word} "))
                        }
                        _ => lower.contains(word),
                    };
                    assert!(!there, "{} line {}: {word}", page.slug, index + 1);
                }
            }
        }
    }

    #[test]
    fn first_texts_have_short_sentences() {
        for page in &TEXT_PAGES {
            for block in read(page.first_text) {
                let texts = match block {
                    Block::Heading { text } => vec![text],
                    Block::Paragraph { spans } => vec![spans.into_iter().map(|it| it.text).collect()],
                    Block::List { items } => items
                        .into_iter()
                        .map(|item| item.into_iter().map(|it| it.text).collect())
                        .collect(),
                };
                for sentence in texts.iter().flat_map(|text| text.split(['.', '?', ':'])) {
                    let count = sentence.split_whitespace().count();
                    assert!(count <= 20, "{}: {count} words: {sentence}", page.slug);
                }
            }
        }
    }

    /// The pages that the first texts lead to: each must exist.
    #[test]
    fn first_texts_lead_to_these_pages() {
        let mut pages = BTreeSet::new();
        for block in TEXT_PAGES.iter().flat_map(|page| read(page.first_text)) {
            let spans = match block {
                Block::Heading { .. } => Vec::new(),
                Block::Paragraph { spans } => spans,
                Block::List { items } => items.concat(),
            };
            pages.extend(
                spans
                    .into_iter()
                    .filter_map(|it| it.href)
                    .filter(|it| it.starts_with('/')),
            );
        }
        let expected = [
            "/becoming-a-peer-worker",
            "/bookings/find",
            "/courses",
            "/new-dates",
            "/privacy",
        ];
        assert_eq!(pages.into_iter().collect::<Vec<_>>(), expected);
    }

    proptest! {
        #[test]
        fn no_input_panics_or_leads_elsewhere(source in any::<String>()) {
            check(&source)?;
        }

        #[test]
        fn no_near_miss_panics_or_leads_elsewhere(source in r#"([\[\](){}#<>/\\ a-z:."'\n-]|https://|javascript:|\]\(|- |# |\{org_name\}){0,60}"#) {
            check(&source)?;
        }
    }

    fn check(source: &str) -> Result<(), TestCaseError> {
        if let Ok(blocks) = parse(source, &VALUES) {
            let html = render(&blocks);
            let fragment = scraper::Html::parse_fragment(&html);
            let any = scraper::Selector::parse("*").unwrap();
            for element in fragment.select(&any) {
                let name = element.value().name();
                prop_assert!(["html", "h2", "p", "ul", "li", "a"].contains(&name), "{}", name);
                if let Some(href) = element.value().attr("href") {
                    let ours = href.starts_with('/') && !href.starts_with("//") && !href.contains('\\');
                    prop_assert!(ours || href.starts_with("https://"), "{}", href);
                }
            }
        }
        Ok(())
    }
}

//! Texts that the team edits (T-39): which there are, what is so with each, and the one way to change them.
//!
//! Of a mail only the team's own words at its beginning and its end can be edited. What the rules need in
//! it (dates, deadlines, links, the support text) stays as it is.

use std::collections::BTreeMap;

use ids::{PersonId, Ts};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::audit::{Act, Doer};
use crate::entity::text_version;
use crate::error::Error;
use crate::outbox::Kind;
use crate::plain_text::{self, Block, Placeholders, Refusal, Span, TEXT_PAGES, TextPage};
use crate::site::Site;
use crate::work::Work;

/// A text that the team can edit.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Text {
    /// A page.
    Page(&'static TextPage),
    /// The team's own words in a mail.
    InMail(Kind, End),
}

/// Where in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// After the greeting.
    Opening,
    /// Before "Best wishes".
    Closing,
}

/// The mails in which the team can say something of its own, and what they are called.
const MAILS: [(Kind, &str); 7] = [
    (Kind::Booked, "Your place is booked"),
    (Kind::Waiting, "You are on the waiting list"),
    (Kind::Offer, "A place has come up"),
    (Kind::NextWeek, "Your booking next week"),
    (Kind::Tomorrow, "Your booking tomorrow"),
    (Kind::RunCancelled, "Your booking cannot go ahead"),
    (Kind::Completed, "Thank you for coming"),
];

/// Characters of the team's own words in a mail (T-32).
const LONGEST_IN_MAIL: usize = 2_000;

impl Text {
    /// All of them: pages, then mails.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let both = |(kind, _)| [End::Opening, End::Closing].map(|end| Self::InMail(kind, end));
        let mails = MAILS.into_iter().flat_map(both);
        TEXT_PAGES.iter().map(Self::Page).chain(mails)
    }

    /// The one with this key.
    pub(crate) fn named(key: &str) -> Option<Self> {
        Self::all().find(|it| it.key() == key)
    }

    /// The word in records and addresses.
    pub(crate) fn key(self) -> String {
        match self {
            Self::Page(it) => it.slug.to_owned(),
            Self::InMail(kind, End::Opening) => format!("{}-opening", kind.name()),
            Self::InMail(kind, End::Closing) => format!("{}-closing", kind.name()),
        }
    }

    /// What the team calls it.
    pub(crate) fn title(self) -> String {
        let of_mail = |kind| {
            let found = MAILS.iter().find(|(it, _)| *it == kind);
            found.map_or("An email", |(_, title)| title)
        };
        match self {
            Self::Page(it) => it.title.to_owned(),
            Self::InMail(kind, End::Opening) => format!("“{}”, at the beginning", of_mail(kind)),
            Self::InMail(kind, End::Closing) => format!("“{}”, at the end", of_mail(kind)),
        }
    }

    /// The text before anybody edits it.
    pub(crate) fn first(self) -> &'static str {
        match self {
            Self::Page(it) => it.first_text,
            Self::InMail(..) => "",
        }
    }

    /// Reads a text of this kind, or tells every line that cannot be used.
    pub(crate) fn read(self, source: &str, values: &Placeholders<'_>) -> Result<Vec<Block>, Vec<Refusal>> {
        match self {
            Self::Page(_) => plain_text::parse(source, values),
            Self::InMail(..) if source.trim().is_empty() => Ok(Vec::new()),
            Self::InMail(..) => {
                let mut refusals = only_for_mail(source);
                match plain_text::parse(source, values) {
                    Ok(blocks) if refusals.is_empty() => Ok(blocks),
                    read => {
                        refusals.extend(read.err().unwrap_or_default());
                        Err(refusals)
                    }
                }
            }
        }
    }
}

/// What a mail cannot have: a link that leaves our pages (T-40), and more words than fit.
fn only_for_mail(source: &str) -> Vec<Refusal> {
    let leads_away = |it: &(usize, &str)| it.1.contains("](http");
    let lines = source.lines().zip(1..).map(|(words, line)| (line, words));
    let mut refusals: Vec<Refusal> = lines
        .filter(leads_away)
        .map(|(line, _)| Refusal {
            line,
            reason: "In an email a link leads to a page of ours. Write it as [words](/page).".to_owned(),
        })
        .collect();
    if source.chars().count() > LONGEST_IN_MAIL {
        let reason = format!("The text is too long. Use at most {LONGEST_IN_MAIL} letters.");
        refusals.push(Refusal { line: 1, reason });
    }
    refusals
}

/// What a text about nobody can name: the organisation.
pub(crate) fn values<'a>(site: &'a Site, own: &'a [(&'static str, &'a str)]) -> Placeholders<'a> {
    Placeholders {
        org_name: &site.org_name,
        service_name: &site.service_name,
        contact_email: &site.contact_email,
        contact_phone: &site.contact_phone,
        contact_hours: &site.contact_hours,
        support_text: &site.support_text,
        own,
    }
}

/// A text as it is now.
pub(crate) async fn newest(
    db: &impl ConnectionTrait,
    text: Text,
) -> Result<Option<text_version::Model>, Error> {
    let rows = text_version::Entity::find()
        .filter(text_version::Column::Key.eq(text.key()))
        .order_by_desc(text_version::Column::N);
    Ok(rows.one(db).await?)
}

/// All texts that were ever changed, as they are now.
pub(crate) async fn all_newest(
    db: &impl ConnectionTrait,
) -> Result<BTreeMap<String, text_version::Model>, Error> {
    let rows = text_version::Entity::find().order_by_asc(text_version::Column::N);
    let all = rows.all(db).await?.into_iter();
    Ok(all.map(|it| (it.key.clone(), it)).collect())
}

/// Stores a text, or the first one again, after so many versions of it; notes who did (T-48). The words
/// themselves stay in its versions.
pub(crate) async fn store(
    work: &Work,
    text: Text,
    after: i32,
    source: Option<String>,
    by: PersonId,
) -> Result<(), Error> {
    let n = after + 1;
    work.note(Act {
        doer: Doer::Member(by),
        what: if source.is_some() {
            "text_changed"
        } else {
            "first_text_again"
        },
        about: ("text", text.key()),
        whose: None,
        reason: Some(format!("version {n}")),
    });
    let row = text_version::ActiveModel {
        id: Set(work.fresh_id()),
        key: Set(text.key()),
        n: Set(n),
        source: Set(source),
        at: Set(work.now()),
        by_person: Set(by),
    };
    row.insert(work.tx()).await?;
    Ok(())
}

/// A page's text as it is now, and when it was last read through: a text that can no longer be read gives
/// way to the first one.
pub(crate) async fn of_page(
    db: &impl ConnectionTrait,
    page: &'static TextPage,
    values: &Placeholders<'_>,
) -> Result<(Vec<Block>, Option<Ts>), Error> {
    let text = Text::Page(page);
    let newest = newest(db, text).await?;
    let at = newest.as_ref().map(|it| it.at);
    if let Some(source) = newest.and_then(|it| it.source) {
        match text.read(&source, values) {
            Ok(blocks) => return Ok((blocks, at)),
            Err(lines) => tracing::error!(event = "fault", text = page.slug, lines = lines.len()),
        }
    }
    let first = text.read(page.first_text, values);
    let unreadable =
        |lines| Error::Fault(format!("the text {:?} cannot be read: {lines:?}", page.slug).into());
    Ok((first.map_err(unreadable)?, at))
}

/// The team's own words in a mail, as they are stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnWords {
    pub(crate) opening: String,
    pub(crate) closing: String,
}

/// What the team says in this mail now.
pub(crate) async fn of_mail(db: &impl ConnectionTrait, kind: Kind) -> Result<OwnWords, Error> {
    if !MAILS.iter().any(|(it, _)| *it == kind) {
        return Ok(OwnWords::default());
    }
    let words = async |end| -> Result<String, Error> {
        let newest = newest(db, Text::InMail(kind, end)).await?;
        Ok(newest.and_then(|it| it.source).unwrap_or_default())
    };
    Ok(OwnWords {
        opening: words(End::Opening).await?,
        closing: words(End::Closing).await?,
    })
}

/// Such words as a mail shows them, with full addresses (T-30); nothing if they cannot be read.
pub(crate) fn in_mail(source: &str, values: &Placeholders<'_>, base_url: &str) -> Vec<Block> {
    // Which mail it is makes no difference to how its words are read.
    let read = Text::InMail(Kind::Booked, End::Opening).read(source, values);
    let blocks = read.unwrap_or_else(|lines| {
        tracing::error!(event = "fault", text = "in a mail", lines = lines.len());
        Vec::new()
    });
    let full = |it: Span| Span {
        href: it.href.map(|path| format!("{base_url}{path}")),
        ..it
    };
    let all_full = |spans: Vec<Span>| spans.into_iter().map(full).collect();
    let each = blocks.into_iter().map(|it| match it {
        Block::Heading { text } => Block::Heading { text },
        Block::Paragraph { spans } => Block::Paragraph {
            spans: all_full(spans),
        },
        Block::List { items } => Block::List {
            items: items.into_iter().map(all_full).collect(),
        },
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUES: Placeholders<'_> = Placeholders {
        org_name: "Anytown Healthcare",
        service_name: "Peer support training",
        contact_email: "courses@example.org",
        contact_phone: "01632 960000",
        contact_hours: "weekdays",
        support_text: "Call NHS 111.",
        own: &[("dates", "Tuesday 8 June 2027")],
    };

    fn mail() -> Text {
        Text::InMail(Kind::Booked, End::Closing)
    }

    #[test]
    fn every_text_is_found_by_its_key() {
        for text in Text::all() {
            assert_eq!(Text::named(&text.key()).map(Text::key), Some(text.key()));
        }
        assert_eq!(Text::all().count(), TEXT_PAGES.len() + 2 * MAILS.len());
        assert!(Text::named("booked").is_none());
    }

    #[test]
    fn words_in_a_mail_name_dates_and_lead_to_our_pages_alone() {
        let blocks = in_mail(
            "See you on {dates}: [how it works](/how-it-works).",
            &VALUES,
            "https://x.org",
        );
        let Some(Block::Paragraph { spans }) = blocks.first() else {
            panic!("{blocks:?}")
        };
        assert_eq!(spans[0].text, "See you on Tuesday 8 June 2027: ");
        assert_eq!(spans[1].href.as_deref(), Some("https://x.org/how-it-works"));
        let away = mail()
            .read("Hello\n[a page](https://example.com)", &VALUES)
            .unwrap_err();
        assert_eq!((away.len(), away[0].line), (1, 2));
        assert_eq!(in_mail("[a page](https://example.com)", &VALUES, ""), []);
        assert!(mail().read(&"x".repeat(2_001), &VALUES).is_err());
        assert_eq!(mail().read("  ", &VALUES), Ok(Vec::new()));
    }

    #[test]
    fn what_a_page_cannot_name_is_refused_by_name() {
        let page = Text::named("support").unwrap();
        let without = Placeholders { own: &[], ..VALUES };
        let refused = page.read("On {dates}", &without).unwrap_err();
        assert!(refused[0].reason.starts_with("{dates} cannot be filled in"));
    }
}

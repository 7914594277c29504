//! What every list of the team has in common: the address that says what is shown, columns that sort by a
//! press, numbered pages (pages.md section 6, "List page").

use serde::Serialize;

/// One of the values that a list can be narrowed down to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Choice {
    pub value: String,
    pub text: String,
}

impl Choice {
    pub(crate) fn new(value: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            text: text.into(),
        }
    }
}

/// The address of a list: what is picked out and how it is sorted, without the number of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Query {
    path: String,
    picked: Vec<(&'static str, String)>,
    /// A column, with a dash in front for the other way round.
    pub sort: String,
}

impl Query {
    pub(crate) fn new(path: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            picked: Vec::new(),
            sort: String::new(),
        }
    }

    /// With this picked out, if it is something.
    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.picked.push((name, value.to_owned()));
        }
        self
    }

    pub(crate) fn sorted(self, sort: &str) -> Self {
        Self {
            sort: sort.to_owned(),
            ..self
        }
    }

    /// What is picked out by this name; empty if nothing.
    pub(crate) fn value(&self, name: &str) -> String {
        let found = self.picked.iter().find(|(it, _)| *it == name);
        found.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    /// The head of a column that sorts: by it, or the other way round if it is sorted by already. What is
    /// picked out stays, and the list begins at its first page (U-27).
    pub(crate) fn column(&self, text: &'static str, name: &str) -> Column {
        let (sort, next) = if self.sort == name {
            ("ascending", format!("-{name}"))
        } else if self.sort.strip_prefix('-') == Some(name) {
            ("descending", name.to_owned())
        } else {
            ("none", name.to_owned())
        };
        Column {
            text,
            href: self.address(&[("sort", next.as_str())]),
            sort,
        }
    }

    /// The address of its first page.
    pub(crate) fn first(&self) -> String {
        self.page(1)
    }

    /// The same list at another address: as a file.
    pub(crate) fn at(&self, path: impl Into<String>) -> String {
        let there = Self {
            path: path.into(),
            ..self.clone()
        };
        there.first()
    }

    fn page(&self, number: u64) -> String {
        let number = number.to_string();
        let mut more = vec![("sort", self.sort.as_str())];
        if number != "1" {
            more.push(("page", number.as_str()));
        }
        self.address(&more)
    }

    fn address(&self, more: &[(&str, &str)]) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.picked {
            pairs.append_pair(name, value);
        }
        for (name, value) in more.iter().filter(|(_, value)| !value.is_empty()) {
            pairs.append_pair(name, value);
        }
        format!("{}?{}", self.path, pairs.finish())
    }
}

/// The head of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Column {
    text: &'static str,
    /// Where a press leads; empty for a column that does not sort.
    href: String,
    /// `ascending`, `descending` or `none`; empty for a column that does not sort.
    sort: &'static str,
}

impl Column {
    /// One that does not sort.
    pub(crate) fn plain(text: &'static str) -> Self {
        Self {
            text,
            href: String::new(),
            sort: "",
        }
    }
}

/// The numbered pages of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Pages {
    #[serde(skip)]
    number: u64,
    #[serde(skip)]
    last: u64,
    #[serde(skip)]
    rows: u64,
    items: Vec<Item>,
    previous: Option<String>,
    next: Option<String>,
}

/// A link to a page, or a gap between them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Item {
    number: u64,
    href: String,
    current: bool,
    ellipsis: bool,
}

impl Pages {
    /// The page that was asked for, or the nearest that there is.
    pub(crate) fn new(found: u64, rows: u64, asked: &str) -> Self {
        let last = found.div_ceil(rows).max(1);
        let number = asked.parse::<u64>().unwrap_or(1).clamp(1, last);
        Self {
            number,
            last,
            rows,
            items: Vec::new(),
            previous: None,
            next: None,
        }
    }

    /// How many rows stand on the pages before.
    pub(crate) fn skip(&self) -> u64 {
        (self.number - 1) * self.rows
    }

    /// With links; none if everything is on one page.
    pub(crate) fn linked(&self, query: &Query) -> Self {
        if self.last == 1 {
            return self.clone();
        }
        let is_near = |it: u64| it == 1 || it == self.last || it.abs_diff(self.number) < 2;
        let mut items: Vec<Item> = Vec::new();
        for number in (1..=self.last).filter(|it| is_near(*it)) {
            if items.last().is_some_and(|it| it.number + 1 != number) {
                items.push(Item {
                    ellipsis: true,
                    ..Item::default()
                });
            }
            items.push(Item {
                number,
                href: query.page(number),
                current: number == self.number,
                ellipsis: false,
            });
        }
        Self {
            items,
            previous: (self.number > 1).then(|| query.page(self.number - 1)),
            next: (self.number < self.last).then(|| query.page(self.number + 1)),
            ..self.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query() -> Query {
        Query::new("/team/bookings")
            .with("q", "Zoë & Co")
            .with("status", "")
            .sorted("name")
    }

    #[test]
    fn a_column_keeps_what_is_picked_out_and_begins_at_the_first_page() {
        let column = query().column("Name", "name");
        assert_eq!(column.sort, "ascending");
        assert_eq!(column.href, "/team/bookings?q=Zo%C3%AB+%26+Co&sort=-name");
        let other = query().column("Dates", "dates");
        assert_eq!(
            (other.sort, other.href.as_str()),
            ("none", "/team/bookings?q=Zo%C3%AB+%26+Co&sort=dates")
        );
    }

    #[test]
    fn a_page_that_is_not_there_is_the_nearest_one() {
        let at = |found, asked| Pages::new(found, 25, asked).number;
        assert_eq!(
            (at(0, "7"), at(25, "2"), at(26, "2"), at(26, "0"), at(26, "x")),
            (1, 1, 2, 1, 1)
        );
        assert_eq!(Pages::new(60, 25, "3").skip(), 50);
    }

    #[test]
    fn pages_far_away_are_left_out() {
        let pages = Pages::new(250, 25, "5").linked(&query());
        let said: Vec<String> = pages
            .items
            .iter()
            .map(|it| {
                if it.ellipsis {
                    "…".to_owned()
                } else {
                    it.number.to_string()
                }
            })
            .collect();
        assert_eq!(said.join(" "), "1 … 4 5 6 … 10");
        assert_eq!(
            pages.previous.as_deref(),
            Some("/team/bookings?q=Zo%C3%AB+%26+Co&sort=name&page=4")
        );
        assert!(Pages::new(25, 25, "1").linked(&query()).items.is_empty());
    }
}

//! A TOML file read key by key: what is wrong is noted with its line and reading goes on, so that all
//! mistakes are told at once.

use std::cell::RefCell;
use std::rc::Rc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What is wrong with a file: the line and the words, in the order of the file.
#[derive(Clone, Debug)]
struct Notes<'i> {
    text: &'i str,
    wrong: Rc<RefCell<Vec<(usize, String)>>>,
}

impl Notes<'_> {
    fn add(&self, at: usize, words: String) {
        let line = self
            .text
            .get(..at)
            .map_or(1, |before| before.matches('\n').count() + 1);
        self.wrong.borrow_mut().push((line, words));
    }
}

/// A table of the file; what was taken out of it is no longer there.
#[derive(Debug)]
pub(crate) struct Table<'i> {
    /// Before a key of this table in messages: nothing at the top, `course.` inside `[course]`.
    prefix: String,
    at: usize,
    left: DeTable<'i>,
    notes: Notes<'i>,
}

/// What a key can hold.
pub(crate) trait Value: Sized {
    /// As in "must be a number".
    const KIND: &'static str;
    /// The value, if it is of this kind.
    fn of(value: &DeValue<'_>) -> Option<Self>;
}

impl Value for String {
    const KIND: &'static str = "a text in quotes";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value.as_str().map(str::to_owned)
    }
}

impl Value for bool {
    const KIND: &'static str = "true or false";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value.as_bool()
    }
}

impl Value for i32 {
    const KIND: &'static str = "a whole number";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        let number = value.as_integer()?;
        Self::from_str_radix(number.as_str(), number.radix()).ok()
    }
}

impl Value for Vec<String> {
    const KIND: &'static str = "a list of texts, like [\"one\", \"two\"]";
    fn of(value: &DeValue<'_>) -> Option<Self> {
        value
            .as_array()?
            .iter()
            .map(|it| it.get_ref().as_str().map(str::to_owned))
            .collect()
    }
}

/// Reads a file with `read`: the value, or every mistake in words, each with its line.
pub(crate) fn read<T>(text: &str, read: impl FnOnce(Table<'_>) -> Option<T>) -> Result<T, Vec<String>> {
    let (root, errors) = DeTable::parse_recoverable(text);
    let notes = Notes {
        text,
        wrong: Rc::default(),
    };
    for error in &errors {
        notes.add(
            error.span().map_or(0, |it| it.start),
            error.message().replace('\n', ", "),
        );
    }
    let root = Table {
        prefix: String::new(),
        at: 0,
        left: root.into_inner(),
        notes: notes.clone(),
    };
    // A file that is no TOML would only be complained about twice.
    let value = if errors.is_empty() { read(root) } else { None };
    let mut wrong = notes.wrong.take();
    wrong.sort_by_key(|(line, _)| *line);
    match value {
        Some(value) if wrong.is_empty() => Ok(value),
        _ => Err(wrong
            .into_iter()
            .map(|(line, words)| format!("line {line}: {words}"))
            .collect()),
    }
}

impl<'i> Table<'i> {
    /// A value that may be left out.
    pub(crate) fn get<T: Value>(&mut self, key: &str) -> Option<T> {
        self.get_as(key, |it: T| Ok(it))
    }

    /// A value that may be left out and means something else; `meaning` says what is wrong with it, in
    /// words that follow the key.
    pub(crate) fn get_as<T: Value, U>(
        &mut self,
        key: &str,
        meaning: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        let value = self.left.remove(key)?;
        let read = T::of(value.get_ref())
            .ok_or_else(|| format!("must be {}", T::KIND))
            .and_then(meaning);
        read.map_err(|why| {
            self.notes
                .add(value.span().start, format!("{}{key} {why}", self.prefix));
        })
        .ok()
    }

    /// The same for a value that must be there.
    pub(crate) fn need_as<T: Value, U>(
        &mut self,
        key: &str,
        meaning: impl FnOnce(T) -> Result<U, String>,
    ) -> Option<U> {
        if !self.left.contains_key(key) {
            self.note(format!("{}{key} is missing", self.prefix));
        }
        self.get_as(key, meaning)
    }

    /// The table `[key]`, if it is there.
    pub(crate) fn table(&mut self, key: &str) -> Option<Self> {
        let (at, value) = taken(self.left.remove(key)?);
        let name = format!("{}{key}", self.prefix);
        if let DeValue::Table(left) = value {
            Some(self.inner(at, &name, left))
        } else {
            self.notes
                .add(at, format!("{name} must be a table, like [{name}]"));
            None
        }
    }

    /// The tables `[[key]]`, in order.
    pub(crate) fn tables(&mut self, key: &str) -> Vec<Self> {
        let Some(value) = self.left.remove(key) else {
            return Vec::new();
        };
        let (at, value) = taken(value);
        let name = format!("{}{key}", self.prefix);
        let wrong = |at| {
            self.notes
                .add(at, format!("{name} must be tables, like [[{name}]]"));
        };
        let DeValue::Array(items) = value else {
            wrong(at);
            return Vec::new();
        };
        let mut found = Vec::new();
        for (number, item) in items.into_iter().enumerate() {
            match taken(item) {
                (at, DeValue::Table(left)) => {
                    found.push(self.inner(at, &format!("{name}[{}]", number + 1), left));
                }
                (at, _) => wrong(at),
            }
        }
        found
    }

    /// Notes something about the table as a whole.
    pub(crate) fn note(&self, words: String) {
        self.notes.add(self.at, words);
    }

    /// Refuses the keys that nobody asked for.
    pub(crate) fn done(self) {
        for key in self.left.keys() {
            self.notes.add(
                key.span().start,
                format!("there is no key called {}{}", self.prefix, key.get_ref()),
            );
        }
    }

    fn inner(&self, at: usize, name: &str, left: DeTable<'i>) -> Self {
        Self {
            prefix: format!("{name}."),
            at,
            left,
            notes: self.notes.clone(),
        }
    }
}

fn taken(value: Spanned<DeValue<'_>>) -> (usize, DeValue<'_>) {
    (value.span().start, value.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_with_its_line() {
        let text = "a = 1\nb = \"x\"\nstranger = true\n\n[t]\nc = []\n[[many]]\nd = 1\n[[many]]\n";
        let wrong = read(text, |mut root| {
            let _: Option<String> = root.get("a");
            let _: Option<i32> = root.need_as("b", |_: String| Err("is not good".to_owned()));
            let _ = root.need_as("e", |it: bool| Ok(it));
            let mut inner = root.table("t")?;
            let _: Option<bool> = inner.get("c");
            inner.done();
            for mut it in root.tables("many") {
                let _ = it.need_as("d", |it: i32| Ok(it));
            }
            root.done();
            Some(())
        });
        let expected = [
            "line 1: a must be a text in quotes",
            "line 1: e is missing",
            "line 2: b is not good",
            "line 3: there is no key called stranger",
            "line 6: t.c must be true or false",
            "line 9: many[2].d is missing",
        ];
        assert_eq!(wrong.unwrap_err(), expected);
    }

    #[test]
    fn what_is_no_toml_is_told_once() {
        let wrong = read("a = \nb = 1\n", |_| Some(())).unwrap_err();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(wrong[0].starts_with("line 1: "), "{wrong:?}");
    }
}

//! How a page of settings looks.

use std::collections::BTreeMap;

use axum_extra::routing::TypedPath;
use serde::Serialize;

use super::field::{Sent, Typed, range};
use super::{SHEETS, SettingsPath, Sheet, SheetPath};
use crate::app::App;
use crate::error::Error;
use crate::forms::{Problem, problems};
use crate::pages::Page;
use crate::settings;
use crate::sign_in::SignedIn;
use crate::site;
use crate::staff::Shell;
use crate::theme::Header;

/// The pages of settings, to choose from.
#[derive(Clone, Debug, Serialize)]
pub(super) struct ListPage {
    sheets: Vec<Entry>,
    shell: Shell,
}

#[derive(Clone, Debug, Serialize)]
struct Entry {
    title: &'static str,
    lead: &'static str,
    href: String,
}

impl ListPage {
    pub(super) async fn load(app: &App, me: &SignedIn) -> Result<Self, Error> {
        Ok(Self::with(Shell::of(app, me, SettingsPath::PATH).await?))
    }

    fn with(shell: Shell) -> Self {
        let entry = |it: &Sheet| Entry {
            title: it.title,
            lead: it.lead,
            href: SheetPath::of(it).to_string(),
        };
        Self {
            sheets: SHEETS.iter().map(entry).collect(),
            shell,
        }
    }
}

impl Page for ListPage {
    const TEMPLATE: &'static str = "pages/staff/admin/settings.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        vec![Self::with(Shell::sample())]
    }
}

/// One page of settings.
#[derive(Clone, Debug, Serialize)]
pub(super) struct SheetPage {
    title: &'static str,
    lead: &'static str,
    groups: Vec<GroupShown>,
    /// What somebody else changed meanwhile: the setting, their value, the reader's.
    pub(super) others: Vec<Vec<String>>,
    errors: Vec<Problem>,
    pub(super) is_saved: bool,
    pub(super) preview: Option<Look>,
    has_preview: bool,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

#[derive(Clone, Debug, Serialize)]
struct GroupShown {
    heading: &'static str,
    fields: Vec<Field>,
}

#[derive(Clone, Debug, Serialize)]
struct Field {
    name: &'static str,
    label: &'static str,
    hint: String,
    /// `text`, `line`, `number`, `time` or `header`.
    kind: &'static str,
    value: String,
    error: String,
    was: String,
}

impl Field {
    fn of(it: &Typed) -> Self {
        let (hint, range) = (it.asked.hint, range(it.asked.name));
        let hint = match (hint.is_empty(), range.is_empty()) {
            (false, false) => format!("{hint}. {range}"),
            _ => format!("{hint}{range}"),
        };
        Self {
            name: it.asked.name,
            label: it.asked.label,
            hint,
            kind: kind(it.asked.name),
            value: it.answer.value.clone(),
            error: it.answer.error.clone(),
            was: it.was.clone(),
        }
    }
}

fn kind(name: &str) -> &'static str {
    match (name, settings::number_named(name)) {
        ("header", _) => "header",
        ("support_text", _) => "text",
        (_, Some(it)) if it.unit == "time" => "time",
        (_, Some(_)) => "number",
        (_, None) => "line",
    }
}

impl SheetPage {
    pub(super) async fn load(
        app: &App,
        me: &SignedIn,
        sheet: &'static Sheet,
        sent: &Sent,
    ) -> Result<Self, Error> {
        let shell = Shell::of(app, me, SettingsPath::PATH).await?;
        Ok(Self::of(sheet, sent, app.secrets().op(), shell))
    }

    fn of(sheet: &'static Sheet, sent: &Sent, op: String, shell: Shell) -> Self {
        let mut left = sent.0.iter();
        let groups = sheet.groups.iter().map(|group| GroupShown {
            heading: group.heading,
            fields: left.by_ref().take(group.settings.len()).map(Field::of).collect(),
        });
        Self {
            title: sheet.title,
            lead: sheet.lead,
            groups: groups.collect(),
            others: Vec::new(),
            errors: named_problems(sent),
            is_saved: false,
            preview: None,
            has_preview: sheet.slug == "brand",
            action: SheetPath::of(sheet).to_string(),
            back_url: SettingsPath.to_string(),
            op,
            shell,
        }
    }
}

/// The error summary: two settings can be wrong in the same way, so each line begins with the name of its own (U-25).
fn named_problems(sent: &Sent) -> Vec<Problem> {
    let fields = sent.0.iter().map(|it| (it.asked.name, &it.answer));
    let labels = sent
        .0
        .iter()
        .filter(|it| it.answer.is_wrong())
        .map(|it| it.asked.label);
    let named = problems(fields).into_iter().zip(labels);
    named
        .map(|(it, label)| Problem {
            text: format!("{}: {}", label.trim_end_matches(" (optional)"), it.text),
            ..it
        })
        .collect()
}

/// Colours to look at before they are saved.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Look {
    top: String,
    on_top: String,
    link: String,
    button: String,
    /// "Links: 5.7".
    contrasts: Vec<String>,
}

impl Look {
    pub(super) fn of(values: &BTreeMap<String, String>) -> Self {
        let brand = site::brand(values);
        let (white, own) = ("#ffffff".to_owned(), brand.colours.brand.to_string());
        let (top, on_top) = match brand.header {
            Header::Blue => (own, white),
            Header::White => (white, own),
        };
        let called = |name| match name {
            "brand" => "The top",
            "link" => "Links",
            _ => "Buttons",
        };
        let contrasts = brand.colours.contrasts().into_iter();
        Self {
            top,
            on_top,
            link: brand.colours.link.to_string(),
            button: brand.colours.button.to_string(),
            contrasts: contrasts
                .map(|(name, ratio)| format!("{}: {ratio}", called(name)))
                .collect(),
        }
    }
}

impl Page for SheetPage {
    const TEMPLATE: &'static str = "pages/staff/admin/sheet.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        use crate::settings::Values;
        let first = Values::first();
        let with = |sheet: &'static Sheet, change: &dyn Fn(&mut Typed)| {
            let mut sent = Sent::unchanged(sheet, &first);
            sent.0.iter_mut().for_each(change);
            Self::of(sheet, &sent, "0".repeat(32), Shell::sample())
        };
        let named = |slug: &str, change: &dyn Fn(&mut Typed)| with(Sheet::named(slug).unwrap(), change);
        let mut pages: Vec<Self> = SHEETS.iter().map(|it| with(it, &|_| ())).collect();
        let mut wrong = named("brand", &|it| it.answer.refuse("Choose another colour"));
        wrong.preview = Some(Look::of(&first.organisation));
        let mut overtaken = named("organisation", &|_| ());
        overtaken.others = vec![vec![
            "Phone number".to_owned(),
            "01632 960111 (Kim Lee, Tuesday 11 May 2027 at 2pm)".to_owned(),
            "01632 960222".to_owned(),
        ]];
        let mut saved = named("support", &|_| ());
        saved.is_saved = true;
        let all_wrong = named("booking", &|it| it.answer.refuse("Enter a number from 1 to 2"));
        pages.extend([wrong, overtaken, saved, all_wrong]);
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<ListPage>();
        crate::pages_test::check::<SheetPage>();
    }
}

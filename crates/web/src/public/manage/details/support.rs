//! What would help to take part: replaced as a whole, never read out (T-26).

use axum::response::Response;
use serde::Serialize;

use super::{Held, saved, tell_owner};
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Fields, Problem};
use crate::pages::Page;
use crate::public::manage::{Facts, Sent, needs};
use crate::public::questions::{DetailLine, NeedBox, NeedsForm};

#[derive(Clone, Debug, Serialize)]
pub(super) struct SupportPage {
    booking: Facts,
    op: String,
    /// Whether something is noted that the answer replaces.
    noted: bool,
    needs: NeedsForm,
    boxes: Vec<NeedBox>,
    lines: Vec<DetailLine>,
    /// Shows the lines to say more from the start.
    open: bool,
    errors: Vec<Problem>,
}

impl SupportPage {
    pub(super) async fn of(app: &App, held: &Held) -> Result<Self, Error> {
        let noted = needs::are_noted(app.reader(), held.record.id).await?;
        Ok(Self::with(
            held.facts(),
            app.secrets().op(),
            noted,
            NeedsForm::default(),
        ))
    }

    fn with(booking: Facts, op: String, noted: bool, needs: NeedsForm) -> Self {
        let (boxes, lines, errors) = (NeedsForm::boxes(), needs.lines(), needs.problems());
        let open = needs.is_detailed();
        Self {
            booking,
            op,
            noted,
            needs,
            boxes,
            lines,
            open,
            errors,
        }
    }
}

/// Notes what is wrong. An empty page must not wipe out what somebody told us before.
fn judge(form: &mut NeedsForm) {
    form.judge();
    if form.chosen.is_empty() {
        "Select an option, or choose 'None of these'".clone_into(&mut form.error);
    }
}

pub(super) async fn change(
    app: &App,
    held: &Held,
    mut fields: Fields,
    sent: &Sent,
) -> Result<Response, Error> {
    let mut form = NeedsForm::read(&mut fields)?;
    fields.done()?;
    judge(&mut form);
    if !form.problems().is_empty() {
        let noted = needs::are_noted(app.reader(), held.record.id).await?;
        let page = SupportPage::with(held.facts(), app.secrets().op(), noted, form);
        return app.page_with(AGAIN, &page).await;
    }
    let wanted = form.wanted();
    app.change(async |work| {
        sent.once(&work, async {
            needs::replace(&work, held.record.id, &wanted).await?;
            tell_owner(&work, held).await
        })
        .await
    })
    .await?;
    Ok(saved(held))
}

impl Page for SupportPage {
    const TEMPLATE: &'static str = "pages/manage/details/support.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |noted, needs| {
            let booking = crate::public::manage::sample_facts(true);
            Self::with(booking, "00".to_owned(), noted, needs)
        };
        let mut nothing = NeedsForm::default();
        judge(&mut nothing);
        vec![
            page(false, NeedsForm::default()),
            page(true, NeedsForm::default()),
            page(true, nothing),
            page(true, too_long(&["bsl"])),
        ]
    }
}

/// A form with too much in the line of the first need, as it comes back.
#[cfg(test)]
fn too_long(chosen: &[&str]) -> NeedsForm {
    let mut form = NeedsForm {
        chosen: chosen.iter().map(|it| (*it).to_owned()).collect(),
        ..NeedsForm::default()
    };
    if let Some(detail) = form.details.get_mut("bsl") {
        *detail = crate::forms::Answer::new("x".repeat(3_000));
    }
    judge(&mut form);
    form
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link of the error summary leads to a field that can be seen.
    #[test]
    fn the_lines_to_say_more_are_open_when_one_is_typed_or_wrong() {
        let page = |form| {
            SupportPage::with(
                crate::public::manage::sample_facts(true),
                String::new(),
                true,
                form,
            )
        };
        assert!(!page(NeedsForm::default()).open);
        for form in [too_long(&["bsl"]), too_long(&[]), too_long(&["bsl", "none"])] {
            assert!(page(form).open);
        }
    }

    #[test]
    fn no_choice_does_not_wipe_out_what_was_noted() {
        let mut form = NeedsForm::default();
        judge(&mut form);
        assert_eq!(form.problems()[0].href, "#needs");
        form = NeedsForm {
            chosen: vec!["none".to_owned()],
            ..NeedsForm::default()
        };
        judge(&mut form);
        assert!(form.problems().is_empty() && form.wanted().is_empty());
    }
}

//! Somebody new in the team, or a role more for somebody who is there (T-10).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use serde::{Deserialize, Serialize};

use super::Shell;
use super::member::{RoleChoice, choice};
use super::members::MembersPath;
use crate::app::App;
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::pages::Page;
use crate::routes::{Routes, Who};
use crate::sign_in::invite::NotInvited;
use crate::sign_in::numbers::Numbers;
use crate::sign_in::role::{KEEPERS, Role, may_give};
use crate::sign_in::step_up::StepUpPath;
use crate::sign_in::{SignedIn, next};

/// `/team/invite`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/invite")]
pub(super) struct InvitePath;

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<InvitePath, _, _>(Who::Roles(KEEPERS), show)
        .post::<InvitePath, _, _>(Who::Roles(KEEPERS), send)
}

/// What was typed.
#[derive(Clone, Debug, Default)]
struct Form {
    email: Answer,
    name: Answer,
    role: Answer,
}

async fn show(_: InvitePath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    if let Some(elsewhere) = step_up(&app, &me).await? {
        return Ok(elsewhere);
    }
    app.page(&page(&app, &me, Form::default()).await?).await
}

/// Roles are given by whoever has just shown once more that it is them (T-18).
async fn step_up(app: &App, me: &SignedIn) -> Result<Option<Response>, Error> {
    if me.is_stepped_up(&Numbers::load(app.reader()).await?, app.now()) {
        return Ok(None);
    }
    let path = next::with(&StepUpPath.to_string(), Some(InvitePath::PATH));
    Ok(Some(Redirect::to(&path).into_response()))
}

async fn send(
    _: InvitePath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    // The same person invited twice with the same role is invited once: the number is not needed.
    fields.op()?;
    let mut form = Form {
        email: Answer::new(fields.line("email")?),
        name: Answer::new(fields.line("name")?),
        role: Answer::new(fields.line("role")?),
    };
    fields.done()?;
    if let Some(elsewhere) = step_up(&app, &me).await? {
        return Ok(elsewhere);
    }
    if form.email.value.is_empty() {
        form.email.refuse("Enter an email address");
    }
    form.name.at_most(120, "The name");
    let role: Option<Role> = form.role.value.parse().ok().filter(|it| may_give(&me.roles, *it));
    let Some(role) = role.filter(|_| !form.email.is_wrong() && !form.name.is_wrong()) else {
        if role.is_none() {
            form.role.refuse("Choose one answer");
        }
        return app.page_with(AGAIN, &page(&app, &me, form).await?).await;
    };
    let name = form.name.given();
    match app
        .invite(&form.email.value, role, name.as_deref(), Some(me.person))
        .await?
    {
        Ok(_) => Ok(Redirect::to(&MembersPath.to_string()).into_response()),
        Err(NotInvited::Oneself) => {
            form.email.refuse("You cannot change your own roles");
            app.page_with(AGAIN, &page(&app, &me, form).await?).await
        }
        Err(NotInvited::Address) => {
            form.email
                .refuse("Enter an email address in the correct format, like name@example.com");
            app.page_with(AGAIN, &page(&app, &me, form).await?).await
        }
    }
}

async fn page(app: &App, me: &SignedIn, form: Form) -> Result<InvitePage, Error> {
    let shell = Shell::of(app, me, MembersPath::PATH).await?;
    Ok(InvitePage::of(form, &me.roles, app.secrets().op(), shell))
}

/// The question for an address and a role.
#[derive(Clone, Debug, Serialize)]
struct InvitePage {
    email: Answer,
    name: Answer,
    role: Answer,
    choices: Vec<RoleChoice>,
    errors: Vec<Problem>,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

impl InvitePage {
    fn of(form: Form, mine: &[Role], op: String, shell: Shell) -> Self {
        let errors = problems([("email", &form.email), ("name", &form.name), ("role", &form.role)]);
        let free = Role::ALL.into_iter().filter(|it| may_give(mine, *it));
        Self {
            email: form.email,
            name: form.name,
            role: form.role,
            choices: free.map(choice).collect(),
            errors,
            action: InvitePath.to_string(),
            back_url: MembersPath.to_string(),
            op,
            shell,
        }
    }
}

impl Page for InvitePage {
    const TEMPLATE: &'static str = "pages/staff/invite.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let page = |form| Self::of(form, &[Role::Lead], "0".repeat(32), Shell::sample());
        let mut wrong = Form {
            email: Answer::new("kim at example"),
            ..Form::default()
        };
        wrong
            .email
            .refuse("Enter an email address in the correct format, like name@example.com");
        wrong.role.refuse("Choose one answer");
        vec![page(Form::default()), page(wrong)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<InvitePage>();
    }
}

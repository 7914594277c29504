//! How people get an account: somebody invites them, and they accept from their mailbox.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::PersonId;
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};
use serde::{Deserialize, Serialize};

use super::ask::LogInPath;
use super::mail::tell_of_access;
use super::mail::{rights, roles_in_words};
use super::numbers::Numbers;
use super::role::{self, Role};
use crate::app::App;
use crate::entity::{account, person};
use crate::error::Error;
use crate::forms::{AGAIN, Answer, Fields, Problem, problems};
use crate::links::{self, Purpose, Stopped};
use crate::outbox::{self, Kind, Mail};
use crate::pages::Page;
use crate::people::address::Address;
use crate::people::{self, NewPerson};
use crate::routes::{Routes, Who};
use crate::visitor::Visitor;
use crate::words;
use crate::work::Work;

/// `/invite/{token}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/invite/{token}")]
pub(crate) struct InvitePath {
    pub token: String,
}

pub(crate) fn routes() -> Routes {
    Routes::default()
        .get::<InvitePath, _, _>(Who::LinkHolder, show)
        .press::<InvitePath, _, _>(Who::LinkHolder, accept)
}

/// What an invitation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invited {
    /// A mail with an invitation is on its way.
    Sent,
    /// They have accepted before: the role counts from now on, without a mail.
    Given,
}

/// Why somebody cannot be invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotInvited {
    /// The text is no address that a member of the team can have: the part before the `@` is ASCII (T-40).
    Address,
    /// It is the address of whoever invites: nobody changes their own roles (T-10).
    Oneself,
}

impl App {
    /// Invites somebody to the team with a role, or gives the role to whoever has accepted before.
    pub async fn invite(
        &self,
        email: &str,
        role: Role,
        name: Option<&str>,
        by: Option<PersonId>,
    ) -> Result<Result<Invited, NotInvited>, Error> {
        let address = email.parse::<Address>().ok().map(|it| it.to_string());
        let Some(address) = address.filter(|it| it.is_ascii()) else {
            return Ok(Err(NotInvited::Address));
        };
        let own = match by {
            Some(by) => account::Entity::find_by_id(by).one(self.reader()).await?,
            None => None,
        };
        if own.is_some_and(|it| it.email == address) {
            return Ok(Err(NotInvited::Oneself));
        }
        let (address, name) = (&address, name.unwrap_or_default());
        self.change(|work| async move { invite(&work, address, role, name, by).await.map(Ok) })
            .await
    }
}

async fn invite(
    work: &Work,
    address: &str,
    role: Role,
    name: &str,
    by: Option<PersonId>,
) -> Result<Invited, Error> {
    let known = account::Entity::find()
        .filter(account::Column::Email.eq(address))
        .one(work.tx())
        .await?;
    let account = match known {
        Some(it) => it,
        None => open_account(work, address, name).await?,
    };
    let before = role::of(work.tx(), account.person).await?;
    role::give(work, account.person, role, by).await?;
    if account.accepted_at.is_some() {
        if !before.contains(&role) {
            tell_of_access(work, account.person).await?;
        }
        return Ok(Invited::Given);
    }
    let person = account.person;
    let mut row = account.into_active_model();
    row.invited_at = Set(work.now());
    row.update(work.tx()).await?;
    let ends_at = work.now() + Numbers::load(work.tx()).await?.invitation();
    links::renew_until(work, Purpose::Invitation, person.0, Stopped::Renewed, ends_at).await?;
    let mail = Mail {
        kind: Kind::Invited,
        about: person.0,
        recipient: address.to_owned(),
        occasion: work.fresh_id().to_string(),
        due_at: work.now(),
        parameters: serde_json::json!({}),
    };
    outbox::write(work, mail).await?;
    Ok(Invited::Sent)
}

/// A person with an account that is not accepted yet. Until they say their name, it is that of their mailbox.
pub(crate) async fn open_account(work: &Work, address: &str, name: &str) -> Result<account::Model, Error> {
    let of_mailbox = address.split('@').next().unwrap_or(address);
    let name = if name.trim().is_empty() {
        of_mailbox
    } else {
        name.trim()
    };
    let person = people::add(work, person_named(name, address)).await?;
    let row = account::ActiveModel {
        person: Set(person),
        email: Set(address.to_owned()),
        invited_at: Set(work.now()),
        accepted_at: Set(None),
        closed_at: Set(None),
    };
    Ok(row.insert(work.tx()).await?)
}

fn person_named(name: &str, address: &str) -> NewPerson {
    NewPerson {
        full_name: name.to_owned(),
        called_name: None,
        pronouns: None,
        email: Some(address.to_owned()),
        phone: None,
        prefers: "email".to_owned(),
        info_format: "standard".to_owned(),
    }
}

/// Notes that the owner of the mailbox wants the account.
pub(crate) async fn note_accepted(work: &Work, id: PersonId) -> Result<(), Error> {
    let row = account::ActiveModel {
        person: Set(id),
        accepted_at: Set(Some(work.now())),
        ..Default::default()
    };
    row.update(work.tx()).await?;
    people::prove_address(work, id).await
}

/// The account that an invitation is for; nothing if the invitation is over.
async fn invited(app: &App, visitor: Visitor, token: &str) -> Result<Option<account::Model>, Error> {
    match links::open(app.reader(), app.now(), Purpose::Invitation, token).await {
        Ok(it) => {
            let found = account::Entity::find_by_id(PersonId(it.about))
                .one(app.reader())
                .await?;
            Ok(found.filter(|it| it.closed_at.is_none()))
        }
        Err(Error::LinkOver) => Ok(None),
        Err(Error::NotFound) => {
            app.limits.link_miss(visitor.0).map_err(Error::TooMany)?;
            Err(Error::NotFound)
        }
        Err(other) => Err(other),
    }
}

async fn show(
    InvitePath { token }: InvitePath,
    State(app): State<App>,
    visitor: Visitor,
) -> Result<Response, Error> {
    let Some(account) = invited(&app, visitor, &token).await? else {
        return over(&app).await;
    };
    let name = people::find(app.reader(), account.person).await?;
    let name = Answer::new(name.map(|it| it.full_name).unwrap_or_default());
    app.page(&InvitePage::load(&app, &token, &account, name).await?)
        .await
}

async fn accept(
    InvitePath { token }: InvitePath,
    State(app): State<App>,
    visitor: Visitor,
    mut fields: Fields,
) -> Result<Response, Error> {
    fields.op()?;
    let mut name = Answer::new(fields.line("full_name")?);
    fields.done()?;
    let Some(account) = invited(&app, visitor, &token).await? else {
        return over(&app).await;
    };
    let here = InvitePath { token: token.clone() }.to_string();
    if account.accepted_at.is_some() {
        return Ok(Redirect::to(&here).into_response());
    }
    if name.value.is_empty() {
        name.refuse("Enter your full name");
    }
    name.at_most(120, "Your name");
    if name.is_wrong() {
        return app
            .page_with(AGAIN, &InvitePage::load(&app, &token, &account, name).await?)
            .await;
    }
    let (id, full_name) = (account.person, &name.value);
    app.change(|work| async move {
        let named = person::ActiveModel {
            id: Set(id),
            full_name: Set(full_name.clone()),
            ..Default::default()
        };
        named.update(work.tx()).await?;
        note_accepted(&work, id).await
    })
    .await?;
    Ok(Redirect::to(&here).into_response())
}

async fn over(app: &App) -> Result<Response, Error> {
    app.page_with(StatusCode::GONE, &InvitePage::over()).await
}

/// An invitation: to be accepted, accepted, or over.
#[derive(Clone, Debug, Default, Serialize)]
struct InvitePage {
    is_over: bool,
    is_accepted: bool,
    roles: String,
    rights: Vec<&'static str>,
    until: String,
    full_name: Answer,
    errors: Vec<Problem>,
    op: String,
    action: String,
    log_in_url: String,
}

impl InvitePage {
    async fn load(app: &App, token: &str, account: &account::Model, name: Answer) -> Result<Self, Error> {
        let roles = role::of(app.reader(), account.person).await?;
        let until = account.invited_at + Numbers::load(app.reader()).await?.invitation();
        Ok(Self {
            is_accepted: account.accepted_at.is_some(),
            until: words::date_time(until),
            op: app.secrets().op(),
            ..Self::of(token, &roles, name)
        })
    }

    fn of(token: &str, roles: &[Role], full_name: Answer) -> Self {
        Self {
            roles: roles_in_words(roles),
            rights: rights(roles),
            errors: problems([("full_name", &full_name)]),
            full_name,
            action: InvitePath {
                token: token.to_owned(),
            }
            .to_string(),
            ..Self::over()
        }
        .now()
    }

    fn over() -> Self {
        Self {
            is_over: true,
            log_in_url: LogInPath.to_string(),
            ..Self::default()
        }
    }

    fn now(mut self) -> Self {
        self.is_over = false;
        self
    }
}

impl Page for InvitePage {
    const TEMPLATE: &'static str = "pages/sign_in/invite.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let mut none = Answer::default();
        none.refuse("Enter your full name");
        let fresh = Self::of("x", &[Role::Coordinator, Role::Lead], Answer::new("sam"));
        let accepted = Self {
            is_accepted: true,
            ..fresh.clone()
        };
        vec![
            fresh,
            Self::of("x", &[Role::Facilitator], none),
            accepted,
            Self::over(),
        ]
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

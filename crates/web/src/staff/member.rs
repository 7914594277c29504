//! What one member of the team may do: roles that are given and taken (T-10).

use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::routing::TypedPath;
use ids::PersonId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Shell;
use super::members::MembersPath;
use crate::app::App;
use crate::entity::account;
use crate::error::Error;
use crate::forms::Fields;
use crate::pages::Page;
use crate::people;
use crate::routes::{Routes, Who};
use crate::sign_in::mail::{roles_in_words, tell_of_access};
use crate::sign_in::numbers::Numbers;
use crate::sign_in::role::{self, KEEPERS, Role, may_give};
use crate::sign_in::step_up::StepUpPath;
use crate::sign_in::{SignedIn, next};
use sea_orm::EntityTrait;

/// `/team/members/{member}`
#[derive(TypedPath, Deserialize)]
#[typed_path("/team/members/{member}")]
pub(super) struct MemberPath {
    pub(super) member: String,
}

pub(super) fn routes() -> Routes {
    Routes::default()
        .get::<MemberPath, _, _>(Who::Roles(KEEPERS), show)
        .post::<MemberPath, _, _>(Who::Roles(KEEPERS), change)
}

/// A member whose roles somebody else may change.
struct Found {
    id: PersonId,
    account: account::Model,
    name: String,
    roles: Vec<Role>,
}

/// Nobody changes their own roles: for them the page is not there (T-10).
async fn find(app: &App, me: &SignedIn, which: &str) -> Result<Found, Error> {
    let id = Uuid::parse_str(which)
        .map(PersonId)
        .map_err(|_| Error::NotFound)?;
    let account = account::Entity::find_by_id(id).one(app.reader()).await?;
    let account = account
        .filter(|it| it.closed_at.is_none() && id != me.person)
        .ok_or(Error::NotFound)?;
    let person = people::find(app.reader(), id).await?.ok_or(Error::NotFound)?;
    Ok(Found {
        id,
        account,
        name: person.full_name,
        roles: role::of(app.reader(), id).await?,
    })
}

/// Roles are changed by whoever has just shown once more that it is them (T-18).
async fn step_up(app: &App, me: &SignedIn, back: &MemberPath) -> Result<Option<Response>, Error> {
    if me.is_stepped_up(&Numbers::load(app.reader()).await?, app.now()) {
        return Ok(None);
    }
    let path = next::with(&StepUpPath.to_string(), Some(&back.to_string()));
    Ok(Some(Redirect::to(&path).into_response()))
}

async fn show(it: MemberPath, State(app): State<App>, me: SignedIn) -> Result<Response, Error> {
    let found = find(&app, &me, &it.member).await?;
    if let Some(elsewhere) = step_up(&app, &me, &it).await? {
        return Ok(elsewhere);
    }
    let shell = Shell::of(&app, &me, MembersPath::PATH).await?;
    let page = MemberPage::of(&found, &me.roles, &it, app.secrets().op(), shell);
    app.page(&page).await
}

async fn change(
    it: MemberPath,
    State(app): State<App>,
    me: SignedIn,
    mut fields: Fields,
) -> Result<Response, Error> {
    let op = fields.op()?;
    let chosen = fields.many("roles")?;
    fields.done()?;
    let found = find(&app, &me, &it.member).await?;
    if let Some(elsewhere) = step_up(&app, &me, &it).await? {
        return Ok(elsewhere);
    }
    let chosen: Vec<Role> = chosen
        .iter()
        .map(|it| it.parse().map_err(Error::BadForm))
        .collect::<Result<_, _>>()?;
    let mine: Vec<Role> = Role::ALL
        .into_iter()
        .filter(|it| may_give(&me.roles, *it))
        .collect();
    // A role that is not on the page was not chosen from it.
    if chosen.iter().any(|it| !mine.contains(it)) {
        return Err(Error::NotFound);
    }
    let (op, content, id, by) = (op.as_deref(), fields.content(), found.id, me.person);
    let (chosen, mine) = (&chosen, &mine);
    let path = app
        .change(|work| async move {
            let act = async {
                let before = role::of(work.tx(), id).await?;
                for role in mine {
                    if chosen.contains(role) {
                        role::give(&work, id, *role, Some(by)).await?;
                    } else {
                        role::take(&work, id, *role, by).await?;
                    }
                }
                if role::of(work.tx(), id).await? != before {
                    tell_of_access(&work, id).await?;
                }
                Ok(MembersPath.to_string())
            };
            work.once(op, content, act).await
        })
        .await?;
    Ok(Redirect::to(&path).into_response())
}

/// One member of the team.
#[derive(Clone, Debug, Serialize)]
struct MemberPage {
    name: String,
    email: String,
    /// "a lead and a facilitator"; empty for whoever is nothing now.
    roles: String,
    /// The roles that the reader may give.
    choices: Vec<RoleChoice>,
    /// Those among them that the member has.
    given: Vec<&'static str>,
    /// Roles of the member that the reader cannot change.
    fixed: String,
    action: String,
    back_url: String,
    op: String,
    shell: Shell,
}

#[derive(Clone, Debug, Serialize)]
pub(super) struct RoleChoice {
    value: &'static str,
    text: &'static str,
    hint: &'static str,
}

/// A role as a keeper chooses it.
pub(super) fn choice(role: Role) -> RoleChoice {
    let (text, hint) = match role {
        Role::Facilitator => ("Facilitator", "Takes the register of their own course dates"),
        Role::Coordinator => ("Coordinator", "Plans dates and looks after bookings"),
        Role::Lead => ("Lead", "All that a coordinator may do, and answers for the whole"),
        Role::Administrator => ("Administrator", "Settings and members, but no records of people"),
    };
    RoleChoice {
        value: role.name(),
        text,
        hint,
    }
}

impl MemberPage {
    fn of(it: &Found, mine: &[Role], path: &MemberPath, op: String, shell: Shell) -> Self {
        let (free, fixed): (Vec<Role>, Vec<Role>) =
            Role::ALL.into_iter().partition(|role| may_give(mine, *role));
        let has = |roles: &[Role]| -> Vec<Role> {
            roles
                .iter()
                .copied()
                .filter(|role| it.roles.contains(role))
                .collect()
        };
        Self {
            name: it.name.clone(),
            email: it.account.email.clone(),
            roles: roles_in_words(&it.roles),
            given: has(&free).into_iter().map(Role::name).collect(),
            fixed: roles_in_words(&has(&fixed)),
            choices: free.into_iter().map(choice).collect(),
            action: path.to_string(),
            back_url: MembersPath.to_string(),
            op,
            shell,
        }
    }
}

impl Page for MemberPage {
    const TEMPLATE: &'static str = "pages/staff/member.html";

    #[cfg(test)]
    fn samples() -> Vec<Self> {
        let found = |roles: &[Role]| Found {
            id: PersonId(Uuid::nil()),
            account: account::Model {
                person: PersonId(Uuid::nil()),
                email: "kim@example.org".to_owned(),
                invited_at: tests::moment(),
                accepted_at: Some(tests::moment()),
                closed_at: None,
            },
            name: "Kim Lee".to_owned(),
            roles: roles.to_vec(),
        };
        let page = |roles: &[Role], mine: &[Role]| {
            let path = MemberPath {
                member: Uuid::nil().to_string(),
            };
            Self::of(&found(roles), mine, &path, "0".repeat(32), Shell::sample())
        };
        vec![
            page(&[Role::Facilitator], &[Role::Lead]),
            page(&[Role::Coordinator, Role::Lead], &[Role::Lead]),
            page(&[], &[Role::Administrator]),
            page(&[Role::Administrator], &[Role::Lead, Role::Administrator]),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn moment() -> ids::Ts {
        ids::Ts::new(time::macros::datetime!(2027-05-11 13:00 UTC))
    }

    #[test]
    fn pages_hold() {
        crate::pages_test::check::<MemberPage>();
    }

    #[test]
    fn leads_make_coordinators_and_administrators_make_leads() {
        let may = |mine: &[Role]| Role::ALL.map(|it| may_give(mine, it));
        assert_eq!(may(&[Role::Lead]), [true, true, false, false]);
        assert_eq!(may(&[Role::Administrator]), [false, false, true, true]);
        assert_eq!(may(&[Role::Coordinator, Role::Facilitator]), [false; 4]);
    }
}

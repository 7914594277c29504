//! The mails of logging in: the code, the invitation, and word of a log in from a new browser.

use ids::{PersonId, Ts};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, PaginatorTrait, QueryFilter};
use time::Duration;
use uuid::Uuid;

use super::numbers::Numbers;
use super::role::Role;
use super::{account_of, role};
use crate::entity::{account, outbox_mail, sign_in, sign_in_attempt as attempt};
use crate::error::Error;
use crate::links::{self, Purpose};
use crate::outbox::{self, Kind, Mail};
use crate::people;
use crate::secrets::Secrets;
use crate::work::Work;

/// What one of these mails is about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// A code that somebody asked for.
    Code(CodeMail),
    /// An invitation.
    Invitation(InvitationMail),
    /// A log in from a browser that we do not know.
    NewBrowser(NewBrowserMail),
    /// The second step was reset: the name of the owner.
    Reset(String),
    /// Roles were given or taken: the name of the owner, and what they are now (T-10).
    Access(String, Vec<Role>),
}

/// The facts of a mail with a code.
#[derive(Clone, Debug)]
pub(crate) struct CodeMail {
    pub attempt: Uuid,
    /// Whether the address has an open account.
    pub is_known: bool,
    /// Whether the code was asked for again since, or its time is over.
    pub is_over: bool,
    /// Codes that left to this address within the last hour, and how many may.
    pub sent: u64,
    pub most: u64,
    pub minutes: i64,
    pub token: Option<String>,
    /// Made when the mail is written, and kept nowhere else.
    pub code: String,
}

/// The facts of an invitation.
#[derive(Clone, Debug)]
pub(crate) struct InvitationMail {
    pub is_accepted: bool,
    pub roles: Vec<Role>,
    pub until: Ts,
    pub token: Option<String>,
}

/// The facts of the mail about a new browser.
#[derive(Clone, Debug)]
pub(crate) struct NewBrowserMail {
    pub name: String,
    pub at: Ts,
    pub browser: String,
}

/// Whether such a mail is still worth sending, or why not.
pub(crate) fn still_true(about: &About, now: Ts) -> Result<(), &'static str> {
    match about {
        About::Code(it) if !it.is_known => Err("no account has this address"),
        About::Code(it) if it.is_over => Err("the code is over"),
        About::Code(it) if it.sent >= it.most => Err("too many codes for this address"),
        About::Invitation(it) if it.is_accepted => Err("the invitation is accepted"),
        About::Invitation(it) if it.token.is_none() || now >= it.until => Err("the invitation is over"),
        About::Code(_)
        | About::Invitation(_)
        | About::NewBrowser(_)
        | About::Reset(_)
        | About::Access(..) => Ok(()),
    }
}

/// Reads what such a mail is about; nothing if that is gone.
pub(crate) async fn load(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    now: Ts,
    kind: Kind,
    row: &outbox_mail::Model,
) -> Result<Option<About>, Error> {
    if kind == Kind::LogInCode {
        code(db, secrets, now, row).await
    } else if kind == Kind::Invited {
        invitation(db, secrets, PersonId(row.about)).await
    } else if kind == Kind::SecondStepReset {
        let person = people::find(db, PersonId(row.about)).await?;
        Ok(person.map(|it| About::Reset(it.called())))
    } else if kind == Kind::AccessChanged {
        let (person, roles) = (PersonId(row.about), role::of(db, PersonId(row.about)).await?);
        let person = people::find(db, person).await?;
        Ok(person.map(|it| About::Access(it.called(), roles)))
    } else {
        new_browser(db, row).await
    }
}

async fn code(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    now: Ts,
    row: &outbox_mail::Model,
) -> Result<Option<About>, Error> {
    let Some(asked) = attempt::Entity::find_by_id(row.about).one(db).await? else {
        return Ok(None);
    };
    let numbers = Numbers::load(db).await?;
    let sent = outbox_mail::Entity::find()
        .filter(outbox_mail::Column::Recipient.eq(&row.recipient))
        .filter(outbox_mail::Column::Kind.eq(Kind::LogInCode.name()))
        .filter(outbox_mail::Column::State.is_in(["sent", "sending"]))
        .filter(outbox_mail::Column::CreatedAt.gt(now - Duration::HOUR))
        .filter(outbox_mail::Column::Seq.ne(row.seq));
    Ok(Some(About::Code(CodeMail {
        attempt: asked.id,
        is_known: account_of(db, &asked.address).await?.is_some(),
        is_over: asked.state != "open" || now >= asked.ends_at,
        sent: sent.count(db).await?,
        most: u64::try_from(numbers.codes_hour()).unwrap_or(0),
        minutes: (asked.ends_at - asked.created_at).whole_minutes(),
        token: links::token(db, secrets, Purpose::LogIn, asked.id).await?,
        code: String::new(),
    })))
}

async fn invitation(
    db: &impl ConnectionTrait,
    secrets: &Secrets,
    person: PersonId,
) -> Result<Option<About>, Error> {
    let Some(account) = account::Entity::find_by_id(person).one(db).await? else {
        return Ok(None);
    };
    let numbers = Numbers::load(db).await?;
    Ok(Some(About::Invitation(InvitationMail {
        is_accepted: account.accepted_at.is_some(),
        roles: role::of(db, person).await?,
        until: account.invited_at + numbers.invitation(),
        token: links::token(db, secrets, Purpose::Invitation, person.0).await?,
    })))
}

async fn new_browser(db: &impl ConnectionTrait, row: &outbox_mail::Model) -> Result<Option<About>, Error> {
    let Some(it) = sign_in::Entity::find_by_id(row.about).one(db).await? else {
        return Ok(None);
    };
    let person = people::find(db, it.person).await?;
    Ok(person.map(|person| {
        About::NewBrowser(NewBrowserMail {
            name: person.called(),
            at: it.completed_at.unwrap_or(it.began_at),
            browser: it.browser_words,
        })
    }))
}

/// Tells the owner of a log in from a browser that we do not know (T-20).
pub(crate) async fn tell_of_new_browser(work: &Work, person: PersonId, sign_in: Uuid) -> Result<(), Error> {
    tell(work, Kind::NewLogIn, person, sign_in, "completed".to_owned()).await
}

/// Tells the owner that somebody reset their second step (T-15).
pub(crate) async fn tell_of_reset(work: &Work, person: PersonId) -> Result<(), Error> {
    let occasion = work.fresh_id().to_string();
    tell(work, Kind::SecondStepReset, person, person.0, occasion).await
}

/// Tells somebody that roles of theirs were given or taken (T-10).
pub(crate) async fn tell_of_access(work: &Work, person: PersonId) -> Result<(), Error> {
    let occasion = work.fresh_id().to_string();
    tell(work, Kind::AccessChanged, person, person.0, occasion).await
}

async fn tell(work: &Work, kind: Kind, person: PersonId, about: Uuid, occasion: String) -> Result<(), Error> {
    let account = account::Entity::find_by_id(person).one(work.tx()).await?;
    let Some(account) = account else { return Ok(()) };
    let mail = Mail {
        kind,
        about,
        recipient: account.email,
        occasion,
        due_at: work.now(),
        parameters: serde_json::json!({}),
    };
    outbox::write(work, mail).await
}

/// A code as it is easiest to copy: in two groups.
pub(crate) fn in_two(code: &str) -> String {
    let (one, two) = code.split_at_checked(4).unwrap_or((code, ""));
    format!("{one} {two}").trim_end().to_owned()
}

/// "a coordinator and a lead"
pub(crate) fn roles_in_words(roles: &[Role]) -> String {
    let words: Vec<String> = roles.iter().map(|it| it.with_article()).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// What these roles may see, one sentence each (T-06: the table of trust.md section 2).
pub(crate) fn rights(roles: &[Role]) -> Vec<&'static str> {
    let mut all: Vec<&'static str> = Vec::new();
    for role in roles {
        let may = match role {
            Role::Facilitator => ["You can see who comes to your courses."].as_slice(),
            Role::Coordinator | Role::Lead => &[
                "You can see all bookings, and what would help people to take part.",
                "You can plan dates and change bookings.",
            ],
            Role::Administrator => &["You can change settings and see who is in the team."],
        };
        all.extend(
            may.iter()
                .filter(|it| !all.contains(it))
                .copied()
                .collect::<Vec<_>>(),
        );
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn now() -> Ts {
        Ts::new(datetime!(2027-05-11 13:00 UTC))
    }

    #[test]
    fn a_code_goes_to_whom_it_helps_and_to_nobody_else() {
        let good = CodeMail {
            attempt: Uuid::nil(),
            is_known: true,
            is_over: false,
            sent: 9,
            most: 10,
            minutes: 10,
            token: None,
            code: String::new(),
        };
        let with = |change: &dyn Fn(&mut CodeMail)| {
            let mut it = good.clone();
            change(&mut it);
            still_true(&About::Code(it), now())
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(
            with(&|it| it.is_known = false),
            Err("no account has this address")
        );
        assert_eq!(with(&|it| it.is_over = true), Err("the code is over"));
        assert_eq!(with(&|it| it.sent = 10), Err("too many codes for this address"));
    }

    #[test]
    fn an_invitation_is_sent_while_it_can_be_accepted() {
        let good = InvitationMail {
            is_accepted: false,
            roles: vec![Role::Lead],
            until: now() + Duration::DAY,
            token: Some("x".to_owned()),
        };
        let with = |change: &dyn Fn(&mut InvitationMail)| {
            let mut it = good.clone();
            change(&mut it);
            still_true(&About::Invitation(it), now())
        };
        assert_eq!(with(&|_| {}), Ok(()));
        assert_eq!(
            with(&|it| it.is_accepted = true),
            Err("the invitation is accepted")
        );
        assert_eq!(with(&|it| it.until = now()), Err("the invitation is over"));
        assert_eq!(with(&|it| it.token = None), Err("the invitation is over"));
    }

    #[test]
    fn roles_and_codes_are_said_as_people_say_them() {
        assert_eq!(roles_in_words(&[Role::Lead]), "a lead");
        let three = [Role::Facilitator, Role::Coordinator, Role::Administrator];
        assert_eq!(
            roles_in_words(&three),
            "a facilitator, a coordinator and an administrator"
        );
        assert_eq!(in_two("7K3M9QXZ"), "7K3M 9QXZ");
        assert_eq!(rights(&[Role::Coordinator, Role::Lead]).len(), 2);
    }
}

//! What applicants do, step by step, through pages and mail.

use ids::{BookingId, RunId};
use sea_orm::{ConnectionTrait, Statement};

use crate::{Browser, Form, PageView, TestApp};

/// Somebody who booked or joined, and their mailbox.
#[derive(Clone, Debug)]
pub struct Applicant {
    /// Where they look at pages.
    pub browser: Browser,
    /// Their name.
    pub name: String,
    /// Their address.
    pub email: String,
    /// Their booking.
    pub booking: BookingId,
    /// The page that said how it went.
    pub done: String,
}

impl TestApp {
    /// The address of a run's page.
    pub async fn run_path(&self, run: RunId) -> String {
        let dates = booking::calendar::run_dates(self.db(), run)
            .await
            .expect("readable")
            .expect("a run");
        format!("/courses/{}/{}", dates.course_code, dates.slug)
    }

    /// Fills in the form up to the page of answers; `way` is `book` or `wait`.
    pub async fn answers(
        &self,
        browser: &Browser,
        run: RunId,
        way: &str,
        name: &str,
        email: &str,
    ) -> PageView {
        browser.answers(&self.run_path(run).await, way, name, email).await
    }

    /// Books a place, up to the page that says so; the address is not confirmed yet.
    pub async fn hold(&self, run: RunId, name: &str, email: &str) -> Applicant {
        let done = self.send(run, "book", "Confirm my booking", name, email).await;
        done.1.must_say("Your place is booked");
        done.0
    }

    /// Books a place and confirms the address from the mail.
    pub async fn book(&self, run: RunId, name: &str, email: &str) -> Applicant {
        let applicant = self.hold(run, name, email).await;
        self.rounds().await;
        let page = applicant
            .follow_mail(self, "Please confirm your email", "/confirm")
            .await;
        let page = page
            .form("Continue")
            .choose("Yes, I made this booking")
            .submit()
            .await;
        assert!(page.status.is_success(), "{} {}", page.status, page.words());
        assert_eq!(self.state(applicant.booking).await, "booked", "{}", page.words());
        applicant
    }

    /// Joins the waiting list.
    pub async fn join(&self, run: RunId, name: &str, email: &str) -> Applicant {
        let (applicant, done) = self.send(run, "wait", "Join the waiting list", name, email).await;
        done.must_say("waiting list");
        applicant
    }

    async fn send(
        &self,
        run: RunId,
        way: &str,
        button: &str,
        name: &str,
        email: &str,
    ) -> (Applicant, PageView) {
        let browser = self.browser();
        let check = self.answers(&browser, run, way, name, email).await;
        let done = check.agreed(button).submit().await;
        assert!(
            done.path.ends_with("/done"),
            "{} {}: {}",
            done.status,
            done.path,
            done.words()
        );
        assert!(
            !done.body.contains("/b/"),
            "T-27: the link is in the mailbox alone"
        );
        let booking = self.booking_of(email, run).await.expect("a booking");
        (
            Applicant {
                browser,
                name: name.to_owned(),
                email: email.to_owned(),
                booking,
                done: done.path.clone(),
            },
            done,
        )
    }

    /// The newest booking of an address on a run.
    pub async fn booking_of(&self, email: &str, run: RunId) -> Option<BookingId> {
        let backend = self.db().get_database_backend();
        let sql = "SELECT b.id AS id FROM booking b JOIN person p ON p.id = b.person \
                   WHERE p.email = $1 AND b.run = $2 ORDER BY b.id DESC";
        let statement = Statement::from_sql_and_values(backend, sql, [email.into(), run.into()]);
        let row = self.db().query_one_raw(statement).await.expect("readable")?;
        Some(row.try_get::<BookingId>("", "id").expect("an id"))
    }

    /// A number that the records answer with, for counting rows.
    pub async fn count(&self, sql: &str) -> i64 {
        let backend = self.db().get_database_backend();
        let row = self
            .db()
            .query_one_raw(Statement::from_string(backend, sql))
            .await
            .expect("readable");
        row.expect("a row").try_get_by_index::<i64>(0).expect("a number")
    }

    /// The moments that the records answer with, in order.
    pub async fn moments(&self, sql: &str) -> Vec<String> {
        let statement = Statement::from_string(self.db().get_database_backend(), sql);
        let rows = self.db().query_all_raw(statement).await.expect("readable");
        let moment = |row: &sea_orm::QueryResult| row.try_get_by_index::<ids::Ts>(0).expect("a moment");
        rows.iter().map(|it| moment(it).to_string()).collect()
    }

    /// When the mails of a kind left, in order; each moment once.
    pub async fn left(&self, kind: &str) -> Vec<String> {
        let sql = format!(
            "SELECT DISTINCT settled_at FROM outbox_mail WHERE kind = '{kind}' AND state = 'sent' ORDER BY settled_at"
        );
        self.moments(&sql).await
    }

    /// Changes the records past all doors, as only a test may.
    pub async fn execute(&self, sql: &str) {
        let writer = &self.database().handles.writer;
        writer.execute_unprepared(sql).await.expect("it is done");
    }

    /// The subjects of all mail taken for an address, in order.
    pub fn subjects(&self, email: &str) -> Vec<String> {
        let sent = self.mailer.sent();
        sent.iter()
            .filter(|it| it.to == email)
            .map(|it| it.read().subject().to_owned())
            .collect()
    }
}

impl Browser {
    /// Fills in the form for the run at this path up to the page of answers.
    pub async fn answers(&self, run_path: &str, way: &str, name: &str, email: &str) -> PageView {
        let first = self.visit(&format!("{run_path}/{way}")).await;
        let contact = first.form("Continue").fill("Full name", name).submit().await;
        let form = contact
            .form("Continue")
            .fill("Email address", email)
            .choose("By email");
        let support = form.submit().await;
        let check = support.form("Continue").submit().await;
        check.must_say("Check your answers");
        check
    }
}

impl PageView {
    /// The form that sends the answers, both statements made.
    #[track_caller]
    pub fn agreed(&self, button: &str) -> Form {
        self.form(button)
            .choose("I am 18 or over")
            .choose("I will keep what others share private")
    }
}

impl Applicant {
    /// The text of the newest mail with this subject, its lines joined.
    #[track_caller]
    pub fn mail(&self, site: &TestApp, subject: &str) -> String {
        let sent = site.mailer.sent();
        let found = sent
            .iter()
            .rev()
            .filter(|it| it.to == self.email)
            .find(|it| it.read().subject().starts_with(subject));
        let found =
            found.unwrap_or_else(|| panic!("no mail {subject:?}, but {:?}", site.subjects(&self.email)));
        found.read().text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The path of the link in a mail that ends like this; an empty ending is the shortest link.
    #[track_caller]
    pub fn link(&self, site: &TestApp, subject: &str, ending: &str) -> String {
        let text = self.mail(site, subject);
        let base = site.app.setup().base_url.clone();
        let links = text
            .split_whitespace()
            .filter_map(|it| it.strip_prefix(base.as_str()));
        let personal = links.filter(|it| it.starts_with("/b/") || it.starts_with("/o/"));
        let found = personal
            .filter(|it| it.ends_with(ending))
            .min_by_key(|it| it.len())
            .map(str::to_owned);
        found.unwrap_or_else(|| panic!("no link {ending:?} in\n{text}"))
    }

    /// Opens a link of the newest mail with this subject.
    pub async fn follow_mail(&self, site: &TestApp, subject: &str, ending: &str) -> PageView {
        let link = self.link(site, subject, ending);
        self.browser.visit(&link).await
    }

    /// The page of the booking, from the newest mail that leads to it.
    pub async fn manage(&self, site: &TestApp, subject: &str) -> PageView {
        let link = self.link(site, subject, "");
        self.browser.visit(&link).await
    }
}

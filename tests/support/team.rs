//! People of the team, who log in as people do: mailbox, code, app.

use scraper::{Html, Selector};
use sea_orm::{ConnectionTrait, Statement};
use time::Duration;
use totp_rs::{Builder, Secret};
use web::Role;

use crate::{Browser, PageView, TestApp};

/// Somebody of the team, with their phone.
#[derive(Clone, Debug)]
pub struct Member {
    /// Where they look at pages.
    pub browser: Browser,
    /// The address they log in with.
    pub email: String,
    /// The key that their app holds, as base 32.
    pub key: String,
    /// Their recovery codes.
    pub recovery_codes: Vec<String>,
}

impl TestApp {
    /// Invites somebody and lets them accept, log in and set up their app.
    pub async fn member(&self, role: Role, email: &str) -> Member {
        self.invited(role, email).await;
        let browser = self.browser();
        let page = self.log_in(&browser, email).await;
        page.must_say("Set up your second step");
        self.set_up(browser, email, &page).await.0
    }

    /// Invites somebody and lets them accept.
    pub async fn invited(&self, role: Role, email: &str) {
        let invited = self.app.invite(email, role, None, None).await.expect("written");
        invited.expect("an address");
        self.rounds().await;
        let link = self.path_in_mail(email, "You are invited", "/invite/");
        let page = self.browser().visit(&link).await;
        let form = page
            .form("Accept the invitation")
            .fill("Your full name", "Sam Sorrel");
        form.submit().await.must_say("You can log in now");
    }

    /// Asks for a code and types it: the page after the first step.
    pub async fn log_in(&self, browser: &Browser, email: &str) -> PageView {
        let page = self.ask_for_code(browser, email).await;
        let code = self.code_of(email);
        page.form("Continue").fill("Code", &code).submit().await
    }

    /// Asks for a code, and lets its mail leave.
    pub async fn ask_for_code(&self, browser: &Browser, email: &str) -> PageView {
        let form = browser.visit("/login").await.form("Send me a code");
        let page = form.fill("Email address", email).submit().await;
        self.rounds().await;
        page
    }

    /// Sets up the app that the page offers.
    pub async fn set_up(&self, browser: Browser, email: &str, page: &PageView) -> (Member, PageView) {
        let key = page.text("code.al-key").replace(' ', "");
        let mut member = Member {
            browser,
            email: email.to_owned(),
            key,
            recovery_codes: Vec::new(),
        };
        let form = page.form("Continue").fill("6-digit code", &member.app_code(self));
        let codes = form.submit().await;
        codes.must_say("Your recovery codes");
        let html = Html::parse_document(&codes.body);
        let each = Selector::parse("code.al-key").expect("a selector");
        member.recovery_codes = html.select(&each).map(|it| it.text().collect()).collect();
        assert_eq!(member.recovery_codes.len(), 8);
        (member, codes)
    }

    /// The code in the newest mail.
    #[track_caller]
    pub fn code_of(&self, email: &str) -> String {
        let text = self.newest_mail(email, "Your log in code");
        let (_, rest) = text.split_once("Your code is: ").expect("a code");
        rest.chars().take(9).collect()
    }

    /// The id of whoever logs in with this address.
    pub async fn person_of(&self, email: &str) -> String {
        let backend = self.db().get_database_backend();
        let sql = "SELECT person FROM account WHERE email = $1";
        let statement = Statement::from_sql_and_values(backend, sql, [email.into()]);
        let row = self.db().query_one_raw(statement).await.expect("readable");
        let id: uuid::Uuid = row.expect("an account").try_get("", "person").expect("an id");
        id.to_string()
    }

    /// The id of the first mail to an address.
    pub async fn mail_id(&self, email: &str) -> String {
        let backend = self.db().get_database_backend();
        let sql = "SELECT id FROM outbox_mail WHERE recipient = $1 ORDER BY seq";
        let statement = Statement::from_sql_and_values(backend, sql, [email.into()]);
        let row = self.db().query_one_raw(statement).await.expect("readable");
        let id: uuid::Uuid = row.expect("a mail").try_get("", "id").expect("an id");
        id.to_string()
    }

    /// The path of a link in the newest mail with this subject.
    #[track_caller]
    pub fn path_in_mail(&self, email: &str, subject: &str, beginning: &str) -> String {
        let text = self.newest_mail(email, subject);
        let base = self.app.setup().base_url.clone();
        let mut paths = text
            .split_whitespace()
            .filter_map(|it| it.strip_prefix(base.as_str()));
        let found = paths.find(|it| it.starts_with(beginning)).map(str::to_owned);
        found.unwrap_or_else(|| panic!("no link {beginning:?} in {text}"))
    }

    /// The words of the newest mail with this subject, in one line.
    #[track_caller]
    pub fn text_of_mail(&self, email: &str, subject: &str) -> String {
        self.newest_mail(email, subject)
    }

    #[track_caller]
    fn newest_mail(&self, email: &str, subject: &str) -> String {
        let sent = self.mailer.sent();
        let mut theirs = sent.iter().rev().filter(|it| it.to == email).map(web::Sent::read);
        let found = theirs.find(|it| it.subject() == subject);
        let found =
            found.unwrap_or_else(|| panic!("no mail {subject:?} to {email}: {:?}", self.subjects(email)));
        found.text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

impl Member {
    /// What the app shows now.
    pub fn app_code(&self, site: &TestApp) -> String {
        self.app_code_in(site, Duration::ZERO)
    }

    /// What the app shows at another moment.
    pub fn app_code_in(&self, site: &TestApp, later: Duration) -> String {
        let key = Secret::try_from_base32(&self.key).expect("base 32");
        let app = Builder::new()
            .with_secret(key)
            .build()
            .expect("a key of the right length");
        let at = (site.app.now() + later).get().unix_timestamp();
        app.generate(u64::try_from(at).expect("after 1970")).to_string()
    }

    /// Logs in with both steps, in this browser; the page that opens.
    pub async fn log_in(&self, site: &TestApp, browser: &Browser) -> PageView {
        // Each code of the app works once.
        site.app.clock().advance(Duration::seconds(30));
        let page = site.log_in(browser, &self.email).await;
        let form = page.form("Continue").fill("6-digit code", &self.app_code(site));
        form.submit().await
    }
}

//! The answers of a booking form on its way: one struct for each page, as it is shown, stored and read.
//!
//! A draft keeps what was typed, right or wrong, so that an unfinished page can be saved too. Whether
//! it is good enough to book is asked again each time (B-10).

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::forms::{Answer, Fields, Problem, problems};
use crate::people::NewPerson;
use crate::people::address::Address;
use crate::public::questions::{
    EmailQuestion, FORMATS, NAME, Need, NeedsForm, Someone, SomeoneForm, WAYS, judge_phone, one_of, ticked,
};

/// The longest hopes (B-10).
const HOPES: usize = 500;
/// The longest postal address.
const POST_ADDRESS: usize = 500;
/// The longest address of somebody who books for another person (T-32).
const CONTACT: usize = 254;

/// The pages of the form, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    You,
    Contact,
    /// Only for people who want to hear from us by post.
    Post,
    Support,
    Check,
}

impl Step {
    /// Its number, of four: the page for letters is part of the second.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::You => 1,
            Self::Contact | Self::Post => 2,
            Self::Support => 3,
            Self::Check => 4,
        }
    }
}

/// A page of questions: how it is read and judged, and where its answers are kept.
pub(crate) trait Question: Clone + Serialize {
    /// Which page it is.
    const STEP: Step;

    /// Its part of all answers.
    fn of(answers: &mut Answers) -> &mut Self;

    /// Reads what was sent, whatever it is worth.
    fn read(fields: &mut Fields) -> Result<Self, Error>;

    /// Notes beside each answer what is wrong with it.
    fn judge(&mut self, press: Press);

    /// Forgets what belongs to an option that was not chosen (U-11).
    fn tidy(&mut self) {}

    /// What is wrong, in the order of the page.
    fn problems(&self) -> Vec<Problem>;

    /// Whether the page wants nothing more.
    fn is_complete(&self) -> bool {
        let mut it = self.clone();
        it.judge(Press::Continue);
        it.problems().is_empty()
    }
}

/// Which button was pressed below a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Press {
    /// "Continue": the page must be complete.
    Continue,
    /// "Save and come back later": what is missing can wait.
    Save,
}

impl Press {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Error> {
        match fields.line("action")?.as_str() {
            "" => Ok(Self::Continue),
            "save" => Ok(Self::Save),
            _ => Err(Error::BadForm("a button that the page does not have".to_owned())),
        }
    }

    /// Notes that an answer is missing, unless it can wait.
    fn wants(self, answer: &mut Answer, missing: bool, error: &str) {
        if missing && self == Self::Continue && !answer.is_wrong() {
            answer.refuse(error);
        }
    }
}

/// What was answered so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Answers {
    pub you: You,
    pub contact: Contact,
    pub post: Post,
    pub support: Support,
    /// Every answer of that page is optional, so only this tells whether somebody has seen it.
    pub support_seen: bool,
}

impl Answers {
    /// The first page that still wants an answer.
    pub(crate) fn open(&self) -> Step {
        if !self.you.is_complete() {
            Step::You
        } else if !self.contact.is_complete() {
            Step::Contact
        } else if self.contact.by_post() && !self.post.is_complete() {
            Step::Post
        } else if !self.support_seen || !self.support.is_complete() {
            Step::Support
        } else {
            Step::Check
        }
    }

    /// The page before this one; while answers are changed, that is the check page.
    pub(crate) fn before(&self, step: Step) -> Option<Step> {
        if self.open() == Step::Check && step != Step::Check {
            return Some(Step::Check);
        }
        match step {
            Step::You => None,
            Step::Contact => Some(Step::You),
            Step::Support if self.contact.by_post() => Some(Step::Post),
            Step::Post | Step::Support => Some(Step::Contact),
            Step::Check => Some(Step::Support),
        }
    }

    /// The address that mail about this booking goes to: none if they want a call or a letter (B-90).
    pub(crate) fn mailbox(&self) -> Option<Address> {
        self.contact
            .address()
            .filter(|_| self.contact.prefers.value == "email")
    }

    /// The person as they introduce themselves.
    pub(crate) fn person(&self) -> NewPerson {
        let format = self
            .contact
            .info_format
            .given()
            .unwrap_or_else(|| "standard".to_owned());
        NewPerson {
            full_name: self.you.full_name.value.clone(),
            called_name: self.you.called_name.given(),
            pronouns: self.you.pronouns.given(),
            email: self.contact.address().map(|it| it.to_string()),
            phone: self.contact.phone.given(),
            prefers: self.contact.prefers.value.clone(),
            info_format: format,
        }
    }

    /// Where letters go, if they want letters.
    pub(crate) fn post_address(&self) -> Option<String> {
        self.post.address.given().filter(|_| self.contact.by_post())
    }
}

/// The names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct You {
    pub full_name: Answer,
    pub called_name: Answer,
    pub pronouns: Answer,
}

impl Question for You {
    const STEP: Step = Step::You;

    fn of(answers: &mut Answers) -> &mut Self {
        &mut answers.you
    }

    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            full_name: Answer::new(fields.line("full_name")?),
            called_name: Answer::new(fields.line("called_name")?),
            pronouns: Answer::new(fields.line("pronouns")?),
        })
    }

    fn judge(&mut self, press: Press) {
        self.full_name.at_most(NAME, "Your name");
        self.called_name.at_most(NAME, "The name we call you");
        self.pronouns.at_most(NAME, "Your pronouns");
        let missing = self.full_name.value.is_empty();
        press.wants(&mut self.full_name, missing, "Enter your name");
    }

    fn problems(&self) -> Vec<Problem> {
        problems([
            ("full_name", &self.full_name),
            ("called_name", &self.called_name),
            ("pronouns", &self.pronouns),
        ])
    }
}

/// How to be in touch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Contact {
    pub email: EmailQuestion,
    pub no_email: bool,
    pub phone: Answer,
    pub prefers: Answer,
    pub info_format: Answer,
}

impl Question for Contact {
    const STEP: Step = Step::Contact;

    fn of(answers: &mut Answers) -> &mut Self {
        &mut answers.contact
    }

    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            email: EmailQuestion::read(fields)?,
            no_email: ticked(fields, "no_email")?,
            phone: Answer::new(fields.line("phone")?),
            prefers: one_of(fields, "prefers", &WAYS)?,
            info_format: one_of(fields, "info_format", &FORMATS)?,
        })
    }

    fn judge(&mut self, press: Press) {
        if !self.no_email {
            let missing = self.email.judge().is_none() && self.email.email.value.is_empty();
            press.wants(
                &mut self.email.email,
                missing,
                "Enter your email address, or choose 'I have no email'",
            );
        }
        judge_phone(&mut self.phone);
        let (no_phone, by_phone) = (self.phone.value.is_empty(), self.prefers.value == "phone");
        press.wants(
            &mut self.phone,
            no_phone && self.no_email,
            "Enter a phone number, so that we can reach you",
        );
        press.wants(
            &mut self.phone,
            no_phone && by_phone,
            "Enter a phone number, so that we can call you",
        );
        let (no_way, by_email) = (self.prefers.value.is_empty(), self.prefers.value == "email");
        press.wants(
            &mut self.prefers,
            no_way,
            "Select how you would like us to get in touch",
        );
        let error = "Choose phone or post, because you have no email";
        press.wants(&mut self.prefers, by_email && self.no_email, error);
    }

    fn tidy(&mut self) {
        if self.no_email {
            self.email = EmailQuestion::default();
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = if self.no_email {
            Vec::new()
        } else {
            self.email.problems()
        };
        found.extend(problems([("phone", &self.phone), ("prefers", &self.prefers)]));
        found
    }
}

impl Contact {
    /// The address, unless they have none.
    pub(crate) fn address(&self) -> Option<Address> {
        self.email.address().filter(|_| !self.no_email)
    }

    pub(crate) fn by_post(&self) -> bool {
        self.prefers.value == "post"
    }
}

/// Where letters go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Post {
    pub address: Answer,
}

impl Question for Post {
    const STEP: Step = Step::Post;

    fn of(answers: &mut Answers) -> &mut Self {
        &mut answers.post
    }

    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            address: Answer::new(fields.text("post_address")?),
        })
    }

    fn judge(&mut self, press: Press) {
        self.address.at_most(POST_ADDRESS, "The address");
        let missing = self.address.value.is_empty();
        press.wants(
            &mut self.address,
            missing,
            "Enter the address that we should write to",
        );
    }

    fn problems(&self) -> Vec<Problem> {
        problems([("post_address", &self.address)])
    }
}

/// What would help, and who else is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Support {
    pub needs: NeedsForm,
    pub someone: SomeoneForm,
    pub call_first: bool,
    pub hopes: Answer,
    pub for_other: bool,
    pub booked_by: Answer,
    pub booked_by_contact: Answer,
    pub copies: bool,
}

impl Question for Support {
    const STEP: Step = Step::Support;

    fn of(answers: &mut Answers) -> &mut Self {
        &mut answers.support
    }

    fn read(fields: &mut Fields) -> Result<Self, Error> {
        Ok(Self {
            needs: NeedsForm::read(fields)?,
            someone: SomeoneForm::read(fields)?,
            call_first: ticked(fields, "call_first")?,
            hopes: Answer::new(fields.text("hopes")?),
            for_other: ticked(fields, "for_other")?,
            booked_by: Answer::new(fields.line("booked_by")?),
            booked_by_contact: Answer::new(fields.line("booked_by_contact")?),
            copies: ticked(fields, "copies")?,
        })
    }

    fn judge(&mut self, press: Press) {
        self.needs.judge();
        self.someone.judge(press == Press::Continue);
        self.hopes.at_most(HOPES, "What you hope for");
        if self.for_other {
            self.booked_by
                .at_most(NAME, "The name of the person who is booking");
            self.booked_by_contact
                .at_most(CONTACT, "The email address or phone number");
            let nameless = self.booked_by.value.is_empty();
            press.wants(
                &mut self.booked_by,
                nameless,
                "Enter the name of the person who is booking",
            );
            let no_address = self.booked_by_contact.value.parse::<Address>().is_err();
            let error = "Enter an email address of the person who is booking, so that we can send copies";
            press.wants(&mut self.booked_by_contact, self.copies && no_address, error);
        }
    }

    fn tidy(&mut self) {
        self.needs.tidy();
        if !self.for_other {
            self.booked_by = Answer::default();
            self.booked_by_contact = Answer::default();
            self.copies = false;
        }
    }

    fn problems(&self) -> Vec<Problem> {
        let mut found = self.needs.problems();
        found.extend(self.someone.problems());
        found.extend(problems([("hopes", &self.hopes)]));
        if self.for_other {
            found.extend(problems([
                ("booked_by", &self.booked_by),
                ("booked_by_contact", &self.booked_by_contact),
            ]));
        }
        found
    }
}

impl Support {
    /// What would help.
    pub(crate) fn wanted(&self) -> Vec<Need> {
        self.needs.wanted()
    }

    /// Someone we could call.
    pub(crate) fn someone(&self) -> Option<Someone> {
        self.someone.given()
    }
}

/// The two statements at the end, which nobody else can make.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Statements {
    pub over_18: Answer,
    pub agreed: Answer,
}

impl Statements {
    pub(crate) fn read(fields: &mut Fields) -> Result<Self, Error> {
        let mut tick = |name| Ok::<_, Error>(Answer::new(if ticked(fields, name)? { "yes" } else { "" }));
        Ok(Self {
            over_18: tick("over_18")?,
            agreed: tick("agreed")?,
        })
    }

    pub(crate) fn judge(&mut self) {
        if self.over_18.value.is_empty() {
            self.over_18.refuse("Tick to say you are 18 or over");
        }
        if self.agreed.value.is_empty() {
            self.agreed
                .refuse("Tick to say you will keep what others share private");
        }
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        problems([("over_18", &self.over_18), ("agreed", &self.agreed)])
    }
}

#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// Complete answers of somebody with an address.
    pub(in crate::public::book) fn complete() -> Answers {
        let yes = |text: &str| Answer::new(text);
        let mut answers = Answers {
            support_seen: true,
            ..Answers::default()
        };
        answers.you = You {
            full_name: yes("Sam Taylor"),
            called_name: yes("Sam"),
            pronouns: yes("they/them"),
        };
        answers.contact.email.email = yes("sam.taylor@example.com");
        answers.contact.phone = yes("01632 960 001");
        answers.contact.prefers = yes("email");
        answers
    }
}

#[cfg(test)]
mod tests {
    use super::samples::complete;
    use super::*;

    fn fields(body: &str) -> Fields {
        Fields::parse("/x", body.as_bytes()).unwrap()
    }

    /// The ids of the fields that are wrong, after the page was read and judged.
    fn wrong<T>(
        body: &str,
        read: fn(&mut Fields) -> Result<T, Error>,
        judge: fn(&mut T, Press),
        found: fn(&T) -> Vec<Problem>,
        press: Press,
    ) -> (T, Vec<String>) {
        let mut fields = fields(body);
        let mut form = read(&mut fields).unwrap();
        fields.done().unwrap();
        judge(&mut form, press);
        let wrong = found(&form).into_iter().map(|it| it.href).collect();
        (form, wrong)
    }

    fn you(body: &str, press: Press) -> Vec<String> {
        wrong(body, You::read, You::judge, You::problems, press).1
    }

    fn contact(body: &str, press: Press) -> Vec<String> {
        wrong(body, Contact::read, Contact::judge, Contact::problems, press).1
    }

    fn support(body: &str, press: Press) -> (Support, Vec<String>) {
        wrong(body, Support::read, Support::judge, Support::problems, press)
    }

    #[test]
    fn a_name_is_all_that_the_first_page_wants() {
        assert!(you("full_name=Sam+Taylor", Press::Continue).is_empty());
        assert!(you("full_name=Sam&called_name=S&pronouns=they", Press::Continue).is_empty());
        assert_eq!(you("called_name=Sam", Press::Continue), ["#full_name"]);
        assert!(you("", Press::Save).is_empty());
        let long = "x".repeat(NAME + 1);
        assert_eq!(you(&format!("full_name={long}"), Press::Save), ["#full_name"]);
        assert_eq!(
            you(&format!("full_name=Sam&called_name={long}"), Press::Continue),
            ["#called_name"]
        );
        assert_eq!(
            you(&format!("full_name=Sam&pronouns={long}"), Press::Continue),
            ["#pronouns"]
        );
        assert!(you(&format!("full_name={}", "é".repeat(NAME)), Press::Continue).is_empty());
    }

    #[test]
    fn an_address_or_the_choice_to_have_none() {
        let contact = |body| contact(body, Press::Continue);
        assert!(contact("email=sam@example.com&prefers=email").is_empty());
        assert!(contact("email=sam@example.com&prefers=email&info_format=audio").is_empty());
        assert!(contact("no_email=yes&phone=01632+960001&prefers=phone").is_empty());
        assert!(contact("no_email=yes&phone=01632+960001&prefers=post").is_empty());
        assert_eq!(contact(""), ["#email", "#prefers"]);
        assert_eq!(contact("email=sam@&prefers=email"), ["#email"]);
        assert_eq!(contact("email=sam@gmial.com&prefers=email"), ["#typo"]);
        assert_eq!(contact("no_email=yes&prefers=phone"), ["#phone"]);
        assert_eq!(
            contact("no_email=yes&prefers=email&phone=01632+960001"),
            ["#prefers"]
        );
        assert_eq!(contact("email=sam@example.com&prefers=phone"), ["#phone"]);
        assert_eq!(
            contact("email=sam@example.com&prefers=email&phone=me"),
            ["#phone"]
        );
        assert_eq!(contact("email=sam@example.com"), ["#prefers"]);
        // What the page does not offer is no form of ours.
        assert!(Contact::read(&mut fields("prefers=pigeon")).is_err());
        assert!(Contact::read(&mut fields("info_format=braille")).is_err());
    }

    #[test]
    fn an_address_beside_no_email_is_ignored() {
        let (mut form, wrong) = wrong(
            "email=rubbish&typo=x&no_email=yes&phone=01632+960001&prefers=phone",
            Contact::read,
            Contact::judge,
            Contact::problems,
            Press::Continue,
        );
        assert!(wrong.is_empty());
        assert_eq!(form.address(), None);
        form.tidy();
        assert_eq!(form.email, EmailQuestion::default());
    }

    #[test]
    fn what_is_missing_can_wait_and_what_is_wrong_cannot() {
        assert!(contact("", Press::Save).is_empty());
        assert!(contact("email=sam@example.com", Press::Save).is_empty());
        assert_eq!(contact("email=sam@", Press::Save), ["#email"]);
        assert_eq!(contact("email=sam@gmial.com", Press::Save), ["#typo"]);
    }

    #[test]
    fn letters_need_an_address() {
        let post = |body, press| wrong(body, Post::read, Post::judge, Post::problems, press).1;
        assert!(post("post_address=1+High+Street%0AAnytown", Press::Continue).is_empty());
        assert_eq!(post("", Press::Continue), ["#post_address"]);
        assert!(post("", Press::Save).is_empty());
        let long = format!("post_address={}", "x".repeat(POST_ADDRESS + 1));
        assert_eq!(post(&long, Press::Save), ["#post_address"]);
    }

    #[test]
    fn what_would_help_is_optional_in_every_part() {
        let good = |body| support(body, Press::Continue).1.is_empty();
        assert!(good(""));
        assert!(good(
            "needs=captions&needs=bsl&detail_bsl=x&call_first=yes&hopes=To+listen"
        ));
        assert!(good(
            "for_other=yes&booked_by=Jo&booked_by_contact=jo@example.com&copies=yes"
        ));
        assert!(good("for_other=yes&booked_by=Jo&booked_by_contact=01632+960002"));
        let wrong = |body: &str| support(body, Press::Continue).1;
        assert_eq!(wrong("needs=captions&needs=none"), ["#needs"]);
        assert_eq!(wrong("someone_name=Jo"), ["#someone_phone"]);
        assert_eq!(wrong("for_other=yes"), ["#booked_by"]);
        assert_eq!(
            wrong("for_other=yes&booked_by=Jo&copies=yes"),
            ["#booked_by_contact"]
        );
        assert_eq!(wrong(&format!("hopes={}", "x".repeat(HOPES + 1))), ["#hopes"]);
        assert!(support("someone_name=Jo&for_other=yes", Press::Save).1.is_empty());
    }

    #[test]
    fn fields_of_a_box_that_is_not_ticked_are_ignored() {
        let long = "x".repeat(CONTACT + 1);
        let body = format!("booked_by={long}&booked_by_contact={long}&copies=yes&detail_captions=x");
        let (mut form, wrong) = support(&body, Press::Continue);
        assert!(wrong.is_empty());
        form.tidy();
        assert_eq!(form, Support::default());
    }

    #[test]
    fn both_statements_must_be_made() {
        let judged = |body| {
            let mut form = Statements::read(&mut fields(body)).unwrap();
            form.judge();
            form.problems().into_iter().map(|it| it.href).collect::<Vec<_>>()
        };
        assert!(judged("over_18=yes&agreed=yes").is_empty());
        assert_eq!(judged("agreed=yes"), ["#over_18"]);
        assert_eq!(judged(""), ["#over_18", "#agreed"]);
        assert!(Statements::read(&mut fields("over_18=perhaps")).is_err());
    }

    #[test]
    fn the_pages_are_walked_in_order_and_changes_lead_back_to_the_check() {
        let mut answers = Answers::default();
        assert_eq!(answers.open(), Step::You);
        answers.you = complete().you;
        assert_eq!(
            (answers.open(), answers.before(Step::Contact)),
            (Step::Contact, Some(Step::You))
        );
        answers.contact = complete().contact;
        assert_eq!(
            (answers.open(), answers.before(Step::Support)),
            (Step::Support, Some(Step::Contact))
        );
        answers.support_seen = true;
        assert_eq!(
            (answers.open(), answers.before(Step::You)),
            (Step::Check, Some(Step::Check))
        );
        assert_eq!(answers.before(Step::Check), Some(Step::Support));
        answers.contact.prefers = Answer::new("post");
        assert_eq!(
            (answers.open(), answers.before(Step::Support)),
            (Step::Post, Some(Step::Post))
        );
        answers.post.address = Answer::new("1 High Street");
        assert_eq!(answers.open(), Step::Check);
    }

    #[test]
    fn a_letter_address_counts_only_for_people_who_want_letters() {
        let mut answers = complete();
        answers.post.address = Answer::new("1 High Street");
        assert_eq!(answers.post_address(), None);
        assert_eq!(
            answers.mailbox().map(|it| it.to_string()).as_deref(),
            Some("sam.taylor@example.com")
        );
        answers.contact.prefers = Answer::new("post");
        assert_eq!(answers.post_address().as_deref(), Some("1 High Street"));
        assert_eq!(answers.mailbox(), None);
        assert_eq!(answers.person().info_format, "standard");
    }

    #[test]
    fn stored_answers_come_back() {
        let answers = complete();
        let stored = serde_json::to_value(&answers).unwrap();
        assert_eq!(serde_json::from_value::<Answers>(stored).unwrap(), answers);
        assert_eq!(
            serde_json::from_value::<Answers>(serde_json::json!({})).unwrap(),
            Answers::default()
        );
    }
}

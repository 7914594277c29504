//! The one door to decisions: who may, what is asked for, what the chain says afterwards.

use std::sync::Arc;

use chain::event::{Method, Proof};
use chain::{InstanceKey, Salt};
use competency::item::State;
use competency::recorder::{
    self, Act, Asked, Dice, Moment, NewBooklet, NotRecorded, Recorded, Seen, Standing,
};
use competency::template::{self, NewTemplate};
use competency::words::Words;
use competency::{Error, Refusal, Rules, Settings, booklet, framework};
use ids::{BookletId, PersonId, PlacementId};
use sea_orm::DbErr;
use time::Date;
use time::macros::date;
use tokio::sync::Barrier;
use uuid::Uuid;

use crate::database::{Site, fresh, sites};

const STARTER: &str = include_str!("../../../../frameworks/starter-framework.csv");
const TODAY: Date = date!(2026 - 06 - 05);

fn key() -> InstanceKey {
    InstanceKey::from_seed(&[7; 32])
}

fn salt() -> Salt {
    *chain::commitment(&[0; 32], &serde_json::json!(Uuid::new_v4().to_string()))
        .map(|it| it.0)
        .as_ref()
        .unwrap()
}

/// A booklet of one trainee, with an assessor and a line supervisor.
struct Willow {
    site: Site,
    booklet: BookletId,
    trainee: PersonId,
    assessor: PersonId,
    supervisor: PersonId,
}

impl Willow {
    async fn new(site: Site) -> Self {
        let mut people = Vec::new();
        for name in ["Sam Taylor", "Ada Byron", "Grace Hope"] {
            people.push(person(&site, name).await);
        }
        let (trainee, assessor, supervisor) = (people[0], people[1], people[2]);
        let (team, placement) = (fresh(), fresh());
        let sql = "INSERT INTO team (id, name, setting, active) VALUES ($1, 'Willow', 'community', $2)";
        site.exec(sql, [team.into(), true.into()]).await;
        let sql =
            "INSERT INTO placement (id, trainee, team, starts_on, planned_end) VALUES ($1, $2, $3, $4, $5)";
        let (start, end) = (date!(2026 - 06 - 01), date!(2026 - 07 - 12));
        let values = [
            placement.into(),
            trainee.0.into(),
            team.into(),
            start.into(),
            end.into(),
        ];
        site.exec(sql, values).await;
        for (person, part) in [(assessor, "assessor"), (supervisor, "line")] {
            let sql = "INSERT INTO signatory (id, placement, person, part, job_title, prepared_on, conflict, from_on) \
                       VALUES ($1, $2, $3, $4, 'Peer lead', $5, 'none', $6)";
            let prepared = date!(2025 - 09 - 01);
            let values = [
                fresh().into(),
                placement.into(),
                person.0.into(),
                part.into(),
                prepared.into(),
                start.into(),
            ];
            site.exec(sql, values).await;
        }
        let booklet = begin(&site, trainee, placement).await;
        Self {
            site,
            booklet,
            trainee,
            assessor,
            supervisor,
        }
    }

    async fn opened(site: Site) -> Self {
        let it = Self::new(site).await;
        it.ask(it.trainee, open()).await.unwrap();
        it
    }

    async fn ask(&self, person: PersonId, act: Act) -> Result<Recorded, NotRecorded> {
        record(&self.site, self.booklet, person, act).await
    }

    async fn standing(&self) -> Standing {
        recorder::standing(&self.site.db, self.booklet)
            .await
            .unwrap()
            .unwrap()
    }

    async fn seen(&self, code: &str) -> Seen {
        let standing = self.standing().await;
        standing.items.iter().find(|it| it.0 == code).unwrap().1
    }

    /// A piece of evidence for an item, submitted.
    async fn evidence(&self, code: &str, kind: &str, author: PersonId, day: Date) {
        let (id, item) = (fresh(), self.seen(code).await.item);
        let sql = "INSERT INTO evidence (id, booklet, kind, author, occurred_on, setting) \
                   VALUES ($1, $2, $3, $4, $5, 'community')";
        let values = [
            id.into(),
            self.booklet.0.into(),
            kind.into(),
            author.0.into(),
            day.into(),
        ];
        self.site.exec(sql, values).await;
        let content = serde_json::json!({ "kind": kind, "text": "We walked and talked." });
        let commitment = chain::commitment(&salt(), &content).unwrap().to_string();
        let sql = "INSERT INTO evidence_version (id, evidence, n, ring, commitment) \
                   VALUES ($1, $2, 1, 'submitted', $3)";
        let values = [fresh().into(), id.into(), commitment.into()];
        self.site.exec(sql, values).await;
        let sql = "INSERT INTO evidence_item (id, evidence, item) VALUES ($1, $2, $3)";
        self.site
            .exec(sql, [fresh().into(), id.into(), item.0.into()])
            .await;
    }

    /// An item that waits for the assessor, with one reflection.
    async fn submitted(&self, code: &str) {
        self.start(code).await;
        self.evidence(code, "reflection", self.trainee, TODAY).await;
        self.submit(code).await.unwrap();
    }

    async fn start(&self, code: &str) {
        let item = self.seen(code).await;
        self.ask(self.trainee, Act::Start { item }).await.unwrap();
    }

    async fn submit(&self, code: &str) -> Result<Recorded, NotRecorded> {
        let item = self.seen(code).await;
        let act = Act::Submit {
            item,
            self_rating: Some(3),
        };
        self.ask(self.trainee, act).await
    }

    async fn achieve(&self, person: PersonId, code: &str) -> Result<Recorded, NotRecorded> {
        let item = self.seen(code).await;
        self.ask(person, achieve(item)).await
    }

    /// The kinds of events, after the whole chain was followed.
    async fn kinds(&self) -> Vec<String> {
        let links = recorder::chain_of(&self.site.db, self.booklet).await.unwrap();
        chain::verify::chain(&links).unwrap();
        chain::verify::signatures(&links, &[key().public()]).unwrap();
        let kind = |it: &chain::Link| it.event["kind"].as_str().unwrap().to_owned();
        links.iter().map(kind).collect()
    }
}

async fn person(site: &Site, name: &str) -> PersonId {
    let id = fresh();
    let sql = "INSERT INTO person (id, full_name, email, email_bad, prefers, info_format, created_at) \
               VALUES ($1, $2, $3, $4, 'email', 'standard', $5)";
    let email = format!("{id}@example.org");
    let values = [
        id.into(),
        name.into(),
        email.into(),
        false.into(),
        site.now.into(),
    ];
    site.exec(sql, values).await;
    PersonId(id)
}

async fn begin(site: &Site, trainee: PersonId, placement: Uuid) -> BookletId {
    let tx = site.begin().await;
    let rows = framework::parse(STARTER).unwrap();
    let (_, version) = framework::import(&tx, site.now, &fresh, rows).await.unwrap();
    let version = version.unwrap();
    framework::publish(&tx, site.now, version).await.unwrap();
    let template = NewTemplate {
        code: "starter".to_owned(),
        version: "1.0".to_owned(),
        framework_version: version,
        rules: Rules::default(),
    };
    let template = template::publish(&tx, &fresh, template).await.unwrap();
    let new = NewBooklet {
        trainee,
        template,
        placements: vec![PlacementId(placement)],
        due_on: date!(2026 - 07 - 31),
    };
    let booklet = recorder::begin(&tx, &fresh, new).await.unwrap();
    tx.commit().await.unwrap();
    booklet
}

async fn record(
    site: &Site,
    booklet: BookletId,
    person: PersonId,
    act: Act,
) -> Result<Recorded, NotRecorded> {
    let asked = Asked {
        op: Uuid::new_v4().simple().to_string(),
        person,
        method: Method::Account,
        proof: Proof::EmailCode,
        step_up: false,
        act,
    };
    let (settings, key) = (Settings::default(), key());
    let moment = Moment {
        now: site.now,
        today: TODAY,
        settings: &settings,
    };
    let dice = Dice {
        fresh: &fresh,
        salt: &salt,
        key: &key,
    };
    let tx = site.begin().await;
    let done = recorder::record(&tx, moment, &dice, booklet, asked).await?;
    tx.commit().await.map_err(Error::from)?;
    Ok(done)
}

fn open() -> Act {
    Act::Open {
        process: true,
        sharing: true,
        declaration: "I understand who reads what.".to_owned(),
    }
}

fn achieve(item: Seen) -> Act {
    Act::Achieve {
        item,
        rating: 3,
        words: None,
    }
}

fn steps(next_step: &str) -> Words {
    Words::Steps {
        strength: "You listened very well".to_owned(),
        gap: "One room was too noisy".to_owned(),
        next_step: next_step.to_owned(),
    }
}

fn refused(answer: Result<Recorded, NotRecorded>, wanted: Refusal) {
    let is_it = matches!(&answer, Err(NotRecorded::Other(Error::Refused(it))) if *it == wanted);
    assert!(is_it, "{answer:?} is not {wanted:?}");
}

#[tokio::test]
async fn a_booklet_is_opened_written_submitted_and_decided() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        assert_eq!(it.standing().await.state, booklet::State::Active);
        it.submitted("1a").await;
        let done = it.achieve(it.assessor, "1a").await.unwrap();
        assert_eq!((done.seq, done.item.unwrap().1), (Some(3), State::Achieved));
        // Beginning to write is no event.
        assert_eq!(it.kinds().await, ["opened", "submitted", "achieved"]);
        let links = recorder::chain_of(&it.site.db, it.booklet).await.unwrap();
        let decided = chain::Event::read(&links[2].event).unwrap();
        assert_eq!(decided.actor.person, Some(it.assessor.0));
        assert_eq!(links[2].event["self_rating"], 3);
        assert_eq!(links[2].event["evidence"].as_array().unwrap().len(), 1);
        it.site.leave_sound().await;
    }
}

#[tokio::test]
async fn only_the_trainee_opens_and_only_with_both_ticks() {
    for site in sites().await {
        let it = Willow::new(site).await;
        refused(it.ask(it.assessor, open()).await, Refusal::NotTheirs);
        let half = Act::Open {
            process: true,
            sharing: false,
            declaration: String::new(),
        };
        refused(it.ask(it.trainee, half).await, Refusal::NotReadyToOpen);
        it.ask(it.trainee, open()).await.unwrap();
        refused(it.ask(it.trainee, open()).await, Refusal::NotNow);
        assert_eq!(it.kinds().await, ["opened"]);
        it.site.leave_sound().await;
    }
}

#[tokio::test]
async fn nobody_but_the_assessor_decides() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        it.submitted("1a").await;
        refused(it.achieve(it.trainee, "1a").await, Refusal::OwnBooklet);
        refused(it.achieve(it.supervisor, "1a").await, Refusal::NotCurrent);
        let stranger = person(&it.site, "Joan").await;
        refused(it.achieve(stranger, "1a").await, Refusal::NotCurrent);
        assert_eq!(it.kinds().await, ["opened", "submitted"]);
        it.site.leave_sound().await;
    }
}

/// C-02: evidence first to submit, and what the competency asks for to achieve.
#[tokio::test]
async fn nothing_is_achieved_without_the_evidence_it_needs() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        it.start("3a").await;
        refused(it.submit("3a").await, Refusal::NoEvidence);
        for _ in 0..2 {
            it.evidence("3a", "observation", it.assessor, date!(2026 - 06 - 04))
                .await;
        }
        it.submit("3a").await.unwrap();
        let Err(NotRecorded::Lacking(gaps)) = it.achieve(it.assessor, "3a").await else {
            panic!("it was achieved")
        };
        let words: Vec<_> = gaps.iter().map(|it| it.words.as_str()).collect();
        assert_eq!(words, ["3a: evidence from different dates 1 of 2."]);
        it.evidence("3a", "observation", it.assessor, date!(2026 - 06 - 05))
            .await;
        it.achieve(it.assessor, "3a").await.unwrap();
        it.site.leave_sound().await;
    }
}

/// Scenario 3 of the rules, but for the mail.
#[tokio::test]
async fn a_next_step_of_nine_characters_sends_nothing_back() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        it.submitted("3d").await;
        let back = async |next_step: &str| {
            let item = it.seen("3d").await;
            let act = Act::Return {
                item,
                rating: None,
                words: steps(next_step),
            };
            it.ask(it.assessor, act).await
        };
        refused(back("Try again").await, Refusal::Words);
        assert_eq!(it.kinds().await, ["opened", "submitted"]);
        back("Try again, with more").await.unwrap();
        assert_eq!(it.kinds().await, ["opened", "submitted", "returned"]);
        assert_eq!(it.seen("3d").await.state, State::Returned);
        // The words stand beside the chain, and not in it.
        let links = recorder::chain_of(&it.site.db, it.booklet).await.unwrap();
        assert!(!links[2].event.to_string().contains("Try again"));
        it.site.leave_sound().await;
    }
}

/// C-25.
#[tokio::test]
async fn what_changed_since_it_was_shown_is_not_decided() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        it.submitted("1a").await;
        let shown = it.seen("1a").await;
        let older = Seen {
            lock_version: shown.lock_version - 1,
            ..shown
        };
        refused(it.ask(it.assessor, achieve(older)).await, Refusal::Stale);
        let other = Seen {
            state: State::Drafting,
            ..shown
        };
        refused(it.ask(it.assessor, achieve(other)).await, Refusal::Stale);
        it.ask(it.assessor, achieve(shown)).await.unwrap();
        refused(it.ask(it.assessor, achieve(shown)).await, Refusal::Stale);
        it.site.leave_sound().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_decisions_at_once_make_one_chain_without_a_gap() {
    for site in sites().await {
        let it = Arc::new(Willow::opened(site).await);
        let codes = ["1a", "1b", "1c", "2a", "2b", "2c", "2d", "3d", "3f", "4a"];
        for code in codes {
            it.submitted(code).await;
        }
        let start = Arc::new(Barrier::new(2 * codes.len()));
        let mut tasks = Vec::new();
        // Each is decided twice at the same moment.
        for code in codes.iter().chain(&codes) {
            let (it, start, item) = (it.clone(), start.clone(), it.seen(code).await);
            tasks.push(tokio::spawn(async move {
                start.wait().await;
                it.ask(it.assessor, achieve(item)).await
            }));
        }
        let mut made = Vec::new();
        for task in tasks {
            match task.await.unwrap() {
                Ok(done) => made.push(done.seq.unwrap()),
                other => refused(other, Refusal::Stale),
            }
        }
        made.sort_unstable();
        assert_eq!(made, (12..=21).collect::<Vec<_>>());
        assert_eq!(it.kinds().await.len(), 21);
        Arc::into_inner(it).unwrap().site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_number_of_a_form_makes_one_event_and_no_event_is_altered() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        it.submitted("1a").await;
        let altered = |sql: &'static str| {
            use sea_orm::{ConnectionTrait, Statement};
            let db = &it.site.db;
            async move {
                let statement = Statement::from_string(db.get_database_backend(), sql);
                let done: Result<_, DbErr> = db.execute_raw(statement).await;
                done.is_err()
            }
        };
        assert!(altered("UPDATE booklet_event SET op = 'x' WHERE seq = 1").await);
        assert!(altered("DELETE FROM booklet_event WHERE seq = 2").await);
        let again = "INSERT INTO booklet_event (id, booklet, seq, op, kind, at, event, h, kid, sig) \
                     SELECT booklet, booklet, 9, op, kind, at, event, h, kid, sig FROM booklet_event WHERE seq = 1";
        assert!(altered(again).await);
        it.site.leave_sound().await;
    }
}

/// CINV-1: a copy of the records in which somebody put an event of their own at the end.
#[tokio::test]
async fn an_event_that_nobody_hashed_is_found_out() {
    for site in sites().await {
        let it = Willow::opened(site).await;
        let sql = "INSERT INTO booklet_event (id, booklet, seq, op, kind, at, event, h, kid, sig) \
                   SELECT booklet, booklet, 2, 'x', kind, at, event, h, kid, sig FROM booklet_event WHERE seq = 1";
        it.site.exec(sql, []).await;
        let found = competency::verify(&it.site.db).await.unwrap();
        let found: Vec<_> = found.iter().map(|it| it.rule).collect();
        assert_eq!(found, ["CINV-1"]);
        it.site.leave().await;
    }
}

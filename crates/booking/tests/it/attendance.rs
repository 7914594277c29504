//! Registers: who may be marked, when, by whom, and what comes out of it.

use booking::attendance::first_day::{is_kept_out, let_in};
use booking::attendance::outcome::{self, Outcome};
use booking::attendance::{self, Changed, Code, Hand, LetIn, NotRecorded, Register, Said};
use booking::{Ask, Change, Error, Refusal, facilitators};
use ids::{BookingId, PersonId, SessionId, Ts};
use time::macros::date;
use uuid::Uuid;

use crate::database::{Site, begin, sites, utc};

/// A site on the morning of Tuesday 8 June 2027, in London summer time, with people who have places.
struct Morning {
    site: Site,
    people: Vec<Ask>,
    trainer: PersonId,
}

impl Morning {
    async fn of(mut site: Site, people: usize) -> Self {
        let mut booked = Vec::new();
        for _ in 0..people {
            booked.push(site.booked(site.run).await);
        }
        let trainer = site.person().await;
        site.now = utc(date!(2027 - 06 - 08), 9, 10);
        Self {
            site,
            people: booked,
            trainer,
        }
    }

    async fn session(&self, day: usize) -> SessionId {
        self.site.snapshot(self.site.run).await.sessions[day - 1].id
    }

    async fn register(&self, day: usize) -> Register {
        let id = self.session(day).await;
        attendance::register(&self.site.db, id).await.unwrap().unwrap()
    }

    async fn hand(&self, day: usize) -> Hand {
        Hand {
            by: self.trainer,
            is_lead: false,
            reason: None,
            seen: self.register(day).await.version,
        }
    }

    /// Records with this hand; a refusal leaves nothing behind.
    async fn with(&self, day: usize, hand: Hand, said: &[Said]) -> Result<Vec<Changed>, Error> {
        let of = self.session(day).await;
        let tx = begin(&self.site.db).await;
        let done = attendance::record(&tx, self.site.now, &Uuid::new_v4, of, &hand, said).await;
        match &done {
            Ok(_) => tx.commit().await.unwrap(),
            Err(_) => tx.rollback().await.unwrap(),
        }
        done
    }

    async fn say(&self, day: usize, who: usize, code: Code) -> Result<Vec<Changed>, Error> {
        self.with(day, self.hand(day).await, &[self.said(who, code)])
            .await
    }

    fn said(&self, who: usize, code: Code) -> Said {
        Said {
            booking: self.people[who].booking,
            code,
            minutes: None,
        }
    }

    /// What is recorded, by person.
    async fn codes(&self, day: usize) -> Vec<Vec<&'static str>> {
        let rows = self.register(day).await.rows;
        let of = |it: &BookingId| rows.iter().find(|row| row.booking == *it).unwrap();
        let words = |it: &Ask| of(&it.booking).marks.iter().map(|it| it.code.name()).collect();
        self.people.iter().map(words).collect()
    }

    async fn outcome(&self, who: usize) -> Option<Outcome> {
        let (id, db) = (self.people[who].booking, &self.site.db);
        let one = outcome::of_booking(db, id).await.unwrap();
        let all = outcome::of_run(db, self.site.run).await.unwrap();
        assert_eq!(all.get(&id).copied(), one);
        one
    }
}

fn why(error: Error) -> NotRecorded {
    let Error::NotRecorded(why) = error else {
        panic!("{error}")
    };
    why
}

#[tokio::test]
async fn a_mark_is_added_and_the_last_one_counts() {
    for site in sites().await {
        let day = Morning::of(site, 3).await;
        let said = [day.said(0, Code::Present), day.said(1, Code::Absent)];
        let changed = day.with(1, day.hand(1).await, &said).await.unwrap();
        let codes: Vec<_> = changed.iter().map(|it| (it.from, it.to)).collect();
        assert_eq!(codes, [(None, Code::Present), (None, Code::Absent)]);
        // Sent again, nothing is new.
        assert_eq!(day.with(1, day.hand(1).await, &said).await.unwrap(), []);
        // Absent, then we hear why: no correction.
        day.say(1, 1, Code::Apologies).await.unwrap();
        assert_eq!(
            day.codes(1).await,
            [vec!["present"], vec!["absent", "apologies"], vec![]]
        );
        let register = day.register(1).await;
        assert!(!register.is_complete(), "nobody becomes absent by itself");
        assert_eq!(register.rows[0].mark().unwrap().minutes, 180);
        assert_eq!(register.rows[0].mark().unwrap().by, Some(day.trainer));
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn nothing_is_recorded_before_the_register_opens() {
    for site in sites().await {
        let mut day = Morning::of(site, 1).await;
        let opens = utc(date!(2027 - 06 - 08), 8, 30);
        day.site.now = opens - time::Duration::SECOND;
        let refused = day.say(1, 0, Code::Present).await.unwrap_err();
        assert_eq!(why(refused), NotRecorded::NotOpen(opens));
        assert_eq!(day.codes(1).await, [vec![""; 0]]);
        day.site.now = opens;
        day.say(1, 0, Code::Present).await.unwrap();
        let refused = day.say(2, 0, Code::Present).await.unwrap_err();
        assert_eq!(
            why(refused),
            NotRecorded::NotOpen(utc(date!(2027 - 06 - 15), 8, 30))
        );
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_correction_needs_a_reason_and_after_28_days_a_lead() {
    for site in sites().await {
        let mut day = Morning::of(site, 2).await;
        day.say(1, 0, Code::Absent).await.unwrap();
        let refused = day.say(1, 0, Code::Late).await.unwrap_err();
        assert_eq!(why(refused), NotRecorded::NeedsReason);
        let reasoned = |hand: Hand| Hand {
            reason: Some("Was in the other room".to_owned()),
            ..hand
        };
        let late = [day.said(0, Code::Late)];
        day.with(1, reasoned(day.hand(1).await), &late).await.unwrap();
        let present = [day.said(0, Code::Present)];
        day.site.now = utc(date!(2027 - 07 - 06), 12, 15);
        let refused = day.with(1, reasoned(day.hand(1).await), &present).await;
        assert_eq!(why(refused.unwrap_err()), NotRecorded::LeadOnly);
        // What nobody recorded yet is no correction.
        day.say(1, 1, Code::Present).await.unwrap();
        let lead = Hand {
            is_lead: true,
            ..reasoned(day.hand(1).await)
        };
        day.with(1, lead, &present).await.unwrap();
        assert_eq!(
            day.codes(1).await,
            [vec!["absent", "late", "present"], vec!["present"]]
        );
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn whoever_saw_an_older_register_changes_nothing() {
    for site in sites().await {
        let day = Morning::of(site, 3).await;
        let seen = day.hand(1).await;
        day.say(1, 0, Code::Present).await.unwrap();
        let said = [day.said(0, Code::Absent), day.said(1, Code::Present)];
        let refused = day.with(1, seen.clone(), &said).await.unwrap_err();
        assert_eq!(why(refused), NotRecorded::Clash);
        assert_eq!(day.codes(1).await, [vec!["present"], vec![], vec![]]);
        // The same as is there already is no clash.
        let same = [day.said(0, Code::Present)];
        assert_eq!(day.with(1, seen, &same).await.unwrap(), []);
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn only_people_with_a_place_are_marked_and_nobody_marks_themselves() {
    for site in sites().await {
        let mut day = Morning::of(site, 1).await;
        let gone = day.people[0];
        let me = Hand {
            by: gone.person,
            ..day.hand(1).await
        };
        let refused = day.with(1, me, &[day.said(0, Code::Present)]).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::NotFound))));
        day.people = vec![Ask {
            booking: BookingId(Uuid::new_v4()),
            ..gone
        }];
        let refused = day.say(1, 0, Code::Present).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::NotFound))));
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn dates_that_are_called_off_have_no_register() {
    for site in sites().await {
        let mut day = Morning::of(site, 1).await;
        let morning = day.site.now;
        day.site.now = utc(date!(2027 - 06 - 07), 9, 0);
        day.site
            .by_team(day.site.run, Change::CancelRun("Ill".to_owned()))
            .await;
        day.site.now = morning;
        assert_eq!(day.register(1).await.rows, []);
        let refused = day.with(1, day.hand(1).await, &[]).await;
        assert!(matches!(refused, Err(Error::Refused(Refusal::RunCancelled))));
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn an_outcome_is_there_when_every_day_is_marked() {
    for site in sites().await {
        let mut day = Morning::of(site, 3).await;
        for who in 0..3 {
            day.say(1, who, Code::Present).await.unwrap();
        }
        assert_eq!(day.outcome(0).await, None);
        day.site.now = utc(date!(2027 - 06 - 15), 12, 0);
        day.say(2, 0, Code::Late).await.unwrap();
        day.say(2, 1, Code::Absent).await.unwrap();
        assert_eq!(day.outcome(0).await, Some(Outcome::Completed));
        assert_eq!(day.outcome(1).await, Some(Outcome::PartAttended));
        assert_eq!(day.outcome(2).await, None, "day 2 is not marked");
        catch_up(&day, 1).await;
        assert_eq!(day.outcome(1).await, Some(Outcome::Completed));
        day.site.leave_sound().await;
    }
}

/// Somebody catches up on day 2 of the later dates: a place there, and a mark.
async fn catch_up(day: &Morning, who: usize) {
    let (booking, missed) = (day.people[who].booking, day.session(2).await);
    let target = day.site.snapshot(day.site.later).await.sessions[1].id;
    let id = || Uuid::new_v4().into();
    let sql = "INSERT INTO catch_up (id, booking, missed_session, target_session) VALUES ($1, $2, $3, $4)";
    let values = [id(), booking.0.into(), missed.0.into(), target.0.into()];
    day.site.exec(sql, values).await;
    let sql = "INSERT INTO place (id, session, seat_no, booking, since_rev) VALUES ($1, $2, 1, $3, 0)";
    day.site
        .exec(sql, [id(), target.0.into(), booking.0.into()])
        .await;
    let there = attendance::register(&day.site.db, target).await.unwrap().unwrap();
    assert!(there.rows[0].catches_up);
    let hand = Hand {
        seen: there.version,
        ..day.hand(1).await
    };
    let tx = begin(&day.site.db).await;
    let said = [day.said(who, Code::Present)];
    let now = utc(date!(2027 - 07 - 13), 9, 0);
    attendance::record(&tx, now, &Uuid::new_v4, target, &hand, &said)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_somebody_tells_us_does_not_undo_that_they_were_seen() {
    for site in sites().await {
        let day = Morning::of(site, 2).await;
        day.say(1, 0, Code::Present).await.unwrap();
        let of = day.session(1).await;
        for (who, counts) in [(0, false), (1, true)] {
            let tx = begin(&day.site.db).await;
            let booking = day.people[who].booking;
            let told = attendance::send_apologies(&tx, day.site.now, &Uuid::new_v4, booking, of).await;
            assert_eq!(told.is_ok(), counts);
            tx.commit().await.unwrap();
        }
        // They came after all: that corrects nothing of ours, and needs no reason.
        day.say(1, 1, Code::Late).await.unwrap();
        assert_eq!(day.codes(1).await, [vec!["present"], vec!["apologies", "late"]]);
        day.site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_facilitator_has_the_days_of_their_own_dates() {
    for site in sites().await {
        let mut day = Morning::of(site, 1).await;
        let (trainer, stranger) = (day.trainer, day.site.person().await);
        assert!(
            !facilitators::is_one(&day.site.db, day.site.run, trainer)
                .await
                .unwrap()
        );
        let tx = begin(&day.site.db).await;
        let part = (trainer, booking::plan::Part::Other);
        for _ in 0..2 {
            facilitators::assign(&tx, &Uuid::new_v4, day.site.run, part, Some(day.site.now))
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
        assert!(
            facilitators::is_one(&day.site.db, day.site.run, trainer)
                .await
                .unwrap()
        );
        assert_eq!(days_of(&day, trainer).await, (vec![], Some(1)));
        assert_eq!(days_of(&day, stranger).await, (vec![], None));
        // Day 1 has ended, and its register comes before everything else, until the day is over.
        day.site.now = utc(date!(2027 - 06 - 08), 21, 0);
        assert_eq!(days_of(&day, trainer).await, (vec![], Some(1)));
        // Day 1 is over, and nobody took the register.
        day.site.now = utc(date!(2027 - 06 - 09), 9, 0);
        assert_eq!(days_of(&day, trainer).await, (vec![1], Some(2)));
        day.say(1, 0, Code::Present).await.unwrap();
        assert_eq!(days_of(&day, trainer).await, (vec![], Some(2)));
        day.site.leave_sound().await;
    }
}

async fn days_of(day: &Morning, person: PersonId) -> (Vec<i32>, Option<i32>) {
    let now: Ts = day.site.now;
    let (unmarked, next) = attendance::on_the_day_of(&day.site.db, person, now)
        .await
        .unwrap();
    let idx = |it: &Register| it.meeting.idx;
    (unmarked.iter().map(idx).collect(), next.as_ref().map(idx))
}

#[tokio::test]
async fn of_two_who_save_at_once_the_second_hears_of_the_first() {
    for site in sites().await {
        let day = Morning::of(site, 1).await;
        let (hand, of) = (day.hand(1).await, day.session(1).await);
        let (here, away) = ([day.said(0, Code::Present)], [day.said(0, Code::Absent)]);
        let tx = begin(&day.site.db).await;
        attendance::record(&tx, day.site.now, &Uuid::new_v4, of, &hand, &here)
            .await
            .unwrap();
        let second = day.with(1, hand, &away);
        let (second, ()) = tokio::join!(second, async {
            // Long enough for the second to read all that it may read before the first has ended.
            for _ in 0..100 {
                attendance::register(&tx, of).await.unwrap();
            }
            tx.commit().await.unwrap();
        });
        assert_eq!(why(second.unwrap_err()), NotRecorded::Clash);
        assert_eq!(day.codes(1).await, [vec!["present"]]);
        day.site.leave_sound().await;
    }
}

/// B-63: day 2 follows on from day 1.
#[tokio::test]
async fn whoever_missed_day_1_is_marked_there_on_day_2_once_they_are_let_in() {
    for site in sites().await {
        let mut morning = Morning::of(site, 2).await;
        let (came, missed) = (morning.people[0].booking, morning.people[1].booking);
        let said = [(came, Code::Present), (missed, Code::Absent)].map(|(booking, code)| Said {
            booking,
            code,
            minutes: None,
        });
        let hand = morning.hand(1).await;
        morning.with(1, hand, &said).await.unwrap();
        morning.site.now = utc(date!(2027 - 06 - 15), 9, 10);
        let here = |booking| {
            [Said {
                booking,
                code: Code::Late,
                minutes: None,
            }]
        };
        let hand = morning.hand(2).await;
        morning.with(2, hand.clone(), &here(came)).await.unwrap();
        let hand = morning.hand(2).await;
        let refused = morning.with(2, hand.clone(), &here(missed)).await.unwrap_err();
        assert_eq!(why(refused), NotRecorded::KeptOut(missed));
        let of = morning.session(2).await;
        assert!(is_kept_out(&morning.site.db, of, missed).await.unwrap());
        assert!(!is_kept_out(&morning.site.db, of, came).await.unwrap());
        let word = LetIn {
            by: morning.trainer,
            reason: "They read the notes".to_owned(),
            at: morning.site.now,
        };
        let tx = begin(&morning.site.db).await;
        let_in(&tx, &Uuid::new_v4, of, missed, word.clone())
            .await
            .unwrap();
        assert!(
            let_in(&tx, &Uuid::new_v4, of, came, word).await.is_err(),
            "nobody keeps them out"
        );
        tx.commit().await.unwrap();
        morning.with(2, hand, &here(missed)).await.unwrap();
    }
}

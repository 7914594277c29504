//! Who may decide (C-19 to C-23).
//!
//! Access comes from the placement and its signature log, not from a role somebody has elsewhere, and is
//! checked by person in the write.

use chain::event::Role;
use ids::PersonId;
use time::Date;

use crate::days::{WorkingDays, months_after};
use crate::error::Refusal;
use crate::settings::Settings;

/// Who signs at one placement of a booklet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    /// Whose booklet it is.
    pub trainee: PersonId,
    /// Its signature log.
    pub log: Vec<Signatory>,
    /// What leads let pass.
    pub overrides: Vec<Override>,
    /// What people did in this booklet.
    pub parts: Vec<(PersonId, Part)>,
}

/// A line of the signature log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signatory {
    /// Who.
    pub person: PersonId,
    /// As supervisor or as assessor.
    pub role: Role,
    /// Their first day.
    pub from: Date,
    /// Their last day, if it is over.
    pub to: Option<Date>,
    /// When an assessor was prepared for this.
    pub prepared_on: Option<Date>,
    /// Whether they declare a conflict of interest.
    pub conflict: bool,
}

/// A rule that a lead let pass for these people, in an event that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Which rule.
    pub rule: Overridable,
    /// For whom.
    pub people: Vec<PersonId>,
}

/// The rules that a lead can let pass. C-23 is none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overridable {
    /// Assessor and supervisor differ (C-20).
    TwoPeople,
    /// An assessor is prepared and has no conflict (C-22).
    Prepared,
}

/// What keeps somebody from countersigning (C-23).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Decided an item.
    DecidedItem,
    /// Held a review.
    HeldReview,
    /// Signed off.
    SignedOff,
}

impl Overridable {
    /// The word in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::TwoPeople => "C-20",
            Self::Prepared => "C-22",
        }
    }
}

impl Signatory {
    /// Whether they sign on this day.
    pub fn is_current(&self, on: Date) -> bool {
        self.from <= on && self.to.is_none_or(|it| on <= it)
    }

    /// Whether they read what the booklet shows to signers: while they sign, and for some working days
    /// afterwards (C-21).
    pub fn may_read(&self, on: Date, settings: &Settings, days: &WorkingDays) -> bool {
        let until = self.to.map(|it| days.after(it, settings.handover_days));
        self.from <= on && until.is_none_or(|it| on <= it)
    }
}

impl Signers {
    /// The one current assessor (C-21).
    pub fn assessor(&self, on: Date) -> Option<&Signatory> {
        self.current(Role::Assessor, on).next()
    }

    fn current(&self, role: Role, on: Date) -> impl Iterator<Item = &Signatory> {
        self.log
            .iter()
            .filter(move |it| it.role == role && it.is_current(on))
    }

    fn signs_as(&self, who: PersonId, role: Role, on: Date) -> bool {
        self.current(role, on).any(|it| it.person == who)
    }

    fn lets_pass(&self, rule: Overridable, who: PersonId) -> bool {
        let mut passed = self.overrides.iter().filter(|it| it.rule == rule);
        passed.any(|it| it.people.contains(&who))
    }

    fn not_their_own(&self, who: PersonId) -> Result<(), Refusal> {
        if who == self.trainee {
            Err(Refusal::OwnBooklet)
        } else {
            Ok(())
        }
    }

    /// Whether somebody may decide items, hold reviews and sign off: the current assessor, who does not
    /// supervise here, was prepared and has no conflict, or a lead let that pass (C-19, C-20, C-22).
    pub fn may_assess(&self, who: PersonId, on: Date, settings: &Settings) -> Result<(), Refusal> {
        self.not_their_own(who)?;
        let assessor = self.assessor(on).filter(|it| it.person == who);
        self.fit_to_assess(assessor.ok_or(Refusal::NotCurrent)?, on, settings)
    }

    /// Whether somebody may become the assessor here (C-19, C-20, C-22).
    pub fn may_be_assessor(&self, it: &Signatory, on: Date, settings: &Settings) -> Result<(), Refusal> {
        self.not_their_own(it.person)?;
        self.fit_to_assess(it, on, settings)
    }

    fn fit_to_assess(&self, it: &Signatory, on: Date, settings: &Settings) -> Result<(), Refusal> {
        let supervises = self.signs_as(it.person, Role::Supervisor, on);
        if supervises && !self.lets_pass(Overridable::TwoPeople, it.person) {
            return Err(Refusal::AssessorSupervises);
        }
        if self.lets_pass(Overridable::Prepared, it.person) {
            return Ok(());
        }
        let until = it
            .prepared_on
            .map(|it| months_after(it, settings.prepared_months));
        if until.is_none_or(|it| on > it) {
            Err(Refusal::NotPrepared)
        } else if it.conflict {
            Err(Refusal::Conflict)
        } else {
            Ok(())
        }
    }

    /// Whether somebody may supervise here: not their own, and not the assessor (C-19, C-20).
    pub fn may_be_supervisor(&self, who: PersonId, on: Date) -> Result<(), Refusal> {
        self.not_their_own(who)?;
        let assesses = self.signs_as(who, Role::Assessor, on);
        if assesses && !self.lets_pass(Overridable::TwoPeople, who) {
            Err(Refusal::AssessorSupervises)
        } else {
            Ok(())
        }
    }

    /// Whether somebody may verify or query hours: a supervisor or the assessor (C-19).
    pub fn may_verify(&self, who: PersonId, on: Date) -> Result<(), Refusal> {
        self.not_their_own(who)?;
        if self.signs_as(who, Role::Supervisor, on) || self.signs_as(who, Role::Assessor, on) {
            Ok(())
        } else {
            Err(Refusal::NotCurrent)
        }
    }

    /// Whether somebody may countersign: a lead who took no part (C-19, C-23). Nobody lets that pass.
    pub fn may_countersign(&self, who: PersonId, role: Role) -> Result<(), Refusal> {
        self.not_their_own(who)?;
        if role != Role::Lead {
            Err(Refusal::NotTheirs)
        } else if self.parts.iter().any(|(person, _)| *person == who) {
            Err(Refusal::TookPart)
        } else {
            Ok(())
        }
    }

    /// Whether somebody may name the people here: a coordinator or lead, not in their own (C-19).
    pub fn may_assign(&self, who: PersonId, role: Role) -> Result<(), Refusal> {
        self.not_their_own(who)?;
        if matches!(role, Role::Coordinator | Role::Lead) {
            Ok(())
        } else {
            Err(Refusal::NotTheirs)
        }
    }

    /// Whether somebody may let a rule pass for these people: a lead who is none of them (C-19, C-20).
    pub fn may_override(&self, who: PersonId, role: Role, people: &[PersonId]) -> Result<(), Refusal> {
        self.not_their_own(who)?;
        if role == Role::Lead && !people.contains(&who) {
            Ok(())
        } else {
            Err(Refusal::NotTheirs)
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use time::macros::date;
    use uuid::Uuid;

    /// A cell of a table of states: where an event leads, and who brings it about.
    pub(crate) fn letters<S>(
        after: impl Fn(Role) -> Result<S, Refusal>,
        name: impl Fn(S) -> &'static str,
    ) -> String {
        let roles = [
            (Role::Trainee, "T"),
            (Role::Supervisor, "S"),
            (Role::Assessor, "A"),
            (Role::Coordinator, "C"),
            (Role::Lead, "L"),
            (Role::Witness, "W"),
            (Role::System, "Y"),
        ];
        let (mut to, mut who) = ("-", String::new());
        for (role, letter) in roles {
            if let Ok(state) = after(role) {
                to = name(state);
                who.push_str(letter);
            }
        }
        format!("{to} {who}").trim_end().to_owned()
    }

    const TODAY: Date = date!(2026 - 07 - 06);
    const TRAINEE: PersonId = PersonId(Uuid::from_u128(1));
    const ASSESSOR: PersonId = PersonId(Uuid::from_u128(2));
    const SUPERVISOR: PersonId = PersonId(Uuid::from_u128(3));
    const LEAD: PersonId = PersonId(Uuid::from_u128(4));

    fn signs(person: PersonId, role: Role) -> Signatory {
        Signatory {
            person,
            role,
            from: date!(2026 - 06 - 01),
            to: None,
            prepared_on: (role == Role::Assessor).then_some(date!(2025 - 09 - 01)),
            conflict: false,
        }
    }

    fn signers() -> Signers {
        Signers {
            trainee: TRAINEE,
            log: vec![
                signs(ASSESSOR, Role::Assessor),
                signs(SUPERVISOR, Role::Supervisor),
            ],
            overrides: Vec::new(),
            parts: vec![(ASSESSOR, Part::DecidedItem)],
        }
    }

    fn assess(signers: &Signers, who: PersonId, on: Date) -> Result<(), Refusal> {
        signers.may_assess(who, on, &Settings::default())
    }

    /// Scenario 6 of the rules: everything a coordinator might try in a booklet of her own.
    #[test]
    fn nobody_decides_in_a_booklet_of_their_own() {
        let mut it = signers();
        // Even with every hat on.
        it.log = vec![signs(TRAINEE, Role::Assessor), signs(TRAINEE, Role::Supervisor)];
        let own = Err(Refusal::OwnBooklet);
        assert_eq!(it.may_verify(TRAINEE, TODAY), own);
        assert_eq!(assess(&it, TRAINEE, TODAY), own);
        assert_eq!(it.may_countersign(TRAINEE, Role::Lead), own);
        assert_eq!(it.may_assign(TRAINEE, Role::Coordinator), own);
        assert_eq!(it.may_override(TRAINEE, Role::Lead, &[ASSESSOR]), own);
        assert_eq!(it.may_be_supervisor(TRAINEE, TODAY), own);
        let me = signs(TRAINEE, Role::Assessor);
        assert_eq!(it.may_be_assessor(&me, TODAY, &Settings::default()), own);
    }

    #[test]
    fn the_current_assessor_decides_and_nobody_else() {
        let it = signers();
        assert_eq!(assess(&it, ASSESSOR, TODAY), Ok(()));
        assert_eq!(
            assess(&it, ASSESSOR, date!(2026 - 05 - 31)),
            Err(Refusal::NotCurrent)
        );
        for other in [SUPERVISOR, LEAD] {
            assert_eq!(assess(&it, other, TODAY), Err(Refusal::NotCurrent));
        }
        assert_eq!(it.may_verify(SUPERVISOR, TODAY), Ok(()));
        assert_eq!(it.may_verify(ASSESSOR, TODAY), Ok(()));
        assert_eq!(it.may_verify(LEAD, TODAY), Err(Refusal::NotCurrent));
    }

    #[test]
    fn who_supervises_does_not_assess_unless_a_lead_lets_it_pass() {
        let mut it = signers();
        it.log.push(signs(ASSESSOR, Role::Supervisor));
        assert_eq!(assess(&it, ASSESSOR, TODAY), Err(Refusal::AssessorSupervises));
        assert_eq!(
            it.may_be_supervisor(ASSESSOR, TODAY),
            Err(Refusal::AssessorSupervises)
        );
        it.overrides.push(Override {
            rule: Overridable::TwoPeople,
            people: vec![ASSESSOR],
        });
        assert_eq!(assess(&it, ASSESSOR, TODAY), Ok(()));
        assert_eq!(it.may_be_supervisor(ASSESSOR, TODAY), Ok(()));
    }

    #[test]
    fn an_assessor_was_prepared_and_has_no_conflict_or_a_lead_lets_it_pass() {
        let mut it = signers();
        it.log[0].prepared_on = Some(date!(2024 - 07 - 05));
        assert_eq!(assess(&it, ASSESSOR, TODAY), Err(Refusal::NotPrepared));
        it.log[0].prepared_on = Some(date!(2024 - 07 - 06));
        assert_eq!(assess(&it, ASSESSOR, TODAY), Ok(()));
        it.log[0].conflict = true;
        assert_eq!(assess(&it, ASSESSOR, TODAY), Err(Refusal::Conflict));
        it.overrides.push(Override {
            rule: Overridable::Prepared,
            people: vec![ASSESSOR],
        });
        assert_eq!(assess(&it, ASSESSOR, TODAY), Ok(()));
        // It lets nothing else pass.
        it.log.push(signs(ASSESSOR, Role::Supervisor));
        assert_eq!(assess(&it, ASSESSOR, TODAY), Err(Refusal::AssessorSupervises));
    }

    #[test]
    fn a_former_assessor_reads_for_ten_working_days_and_decides_nothing() {
        let mut it = signers();
        it.log[0].to = Some(date!(2026 - 07 - 03));
        assert_eq!(assess(&it, ASSESSOR, TODAY), Err(Refusal::NotCurrent));
        let days = WorkingDays::default();
        let reads = |on| it.log[0].may_read(on, &Settings::default(), &days);
        assert!(reads(date!(2026 - 07 - 17)));
        assert!(!reads(date!(2026 - 07 - 18)));
        assert!(!reads(date!(2026 - 05 - 31)));
    }

    #[test]
    fn whoever_countersigns_took_no_part() {
        let mut it = signers();
        assert_eq!(it.may_countersign(LEAD, Role::Lead), Ok(()));
        assert_eq!(
            it.may_countersign(LEAD, Role::Coordinator),
            Err(Refusal::NotTheirs)
        );
        for part in [Part::DecidedItem, Part::HeldReview, Part::SignedOff] {
            it.parts = vec![(LEAD, part)];
            assert_eq!(it.may_countersign(LEAD, Role::Lead), Err(Refusal::TookPart));
        }
    }

    #[test]
    fn a_lead_lets_nothing_pass_for_themselves() {
        let it = signers();
        assert_eq!(it.may_override(LEAD, Role::Lead, &[ASSESSOR]), Ok(()));
        assert_eq!(
            it.may_override(LEAD, Role::Lead, &[ASSESSOR, LEAD]),
            Err(Refusal::NotTheirs)
        );
        assert_eq!(
            it.may_override(LEAD, Role::Coordinator, &[ASSESSOR]),
            Err(Refusal::NotTheirs)
        );
        assert_eq!(it.may_assign(LEAD, Role::Lead), Ok(()));
        assert_eq!(it.may_assign(ASSESSOR, Role::Assessor), Err(Refusal::NotTheirs));
    }
}

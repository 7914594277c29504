//! What a decision must say (C-14).

use serde_json::{Value, json};

use crate::error::Refusal;
use crate::template::Rules;

/// The words that go with a decision. The trainee reads all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Words {
    /// In one box.
    Text(String),
    /// In three: what was good, what is missing, what comes next.
    Steps {
        /// What was good.
        strength: String,
        /// What is missing.
        gap: String,
        /// What comes next.
        next_step: String,
    },
}

impl Words {
    /// Whether every box says something: at least `min_words` characters, without the spaces around.
    pub fn suffice(&self, rules: &Rules) -> Result<(), Refusal> {
        let enough = match self {
            Self::Text(text) => says_enough(text, rules),
            Self::Steps {
                strength,
                gap,
                next_step,
            } => [strength, gap, next_step].iter().all(|it| says_enough(it, rules)),
        };
        if enough { Ok(()) } else { Err(Refusal::Words) }
    }

    /// What an event binds of them (section 5).
    pub fn content(&self) -> Value {
        match self {
            Self::Text(text) => json!({ "text": text }),
            Self::Steps {
                strength,
                gap,
                next_step,
            } => json!({ "strength": strength, "gap": gap, "next_step": next_step }),
        }
    }
}

/// Whether one box says enough, which a form tells beside it.
pub fn says_enough(text: &str, rules: &Rules) -> bool {
    i64::try_from(text.trim().chars().count()).unwrap_or(i64::MAX) >= rules.min_words
}

/// The words that go with a returned or not achieved item: all three, and long enough.
pub fn steps(words: Option<&Words>, rules: &Rules) -> Result<(), Refusal> {
    match words {
        Some(it @ Words::Steps { .. }) => it.suffice(rules),
        Some(Words::Text(_)) | None => Err(Refusal::Words),
    }
}

/// The words without which nothing is declined, reopened, ruled out, overridden, referred, closed or
/// queried.
pub fn needed(words: Option<&Words>, rules: &Rules) -> Result<(), Refusal> {
    words.ok_or(Refusal::Words)?.suffice(rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps_of(next_step: &str) -> Words {
        Words::Steps {
            strength: "You listened very well".to_owned(),
            gap: "One room was too noisy".to_owned(),
            next_step: next_step.to_owned(),
        }
    }

    /// Scenario 3 of the rules.
    #[test]
    fn a_next_step_of_nine_characters_is_none() {
        let rules = Rules::default();
        assert_eq!(steps(Some(&steps_of("Try again")), &rules), Err(Refusal::Words));
        let twenty = "Try again, with more";
        assert_eq!(twenty.chars().count(), 20);
        assert_eq!(steps(Some(&steps_of(twenty)), &rules), Ok(()));
        assert_eq!(
            steps(Some(&steps_of("        Try again        ")), &rules),
            Err(Refusal::Words)
        );
        let text = Words::Text("It is one box and says enough.".to_owned());
        assert_eq!(steps(Some(&text), &rules), Err(Refusal::Words));
        assert_eq!(needed(Some(&text), &rules), Ok(()));
        assert_eq!(needed(None, &rules), Err(Refusal::Words));
    }

    #[test]
    fn letters_are_counted_and_not_bytes() {
        let text = Words::Text("é".repeat(19));
        assert_eq!(text.suffice(&Rules::default()), Err(Refusal::Words));
    }
}

//! Small numbers, which could tell who answered what (B-86, U-36).

use crate::settings::Settings;

/// A count as it may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Somebody, but so few that the number stays hidden.
    Hidden,
    /// Nobody, or a rounded number.
    Number(i64),
}

/// A count as it may be shown: none as none, few hidden, others to the nearest five (or what the team
/// chose). A number that would round to none is hidden too: it would look like nobody.
pub fn shown(settings: &Settings, count: i64) -> Shown {
    if count <= 0 {
        return Shown::Number(0);
    }
    let step = settings.equality_round_to.max(1);
    let rounded = (count + step / 2).div_euclid(step) * step;
    if count <= settings.equality_hide_up_to || rounded == 0 {
        Shown::Hidden
    } else {
        Shown::Number(rounded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_are_hidden_and_others_rounded() {
        let said = |settings: &Settings, count| match shown(settings, count) {
            Shown::Hidden => "*".to_owned(),
            Shown::Number(it) => it.to_string(),
        };
        let with = |counts: &[i64], settings: &Settings| {
            let all: Vec<String> = counts.iter().map(|it| said(settings, *it)).collect();
            all.join(" ")
        };
        let usual = Settings::default();
        assert_eq!(
            with(&[0, 1, 4, 7, 8, 10, 12, 13, 17, 18, 102], &usual),
            "0 * * * 10 10 10 15 15 20 100"
        );
        let other = Settings {
            equality_hide_up_to: 5,
            equality_round_to: 20,
            ..Settings::default()
        };
        assert_eq!(with(&[0, 1, 5, 6, 9, 10, 29, 30], &other), "0 * * * * 20 20 40");
    }
}

//! The catalogue of settings against section 8 of the booking rules, word for word.

use super::{CATALOGUE, Settings};

/// Names that share a row have their defaults in the same order.
const SECTION_8: &str = "\
|capacity_default, min_numbers, show_exact_up_to|12, 4, 5|places|0-200|
|min_alert, reminder, offer_far_from|7 4, 7 1, 7|days|1-30|
|booking_close, reminder_time, evening_time, digest_time|12:00, 10:00, 17:00, 08:00|time|in the day|
|day_start, day_end|08:00, 19:00|time|start < end|
|confirm_window, confirm_window_near, offer_mail_late|24, 2, 1|h|1-72|
|near_start, offer_shift_guard|72, 48|h|24-168|
|holds_per_address, holds_per_network_hour, confirm_resends_hour|2, 10, 5|count|1-1000|
|offer_window_far, offer_window|48, 24|h|12-168|
|expiries_to_pause, offers_ask_above, catch_up_attempts|2, 3, 2|count|1-50|
|notice, change_answer|2, 2|working days|0-10|
|change_phone, link_mail|48, 24|h|0-168|
|priority, corrections|14, 28|days|1-90|
|join_opens, marking_opens, emergency_view, late_after|30, 30, 60, 15|min|1-240|
|attended|80|%|50-100|
|attendance_nudges, missed_call|1 3, 1|working days|1-10|
|catch_up, interest, version_review|6, 12, 12|months|1-36|
|evaluation_open, evaluation_nudge|14, 7|days|1-60|
|evaluation_min_shown, equality_hide_up_to, equality_round_to|5, 7, 5|count|5-20|
|interpreter_lead, need_lead, run_review|10, 2, 20|working days|1-60|
|mail_retry|1 5 30 120 360|min|1-1440|
";

/// The unit as the table writes it.
fn short(unit: &str) -> &str {
    match unit {
        "hours" => "h",
        "minutes" => "min",
        "percent" => "%",
        other => other,
    }
}

/// Name, default, unit and range of every row, a name a line.
fn in_the_rules() -> Vec<String> {
    let mut lines = Vec::new();
    for row in SECTION_8.lines() {
        let [_, names, defaults, unit, range, _] = row.split('|').collect::<Vec<_>>()[..] else {
            panic!("{row}")
        };
        let range = if unit == "time" { "0-0" } else { range };
        let pairs = names.split(", ").zip(defaults.split(", "));
        lines.extend(pairs.map(|(name, default)| format!("{name} = {default} {unit}, {range}")));
    }
    lines
}

#[test]
fn the_catalogue_is_section_8_of_the_rules() {
    let settings = Settings::default();
    let ours: Vec<String> = CATALOGUE
        .iter()
        .map(|it| {
            let default = settings.written(it.name).unwrap();
            let (unit, least, most) = (short(it.unit), it.least, it.most);
            format!("{} = {default} {unit}, {least}-{most}", it.name)
        })
        .collect();
    let (mut ours, mut theirs) = (ours, in_the_rules());
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    assert_eq!(ours.len(), 50);
}

#[test]
fn the_ends_of_every_range_are_inside_and_what_is_beyond_them_is_not() {
    for it in CATALOGUE.iter().filter(|it| it.unit != "time") {
        let mut settings = Settings::default();
        for inside in [it.least, it.most] {
            settings.set(it.name, &inside.to_string()).unwrap();
        }
        for outside in [it.least - 1, it.most + 1] {
            assert!(
                settings.set(it.name, &outside.to_string()).is_err(),
                "{} {outside}",
                it.name
            );
        }
    }
}

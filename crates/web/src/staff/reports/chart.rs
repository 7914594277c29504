//! Bars as an inline picture (pages.md section 6): one image with a title and a description, bars in
//! hundredths of the width and letters in pixels, so that both can be read on a phone (U-18, U-28).

use serde::Serialize;

/// A label longer than this goes on in another line: so much fits on a screen of 320 pixels.
const LINE: usize = 27;
/// Pixels from one line of letters to the next.
const STEP: u32 = 20;
/// Pixels from the top of one bar to the top of the next.
const BAR: u32 = 23;
/// Pixels between groups.
const GAP: u32 = 10;

/// How long a bar is and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bar {
    /// In thousandths of the longest that there can be.
    length: u64,
    label: String,
}

impl Bar {
    /// A number, compared with the largest of the picture.
    pub(super) fn of(number: u64, largest: u64) -> Self {
        Self::labelled(number, largest, number.to_string())
    }

    /// The same with other words beside it.
    pub(super) fn labelled(number: u64, largest: u64, label: String) -> Self {
        let length = (number * 1000).checked_div(largest).unwrap_or(0).min(1000);
        Self { length, label }
    }

    /// No bar, only words.
    pub(super) fn none(label: &str) -> Self {
        let label = label.to_owned();
        Self { length: 0, label }
    }
}

/// Bars that belong together: one, or one of each series.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    pub label: String,
    pub bars: Vec<Bar>,
}

/// Letters at a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Letters {
    text: String,
    y: u32,
}

/// A bar at a place. The first of two series is an outline, the second filled, so that they differ without
/// colours.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Drawn {
    class: &'static str,
    /// "58.0%"; empty for no bar.
    width: String,
    /// Where the label begins.
    end: String,
    label: String,
    y: u32,
    height: u32,
    /// The line on which the label stands.
    text_y: u32,
}

/// A square that says what the bars of a series are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Key {
    class: &'static str,
    text: String,
    y: u32,
    text_y: u32,
}

/// The picture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Chart {
    caption: String,
    title: String,
    /// The shape and the extremes, in words.
    desc: String,
    height: u32,
    letters: Vec<Letters>,
    bars: Vec<Drawn>,
    keys: Vec<Key>,
}

const OUTLINE: &str = "al-bar-b";
const FILLED: &str = "al-bar-a";

impl Chart {
    /// Draws groups of bars below each other, with what each series is beneath them.
    pub(super) fn draw(caption: &str, desc: String, series: &[&str], groups: &[Group]) -> Self {
        let mut at = 0;
        let (mut letters, mut bars) = (Vec::new(), Vec::new());
        for group in groups {
            for line in lines(&group.label) {
                letters.push(Letters {
                    text: line,
                    y: at + 16,
                });
                at += STEP;
            }
            at += 2;
            for (n, bar) in group.bars.iter().enumerate() {
                bars.push(drawn(bar, class(n, group.bars.len()), at));
                at += BAR;
            }
            at += GAP;
        }
        let keys: Vec<Key> = if series.len() > 1 {
            let key = |(n, text): (usize, &&str)| key(n, series.len(), text, at);
            series.iter().enumerate().map(key).collect()
        } else {
            Vec::new()
        };
        Self {
            caption: caption.to_owned(),
            title: format!("Bar chart: {caption}"),
            desc,
            height: at + u32::try_from(keys.len()).unwrap_or(0) * 26,
            letters,
            bars,
            keys,
        }
    }
}

fn class(n: usize, of: usize) -> &'static str {
    if n == 0 && of > 1 { OUTLINE } else { FILLED }
}

fn drawn(bar: &Bar, class: &'static str, at: u32) -> Drawn {
    let width = format!("{}.{}%", bar.length / 10, bar.length % 10);
    // The line round an outline is drawn half outside.
    let (y, height) = if class == OUTLINE { (at + 1, 18) } else { (at, 20) };
    Drawn {
        class,
        end: width.clone(),
        width: if bar.length == 0 { String::new() } else { width },
        label: bar.label.clone(),
        y,
        height,
        text_y: at + 16,
    }
}

fn key(n: usize, of: usize, text: &str, at: u32) -> Key {
    let top = at + u32::try_from(n).unwrap_or(0) * 26;
    let class = class(n, of);
    Key {
        class,
        text: text.to_owned(),
        y: if class == OUTLINE { top + 6 } else { top + 5 },
        text_y: top + 18,
    }
}

/// A label in lines that fit; letters in a picture do not go on in another line by themselves.
fn lines(label: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in label.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= LINE => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// "Highest in January 2027: 24. Lowest in December 2026: 14.", for a picture with these numbers.
pub(super) fn extremes(numbers: &[(String, u64)]) -> String {
    let highest = numbers.iter().rev().max_by_key(|it| it.1);
    let lowest = numbers.iter().min_by_key(|it| it.1);
    match (highest, lowest) {
        (Some(high), Some(low)) if high.1 > low.1 => {
            format!("Highest: {}, {}. Lowest: {}, {}.", high.0, high.1, low.0, low.1)
        }
        (Some(high), _) if numbers.len() > 1 => format!("All are {}.", high.1),
        (Some(only), _) => format!("{}: {}.", only.0, only.1),
        (None, _) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn groups(numbers: &[(u64, u64)]) -> Vec<Group> {
        let group = |it: &(u64, u64)| Group {
            label: "September 2027".to_owned(),
            bars: vec![Bar::of(it.0, 24), Bar::of(it.1, 24)],
        };
        numbers.iter().map(group).collect()
    }

    #[test]
    fn bars_are_parts_of_the_width_and_two_series_differ_without_colour() {
        let chart = Chart::draw(
            "Months",
            String::new(),
            &["Booked", "Came"],
            &groups(&[(24, 21), (12, 0)]),
        );
        let seen: Vec<_> = chart
            .bars
            .iter()
            .map(|it| (it.class, it.width.as_str()))
            .collect();
        assert_eq!(
            seen,
            [
                (OUTLINE, "100.0%"),
                (FILLED, "87.5%"),
                (OUTLINE, "50.0%"),
                (FILLED, "")
            ]
        );
        let keys: Vec<_> = chart.keys.iter().map(|it| (it.class, it.text.as_str())).collect();
        assert_eq!(keys, [(OUTLINE, "Booked"), (FILLED, "Came")]);
    }

    #[test]
    fn nothing_lies_on_anything_else_or_outside() {
        let chart = Chart::draw(
            "Months",
            String::new(),
            &["Booked", "Came"],
            &groups(&[(24, 21), (12, 0)]),
        );
        let mut rows: Vec<(u32, u32)> = chart.letters.iter().map(|it| (it.y - 14, it.y + 4)).collect();
        rows.extend(chart.bars.iter().map(|it| (it.y, it.y + it.height)));
        rows.extend(chart.keys.iter().map(|it| (it.y, it.y + 16)));
        rows.sort_unstable();
        assert!(rows.windows(2).all(|it| it[0].1 <= it[1].0), "{rows:?}");
        assert!(rows.iter().all(|it| it.1 <= chart.height));
    }

    #[test]
    fn long_labels_go_on_in_another_line() {
        let label = "Recognise that people have different views, hopes and concerns";
        let all = lines(label);
        assert_eq!(all.join(" "), label);
        assert!(all.len() > 2 && all.iter().all(|it| it.len() <= LINE), "{all:?}");
    }

    #[test]
    fn the_description_says_the_extremes() {
        let said = |numbers: &[(&str, u64)]| {
            let all: Vec<_> = numbers.iter().map(|it| (it.0.to_owned(), it.1)).collect();
            extremes(&all)
        };
        assert_eq!(
            said(&[("May", 3), ("June", 9)]),
            "Highest: June, 9. Lowest: May, 3."
        );
        assert_eq!(said(&[("May", 3), ("June", 3)]), "All are 3.");
        assert_eq!(said(&[("May", 3)]), "May: 3.");
        assert_eq!(said(&[]), "");
    }
}

//! The numbers that come with a booklet template (section 11 of the competency rules). A booklet keeps
//! those of its template for life.

use serde::{Deserialize, Serialize};

/// The rules of a booklet template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Optional competencies to be achieved, in each group (C-01).
    pub optional_min: i64,
    /// People who gave feedback (C-11).
    pub feedback_min: i64,
    /// Percent of an item's pieces that may be witness statements (C-04).
    pub witness_max_percent: i64,
    /// Characters of words that say enough (C-14).
    pub min_words: i64,
    /// Reflections to be submitted (C-05).
    pub reflections_min: i64,
    /// Topics that these must be about, each at least once (C-05).
    pub reflection_topics: Vec<String>,
    /// Meetings of supervision at least (C-06).
    pub supervision_min: i64,
    /// Meetings for each whole active week (C-06).
    pub supervision_per_week: i64,
    /// Meetings that are with a peer (C-06).
    pub peer_supervision_min: i64,
    /// Active weeks of all placements (C-07).
    pub placement_weeks: i64,
    /// Minutes of practice in verified weeks (C-07).
    pub practice_minutes: i64,
    /// Working days after the start for the initial review (C-08).
    pub initial_review_days: i64,
    /// Working days before the end for the final review (C-08).
    pub final_review_days: i64,
    /// Percent of the planned days after which the mid review is in time (C-08).
    pub mid_percent_from: i64,
    /// Percent of the planned days until which it is in time (C-08).
    pub mid_percent_to: i64,
    /// Active days from which a placement has reviews (C-08).
    pub short_placement_days: i64,
    /// Reassessments of a booklet (C-18).
    pub reassessments_max: i64,
    /// Working days for the first of them (C-18).
    pub reassessment_days: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            optional_min: 2,
            feedback_min: 2,
            witness_max_percent: 50,
            min_words: 20,
            reflections_min: 4,
            reflection_topics: ["sharing", "boundaries_endings", "wellbeing"]
                .map(str::to_owned)
                .into(),
            supervision_min: 6,
            supervision_per_week: 1,
            peer_supervision_min: 2,
            placement_weeks: 6,
            practice_minutes: 2_700,
            initial_review_days: 5,
            final_review_days: 10,
            mid_percent_from: 40,
            mid_percent_to: 60,
            short_placement_days: 21,
            reassessments_max: 2,
            reassessment_days: 20,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The left half of section 11; names that share a row have their defaults in the same order.
    const SECTION_11: &str = "\
optional_min; feedback_min|2; 2
witness_max_percent; min_words|50; 20
reflections_min; reflection_topics|4; sharing, boundaries_endings, wellbeing
supervision_min; supervision_per_week; peer_supervision_min|6; 1; 2
placement_weeks; practice_minutes|6; 2700
initial_review_days; final_review_days; mid_percent|5; 10; 40-60
short_placement_days; reassessments_max; reassessment_days|21; 2; 20
";

    #[test]
    fn the_rules_are_section_11() {
        let mut ours = serde_json::to_value(Rules::default()).unwrap();
        let ours = ours.as_object_mut().unwrap();
        let mid = ["mid_percent_from", "mid_percent_to"].map(|it| ours.remove(it).unwrap().to_string());
        ours.insert("mid_percent".to_owned(), mid.join("-").into());
        let mut seen = Vec::new();
        for line in SECTION_11.lines() {
            let (names, defaults) = line.split_once('|').unwrap();
            for (name, default) in names.split("; ").zip(defaults.split("; ")) {
                let value = &ours[name];
                let list = value
                    .as_array()
                    .map(|it| it.iter().filter_map(|it| it.as_str()).collect::<Vec<_>>());
                let written = list.map_or_else(|| value.to_string().replace('"', ""), |it| it.join(", "));
                assert_eq!(written, default, "{name}");
                seen.push(name);
            }
        }
        assert_eq!(seen.len(), ours.len());
    }
}

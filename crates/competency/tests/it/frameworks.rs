//! Files of frameworks become versions, and versions that are published never change.

use competency::framework::{self, FileVerdict, Report, State, Verdict, Version};
use competency::{Error, Refusal};
use ids::FrameworkVersionId;

use crate::database::{Site, fresh, sites};

const STARTER: &str = include_str!("../../../../frameworks/starter-framework.csv");

async fn import(site: &Site, text: &str) -> (Report, Option<FrameworkVersionId>) {
    let tx = site.begin().await;
    let rows = framework::parse(text).unwrap();
    let done = framework::import(&tx, site.now, &fresh, rows).await.unwrap();
    tx.commit().await.unwrap();
    done
}

async fn publish(site: &Site, id: FrameworkVersionId) -> Result<(), Error> {
    let tx = site.begin().await;
    framework::publish(&tx, site.now, id).await?;
    tx.commit().await?;
    Ok(())
}

async fn versions(site: &Site) -> Vec<Version> {
    framework::versions(&site.db, "starter").await.unwrap()
}

fn counts(report: &Report) -> [usize; 4] {
    [Verdict::Added, Verdict::Changed, Verdict::Same, Verdict::Wrong]
        .map(|wanted| report.rows.iter().filter(|(_, it)| *it == wanted).count())
}

fn reworded() -> String {
    STARTER.replacen("Explains to a colleague", "Tells a colleague", 1)
}

#[tokio::test]
async fn a_file_becomes_a_draft_and_is_read_again_as_it_was() {
    for site in sites().await {
        let (report, id) = import(&site, STARTER).await;
        assert_eq!(
            (counts(&report), report.verdict),
            ([24, 0, 0, 0], FileVerdict::Draft)
        );
        let found = versions(&site).await;
        assert_eq!(
            (found.len(), found[0].state, Some(found[0].id)),
            (1, State::Draft, id)
        );
        let rows = framework::parse(STARTER).unwrap();
        let wanted: Vec<_> = rows.into_iter().filter_map(|it| it.competency).collect();
        assert_eq!(found[0].framework.competencies, wanted);
        assert_eq!(
            found[0].framework.title,
            "Starter competencies for peer support workers"
        );
        // The same file again: nothing is stored.
        let (report, id) = import(&site, STARTER).await;
        assert_eq!(
            (counts(&report), report.verdict, id),
            ([0, 0, 24, 0], FileVerdict::Known, None)
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_draft_is_replaced_and_what_left_the_file_is_told() {
    for site in sites().await {
        import(&site, STARTER).await;
        let lines: Vec<&str> = STARTER.lines().filter(|it| !it.contains(",4e,")).collect();
        let text = lines
            .join("\n")
            .replacen("Explains to a colleague", "Tells a colleague", 1);
        let (report, id) = import(&site, &text).await;
        assert_eq!(counts(&report), [0, 1, 22, 0]);
        assert_eq!(report.gone, ["4e"]);
        let found = versions(&site).await;
        assert_eq!((found.len(), Some(found[0].id)), (1, id));
        assert_eq!(found[0].framework.competencies.len(), 23);
        assert!(found[0].framework.competencies[0].title.starts_with("Tells"));
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn one_wrong_row_and_nothing_is_stored() {
    for site in sites().await {
        let text = STARTER.replacen(",1b,", ",1 b,", 1);
        let (report, id) = import(&site, &text).await;
        assert_eq!(
            (counts(&report), report.verdict, id),
            ([23, 0, 0, 1], FileVerdict::Wrong, None)
        );
        assert_eq!(versions(&site).await, []);
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn what_is_published_never_changes() {
    for site in sites().await {
        let (_, id) = import(&site, STARTER).await;
        publish(&site, id.unwrap()).await.unwrap();
        let before = versions(&site).await;
        let (report, stored) = import(&site, &reworded()).await;
        assert_eq!(
            (counts(&report), report.verdict, stored),
            ([0, 1, 23, 0], FileVerdict::Published, None)
        );
        let fewer: Vec<&str> = STARTER.lines().filter(|it| !it.contains(",4e,")).collect();
        let (report, stored) = import(&site, &fewer.join("\n")).await;
        assert_eq!((report.verdict, stored), (FileVerdict::Published, None));
        assert_eq!(versions(&site).await, before);
        let twice = publish(&site, id.unwrap()).await;
        assert!(
            matches!(twice, Err(Error::Refused(Refusal::Published))),
            "{twice:?}"
        );
        site.leave_sound().await;
    }
}

#[tokio::test]
async fn a_new_version_stands_beside_the_old_and_retires_it_when_it_is_published() {
    for site in sites().await {
        let (_, first) = import(&site, STARTER).await;
        publish(&site, first.unwrap()).await.unwrap();
        let text = reworded().replace(",1.0,", ",1.1,");
        let (report, second) = import(&site, &text).await;
        assert_eq!(
            (counts(&report), report.verdict),
            ([0, 1, 23, 0], FileVerdict::Draft)
        );
        let states = async || {
            let found = versions(&site).await;
            found
                .into_iter()
                .map(|it| (it.framework.version, it.state))
                .collect::<Vec<_>>()
        };
        let named = |version: &str, state| (version.to_owned(), state);
        assert_eq!(
            states().await,
            [named("1.0", State::Published), named("1.1", State::Draft)]
        );
        publish(&site, second.unwrap()).await.unwrap();
        assert_eq!(
            states().await,
            [named("1.0", State::Retired), named("1.1", State::Published)]
        );
        // The retired one is still what it was.
        let (report, stored) = import(&site, &reworded()).await;
        assert_eq!((report.verdict, stored), (FileVerdict::Published, None));
        site.leave_sound().await;
    }
}

/// CINV-15.
#[tokio::test]
async fn whoever_alters_what_is_stored_is_found_out() {
    for site in sites().await {
        let (_, id) = import(&site, STARTER).await;
        let id = id.unwrap();
        publish(&site, id).await.unwrap();
        for (sql, back) in [
            (
                "UPDATE competency SET title = title || '.' WHERE code = '3a'",
                "UPDATE competency SET title = substr(title, 1, length(title) - 1) WHERE code = '3a'",
            ),
            (
                "UPDATE competency SET min_evidence = 3 WHERE code = '3a'",
                "UPDATE competency SET min_evidence = 2 WHERE code = '3a'",
            ),
            (
                "UPDATE area SET title = 'x' || title WHERE code = '3'",
                "UPDATE area SET title = substr(title, 2) WHERE code = '3'",
            ),
            (
                "UPDATE framework_version SET licence = 'x' || licence",
                "UPDATE framework_version SET licence = substr(licence, 2)",
            ),
        ] {
            assert_eq!(site.exec(sql, []).await, 1, "{sql}");
            let found = competency::verify(&site.db).await.unwrap();
            let found: Vec<_> = found.iter().map(|it| (it.rule, it.row.clone())).collect();
            assert_eq!(found, [("CINV-15", id.to_string())], "{sql}");
            site.exec(back, []).await;
        }
        site.exec("DELETE FROM competency WHERE code = '3a'", []).await;
        assert_eq!(competency::verify(&site.db).await.unwrap().len(), 1);
        site.leave().await;
    }
}

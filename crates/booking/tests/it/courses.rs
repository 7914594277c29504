//! Versions of a course: what is published stays as it is.

use booking::courses::{self, CourseRecord, Edited, Standing};
use booking::{Error, Refusal};
use ids::{CourseVersionId, PersonId};
use uuid::Uuid;

use crate::database::{Site, begin, sites};

async fn course(site: &Site) -> CourseRecord {
    courses::all(&site.db).await.unwrap().remove(0)
}

fn edited(of: &CourseRecord) -> Edited {
    let text = of.versions[0].text.clone();
    Edited {
        title: "Another title".to_owned(),
        summary: text.summary,
        methods: text.methods,
        outcomes: text.outcomes,
        topics: text.topics,
        planned_minutes: text.planned_minutes,
        sessions_required: text.sessions_required,
        different_days: text.different_days,
        authors_note: text.authors_note,
    }
}

async fn edit(site: &Site, version: CourseVersionId) -> Result<(), Error> {
    let to = edited(&course(site).await);
    let tx = begin(&site.db).await;
    let done = courses::edit(&tx, version, to).await;
    tx.commit().await.unwrap();
    done
}

async fn approve(site: &Site, version: CourseVersionId) -> Result<(), Error> {
    let tx = begin(&site.db).await;
    let done = courses::approve(&tx, site.now, version, PersonId(Uuid::new_v4())).await;
    tx.commit().await.unwrap();
    done
}

fn is_refused(it: &Result<(), Error>) -> bool {
    matches!(it, Err(Error::Refused(Refusal::NotFound)))
}

#[tokio::test]
async fn only_an_unused_draft_is_edited_and_approved() {
    for site in sites().await {
        let first = course(&site).await.published().unwrap().id;
        assert!(is_refused(&edit(&site, first).await), "it is published");
        assert!(
            is_refused(&approve(&site, first).await),
            "it is published already"
        );
        let tx = begin(&site.db).await;
        let before = courses::all(&tx).await.unwrap().remove(0);
        courses::begin_draft(&tx, &Uuid::new_v4, &before).await.unwrap();
        tx.commit().await.unwrap();
        let draft = course(&site).await.draft().unwrap().id;
        edit(&site, draft).await.unwrap();
        approve(&site, draft).await.unwrap();
        let after = course(&site).await;
        let standing: Vec<Standing> = after.versions.iter().map(|it| it.standing).collect();
        assert_eq!(standing, [Standing::Published, Standing::Superseded]);
        assert_eq!(
            (after.title.as_str(), after.versions[1].dates),
            ("Another title", 2)
        );
        assert!(after.versions[0].review_due > after.versions[0].approved_on);
        assert!(is_refused(&edit(&site, first).await), "dates use it");
    }
}

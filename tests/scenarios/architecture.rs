//! House rules that the compiler cannot keep.

use std::fs;
use std::path::{Path, PathBuf};

use sea_orm::{ConnectionTrait, Statement};
use tests::TestDatabase;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the workspace")
        .to_owned()
}

/// All files below a folder with this ending: path from the root, and text.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .strip_prefix(root())
                .expect("below the root")
                .display()
                .to_string();
            if path.is_dir() {
                if !name.contains("node_modules") && !name.contains("target") {
                    folders.push(path);
                }
            } else if name.ends_with(ending) {
                found.push((name, fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found.sort();
    found
}

/// The part of a file before its tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap_or(text)
}

fn manifest(of: &str) -> String {
    fs::read_to_string(root().join(of).join("Cargo.toml")).expect("a manifest")
}

/// The dependencies of a crate without those of its tests.
fn dependencies(of: &str) -> String {
    let manifest = manifest(of);
    let (_, rest) = manifest.split_once("[dependencies]").expect("dependencies");
    rest.split("\n[").next().unwrap_or(rest).to_owned()
}

#[test]
fn crates_know_only_whom_they_may() {
    for (of, forbidden) in [
        (
            "crates/ids",
            ["booking", "web", "migrations", "axum", "tera", "lettre", "tokio"].as_slice(),
        ),
        (
            "crates/chain",
            [
                "booking",
                "competency",
                "ids",
                "web",
                "migrations",
                "sea-orm",
                "axum",
                "tokio",
            ]
            .as_slice(),
        ),
        (
            "crates/booking",
            [
                "web",
                "migrations",
                "competency",
                "axum",
                "tera",
                "lettre",
                "tokio",
            ]
            .as_slice(),
        ),
        (
            "crates/competency",
            ["web", "migrations", "booking", "axum", "tera", "lettre", "tokio"].as_slice(),
        ),
        (
            "migrations",
            ["booking", "web", "ids", "axum", "tera", "lettre"].as_slice(),
        ),
    ] {
        let known = dependencies(of);
        for name in forbidden {
            let named = known
                .lines()
                .any(|it| it.starts_with(&format!("{name}.")) || it.starts_with(&format!("{name} ")));
            assert!(!named, "{of} must not know {name}");
        }
    }
}

#[test]
fn every_dependency_says_what_it_is_for() {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("a manifest");
    let (_, rest) = manifest
        .split_once("[workspace.dependencies]")
        .expect("dependencies");
    let section = rest.split("\n[").next().unwrap_or(rest);
    let mut explained = false;
    for line in section.lines() {
        if line.starts_with('#') {
            explained = true;
        } else if line.is_empty() {
            explained = false;
        } else if line.contains(" = ") && !line.starts_with(' ') {
            assert!(explained, "no comment says what this is for: {line}");
        }
    }
}

#[test]
fn transactions_begin_in_one_place() {
    for (name, text) in files("crates", ".rs") {
        let begins = product(&text).contains(".begin(") || product(&text).contains(".begin_with_");
        let is_product =
            name.contains("/src/") && !name.starts_with("crates/bench/") && !name.ends_with("_test.rs");
        assert!(
            !begins || !is_product || name == "crates/web/src/work.rs",
            "{name} begins a transaction"
        );
    }
}

#[test]
fn no_file_is_named_after_nothing() {
    for (name, _) in files("crates", ".rs") {
        for word in ["/utils", "/helpers", "/common", "/mod.rs"] {
            assert!(!name.contains(word), "{name}: name it after what is in it");
        }
    }
}

#[test]
fn templates_escape_everything_and_hold_no_style_or_script() {
    for (name, text) in files("templates", ".html") {
        for word in ["| safe", "|safe"] {
            assert!(!text.contains(word), "{name} has {word:?}");
        }
        if name.starts_with("templates/mail/") {
            continue;
        }
        for word in [
            "style=\"",
            "<style",
            "<script>",
            " onclick",
            " onchange",
            " onsubmit",
        ] {
            assert!(!text.contains(word), "{name} has {word:?}");
        }
    }
}

/// Page templates write the library's classes for layout and text only; all other markup is a component's.
#[test]
fn pages_leave_the_markup_of_the_library_to_components() {
    let allowed = ["grid-", "heading-", "caption-", "body-", "u-"];
    for (name, text) in files("templates/pages", ".html") {
        for class in text.split("nhsuk-").skip(1) {
            assert!(
                allowed.iter().any(|it| class.starts_with(it)),
                "{name} uses nhsuk-{}",
                class
                    .split(|it: char| !it.is_alphanumeric() && it != '-')
                    .next()
                    .unwrap_or_default()
            );
        }
    }
}

/// U-24, as far as templates tell; the browser suite compares the titles of all pages.
#[test]
fn no_two_pages_have_one_title() {
    let mut known = std::collections::BTreeMap::new();
    for (name, text) in files("templates/pages", ".html") {
        let title = text
            .split("{% block title %}")
            .nth(1)
            .and_then(|it| it.split("{% endblock").next())
            .unwrap_or_else(|| panic!("{name} has no title"));
        if title.contains('{') {
            continue;
        }
        if let Some(other) = known.insert(title.to_owned(), name.clone()) {
            panic!("{name} and {other} are both titled {title:?}");
        }
    }
}

#[test]
fn tests_neither_sleep_nor_skip() {
    for folder in ["tests/scenarios", "tests/support", "crates"] {
        for (name, text) in files(folder, ".rs") {
            if name == "tests/scenarios/architecture.rs" {
                continue;
            }
            for word in ["thread::sleep", "#[ignore", "should_panic"] {
                assert!(!text.contains(word), "{name} has {word:?}");
            }
        }
    }
}

#[test]
fn the_architecture_page_names_files_that_exist() {
    let page = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the page");
    for name in page.split('`').skip(1).step_by(2) {
        let is_path = name.contains('/') && !name.starts_with('/') && !name.contains([' ', '{', '*', '(']);
        let ending = Path::new(name)
            .extension()
            .and_then(|it| it.to_str())
            .unwrap_or_default();
        if is_path && ["rs", "md", "toml"].contains(&ending) {
            let inside_web = root().join("crates/web/src").join(name);
            assert!(
                root().join(name).exists() || inside_web.exists(),
                "ARCHITECTURE.md names {name}"
            );
        }
    }
}

#[test]
fn every_column_has_a_class() {
    let listed = fs::read_to_string(root().join("classification.toml")).expect("classification.toml");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let columns = runtime.block_on(columns());
    let mut missing = Vec::new();
    let mut table = String::new();
    let mut known = Vec::new();
    for line in listed.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            table = name.to_owned();
        } else if let Some((column, class)) = line.split_once(" = ") {
            let class = class
                .split('#')
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches('"')
                .to_owned();
            assert!(
                ["C0", "C1", "C2", "C3", "C4", "C5"].contains(&class.as_str()),
                "{line}"
            );
            known.push((table.clone(), column.to_owned()));
        }
    }
    for column in &columns {
        if !known.contains(column) {
            missing.push(format!("{}.{}", column.0, column.1));
        }
    }
    assert!(
        missing.is_empty(),
        "classification.toml does not list {missing:?}"
    );
    let gone: Vec<_> = known.iter().filter(|it| !columns.contains(it)).collect();
    assert!(
        gone.is_empty(),
        "classification.toml lists {gone:?}, which no table has"
    );
}

/// Every column of every table of ours.
async fn columns() -> Vec<(String, String)> {
    let database = TestDatabase::new().await;
    let db = &database.handles.reader;
    let backend = db.get_database_backend();
    let sql = if backend == sea_orm::DbBackend::Sqlite {
        "SELECT m.name AS t, c.name AS c FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
    } else {
        "SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns \
         WHERE table_schema = 'public'"
    };
    let rows = db
        .query_all_raw(Statement::from_string(backend, sql))
        .await
        .expect("the columns");
    let pairs = rows.iter().map(|row| {
        let get = |name| row.try_get::<String>("", name).expect("a name");
        (get("t"), get("c"))
    });
    pairs
        .filter(|(table, _)| !table.starts_with("sqlite_") && table != "seaql_migrations")
        .collect()
}

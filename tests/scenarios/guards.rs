//! The table of guards names what is there.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The text of all Rust files below a folder.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("text"));
        }
    }
    text
}

#[test]
fn every_guard_has_a_place_and_a_test() {
    let page = fs::read_to_string(root().join("docs/guards.md")).expect("the page");
    let tests = sources(&root().join("crates")) + &sources(&root().join("tests"));
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    assert!(named.len() > 40);
    for name in named {
        let is_there = if name.contains('/') {
            root().join(name).exists()
        } else {
            tests.contains(&format!("fn {name}("))
        };
        assert!(is_there, "docs/guards.md names {name}");
    }
}

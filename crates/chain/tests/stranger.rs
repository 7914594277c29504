//! Our bytes, hashes and signatures against those of a stranger's libraries (`tests/chain/check.py`).
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;
use std::process::Command;

use chain::{Digest, InstanceKey, canonical, commitment, hash};
use data_encoding::HEXLOWER;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
struct Example {
    seed: [u8; 32],
    prev: [u8; 32],
    salt: [u8; 32],
    event: Value,
    content: Value,
}

fn values() -> impl Strategy<Value = Value> {
    let limit = (1_i64 << 53) - 1;
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (-limit..=limit).prop_map(Value::from),
        Just(Value::from(limit)),
        Just(Value::from(-limit)),
        any::<String>().prop_map(Value::from),
        // Where escapes, and the order of UTF-16, are decided.
        "[\\x00-\\x21\"\\\\/\\x7f-\\u{a0}\\u{2028}\\u{d7ff}\\u{e000}\\u{fb33}\\u{ffff}\\u{1f600}]{0,8}"
            .prop_map(Value::from),
    ];
    let name = prop_oneof![
        any::<String>(),
        "[a-z_]{1,8}",
        "[\\u{7f}-\\u{a0}\\u{d7ff}\\u{e000}\\u{fb33}\\u{ffff}\\u{10000}\\u{1f600}]{0,2}",
    ];
    leaf.prop_recursive(4, 40, 8, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::hash_map(name.clone(), inner, 0..8)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

fn examples(many: usize) -> Vec<Example> {
    let bytes = any::<[u8; 32]>;
    let example = (bytes(), bytes(), bytes(), values(), values());
    let example = example.prop_map(|(seed, prev, salt, event, content)| Example {
        seed,
        prev,
        salt,
        event,
        content,
    });
    // The same dice each time.
    let mut runner = TestRunner::deterministic();
    (0..many)
        .map(|_| example.new_tree(&mut runner).unwrap().current())
        .collect()
}

fn ours(it: &Example) -> Value {
    let key = InstanceKey::from_seed(&it.seed);
    let h = hash(&Digest(it.prev), &it.event).unwrap();
    json!({
        "canonical": HEXLOWER.encode(&canonical(&it.content).unwrap()),
        "commitment": commitment(&it.salt, &it.content).unwrap(),
        "h": h,
        "kid": key.public().kid(),
        "sig": key.sign(&h),
    })
}

fn line(it: &Example) -> String {
    let hex = |it: &[u8]| HEXLOWER.encode(it);
    json!({
        "seed": hex(&it.seed), "prev": hex(&it.prev), "salt": hex(&it.salt),
        "event": it.event, "content": it.content,
    })
    .to_string()
}

#[test]
fn a_stranger_works_out_the_same() {
    let python = std::env::var_os("TEST_PYTHON")
        .expect("TEST_PYTHON names a Python with the tests' libraries: run tests/run, which sees to that");
    let examples = examples(400);
    let file = tempfile::NamedTempFile::new().unwrap();
    let lines: Vec<String> = examples.iter().map(line).collect();
    std::fs::write(file.path(), lines.join("\n")).unwrap();
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/chain/check.py");
    let ran = Command::new(python).arg(tool).arg(file.path()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let theirs: Vec<Value> = String::from_utf8(ran.stdout)
        .unwrap()
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(theirs.len(), examples.len());
    for (example, theirs) in examples.iter().zip(theirs) {
        assert_eq!(ours(example), theirs, "{example:?}");
    }
}

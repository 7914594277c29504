//! Which bytes are hashed: C(x), RFC 8785 for the values that we let in.
//!
//! Objects, arrays, strings, booleans and whole numbers within 2^53 - 1; no null, no fraction, no name
//! twice in one object. Without fractions all that is left of the RFC is the order of names and the
//! escapes in strings, which are those of `serde_json`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use thiserror::Error;

/// The largest whole number on which all readers of JSON agree.
const LARGEST: u64 = (1 << 53) - 1;

/// Why a value has no canonical form with us.
#[derive(Debug, Error)]
pub enum NotCanonical {
    /// A value is absent by being left out.
    #[error("null is not a value here")]
    Null,
    /// A fraction, an exponent, minus zero, or a number that some readers would round.
    #[error("{0} is not a whole number within 2^53 - 1")]
    Number(String),
    /// The bytes are not one JSON text, or one of the above stands in them.
    #[error("not readable: {0}")]
    Json(#[from] serde_json::Error),
}

/// The canonical bytes of `value`.
pub fn canonical(value: &Value) -> Result<Vec<u8>, NotCanonical> {
    let mut bytes = Vec::new();
    write(value, &mut bytes)?;
    Ok(bytes)
}

/// Reads one JSON text; what has no canonical form is refused, a name twice in one object too.
pub fn read(bytes: &[u8]) -> Result<Value, NotCanonical> {
    Ok(serde_json::from_slice::<Strict>(bytes)?.0)
}

fn write(value: &Value, bytes: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Null => return Err(NotCanonical::Null),
        Value::Bool(it) => bytes.extend_from_slice(if *it { b"true" } else { b"false" }),
        Value::Number(it) => bytes.extend_from_slice(whole(it)?.to_string().as_bytes()),
        Value::String(it) => serde_json::to_writer(&mut *bytes, it)?,
        Value::Array(them) => list(b'[', them, b']', bytes, write)?,
        Value::Object(them) => list(b'{', in_order(them), b'}', bytes, |(name, it), bytes| {
            serde_json::to_writer(&mut *bytes, name)?;
            bytes.push(b':');
            write(it, bytes)
        })?,
    }
    Ok(())
}

fn list<T>(
    open: u8,
    them: impl IntoIterator<Item = T>,
    close: u8,
    bytes: &mut Vec<u8>,
    one: impl Fn(T, &mut Vec<u8>) -> Result<(), NotCanonical>,
) -> Result<(), NotCanonical> {
    bytes.push(open);
    for (n, it) in them.into_iter().enumerate() {
        if n > 0 {
            bytes.push(b',');
        }
        one(it, bytes)?;
    }
    bytes.push(close);
    Ok(())
}

/// By UTF-16 units, which is not the order of characters: an emoji comes before some letters.
fn in_order(them: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut members: Vec<_> = them.iter().collect();
    members.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
    members
}

fn whole(number: &Number) -> Result<i64, NotCanonical> {
    let found = number.as_i64().filter(|it| it.unsigned_abs() <= LARGEST);
    found.ok_or_else(|| NotCanonical::Number(number.to_string()))
}

/// A value that was read without forgiving anything.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object, array, string, boolean or whole number")
    }

    fn visit_bool<E>(self, it: bool) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_i64<E: serde::de::Error>(self, it: i64) -> Result<Value, E> {
        whole(&it.into()).map(Value::from).map_err(E::custom)
    }

    fn visit_u64<E: serde::de::Error>(self, it: u64) -> Result<Value, E> {
        whole(&it.into()).map(Value::from).map_err(E::custom)
    }

    fn visit_str<E>(self, it: &str) -> Result<Value, E> {
        Ok(it.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut them: A) -> Result<Value, A::Error> {
        let mut found = Vec::new();
        while let Some(Strict(it)) = them.next_element()? {
            found.push(it);
        }
        Ok(Value::Array(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut them: A) -> Result<Value, A::Error> {
        let mut found = Map::new();
        while let Some(name) = them.next_key::<String>()? {
            let Strict(it) = them.next_value()?;
            if found.contains_key(&name) {
                return Err(A::Error::custom(format!("the name {name:?} comes twice")));
            }
            found.insert(name, it);
        }
        Ok(Value::Object(found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(canonical(value).unwrap()).unwrap()
    }

    #[test]
    fn names_are_ordered_by_their_utf16_units() {
        // The example of RFC 8785, section 3.2.3.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control", "\u{f6}": "Latin Small O",
        });
        let written = text(&value);
        let places = ["Carriage", "One", "Control", "Latin", "Euro", "Emoji", "Hebrew"];
        let places = places.map(|it| written.find(it).unwrap());
        assert!(places.is_sorted(), "{written}");
    }

    #[test]
    fn strings_are_escaped_no_more_than_needed() {
        let value = json!("\u{20ac}$\u{f}\nA'B\"\\\\\"/\u{7f}\u{8}\u{c}\t\r");
        assert_eq!(
            text(&value),
            "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\\b\\f\\t\\r\""
        );
    }

    #[test]
    fn what_two_readers_might_read_differently_is_refused() {
        for wrong in [
            "null",
            "[1, null]",
            "1.5",
            "1.0",
            "1e2",
            "-0",
            "9007199254740992",
            "-9007199254740992",
            "18446744073709551615",
            "123456789012345678901234567890",
            r#"{"a": 1, "a": 1}"#,
            r#"{"a": 1, "\u0061": 1}"#,
            r#"["\ud800"]"#,
            "[1] [2]",
            "[1,]",
            "",
        ] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert!(read(b"\"\xff\"").is_err());
        for wrong in [
            Value::Null,
            json!([{ "a": null }]),
            json!(0.5),
            json!(9_007_199_254_740_992_u64),
        ] {
            assert!(canonical(&wrong).is_err(), "{wrong}");
        }
        assert_eq!(
            text(&read(b" [ 9007199254740991, -9007199254740991, 0 ] ").unwrap()),
            "[9007199254740991,-9007199254740991,0]"
        );
    }

    fn values() -> impl Strategy<Value = Value> {
        let limit = i64::try_from(LARGEST).unwrap();
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            (-limit..=limit).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::hash_map(any::<String>(), inner, 0..6)
                    .prop_map(|it| Value::Object(it.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_value_has_one_form_however_it_was_written(value in values()) {
            let bytes = canonical(&value).unwrap();
            prop_assert_eq!(&read(&bytes).unwrap(), &value);
            let spread = serde_json::to_vec_pretty(&value).unwrap();
            prop_assert_eq!(canonical(&read(&spread).unwrap()).unwrap(), bytes);
        }

        #[test]
        fn whatever_is_read_can_be_written_and_read_again(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(value) = read(&bytes) {
                prop_assert_eq!(read(&canonical(&value).unwrap()).unwrap(), value);
            }
        }
    }
}

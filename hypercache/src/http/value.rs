//! Values between JSON and the bytes that are stored.
//!
//! A JSON value is stored as its text, so that a RESP client reads what was written; a JSON string is stored as the bare
//! text, unless that text is itself JSON (`12`, `true`, `{"a":1}`, `"x"`): then it keeps its quotes, so that it comes back
//! as the string it was. The other way round, bytes that are JSON are shown as that JSON, other text as a string, and what
//! is no UTF-8 in base64. Any JSON value thus comes back over HTTP exactly as it went in.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use serde_json::value::RawValue;

/// The bytes to store for a JSON value.
pub fn stored(value: &RawValue) -> Vec<u8> {
    let text = value.get();
    match serde_json::from_str::<String>(text) {
        Ok(string) if !is_json(string.as_bytes()) => string.into_bytes(),
        _ => text.as_bytes().to_vec(),
    }
}

/// Stored bytes as a member of an answer: its name and its value.
pub fn shown(bytes: &[u8]) -> (&'static str, Box<RawValue>) {
    let raw = |text: String| RawValue::from_string(text).expect("what is put together here is JSON");
    match std::str::from_utf8(bytes) {
        Ok(text) if is_json(bytes) => ("value", raw(text.trim().to_owned())),
        Ok(text) => ("value", raw(Value::from(text).to_string())),
        Err(_) => ("value_base64", raw(Value::from(BASE64_STANDARD.encode(bytes)).to_string())),
    }
}

fn is_json(bytes: &[u8]) -> bool {
    serde_json::from_slice::<&RawValue>(bytes).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn round_trip(json: &str) -> String {
        let (member, shown) = shown(&stored(&RawValue::from_string(json.to_owned()).unwrap()));
        assert_eq!(member, "value");
        shown.get().to_owned()
    }

    #[test]
    fn strings_are_stored_bare_unless_they_would_be_mistaken() {
        let bytes =
            |json: &str| String::from_utf8(stored(&RawValue::from_string(json.to_owned()).unwrap())).unwrap();
        assert_eq!(bytes(r#""hello""#), "hello");
        assert_eq!(bytes(r#""12""#), r#""12""#);
        assert_eq!(bytes("12"), "12");
        assert_eq!(bytes(r#"{"a": [1, 2.50]}"#), r#"{"a": [1, 2.50]}"#);
        assert_eq!(bytes(r#""""#), "");
    }

    #[test]
    fn every_json_value_comes_back_as_it_went_in() {
        for json in [
            "null",
            "true",
            "0.10",
            "1e400",
            "18446744073709551616",
            r#""null""#,
            r#""\"x\"""#,
            r#"" 12 ""#,
            "[]",
        ] {
            let back: Result<Value, _> = serde_json::from_str(&round_trip(json));
            match serde_json::from_str::<Value>(json) {
                Ok(value) => assert_eq!(back.unwrap(), value, "{json}"),
                // Beyond what a program can hold, and still kept to the digit.
                Err(_) => assert_eq!(round_trip(json), json),
            }
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_in_base64() {
        let (member, shown) = shown(&[0xff, 0]);
        assert_eq!((member, shown.get()), ("value_base64", r#""/wA=""#));
    }

    proptest! {
        #[test]
        fn any_string_round_trips(text in any::<String>()) {
            let json = Value::from(text.as_str()).to_string();
            prop_assert_eq!(serde_json::from_str::<String>(&round_trip(&json)).unwrap(), text);
        }

        #[test]
        fn any_bytes_can_be_shown(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let (_, value) = shown(&bytes);
            prop_assert!(serde_json::from_str::<Value>(value.get()).is_ok() || is_json(&bytes));
        }
    }
}

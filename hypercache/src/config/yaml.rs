//! A YAML document as a tree that knows the line of every key and value.
//!
//! Reading goes by way of this tree, not straight into structs, because a fault in one key must not hide those in
//! others: all are told at once, each with its path and line.

use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_saphyr::SnippetMode;
use serde_saphyr::Spanned;

use super::notice::Notice;
use super::notice::Place;

/// A value and where it was given.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where.
    pub place: Place,
    /// What.
    pub value: Value,
}

/// What a node holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing (`key:` or `null`).
    Nothing,
    /// `true` or `false`; `yes`, `on` and the like are text, as in YAML 1.2.
    Bool(bool),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// Text from a flag or variable, whose type only the key knows.
    Untyped(String),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in the order of the file; no key twice.
    Section(Vec<Entry>),
}

/// A key, where it stands, and its value.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.node == other.node
    }
}

impl Value {
    /// What kind of value it is, for a message.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Bool(_) => "true or false",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Text(_) | Self::Untyped(_) => "text",
            Self::List(_) => "a list",
            Self::Section(_) => "a section",
        }
    }
}

/// Reads the YAML `text` of `file`; an empty document is an empty section.
///
/// # Errors
/// The text is no YAML, holds a key twice, or is made to explode (aliases upon aliases).
pub fn parse(file: &Arc<str>, text: &str) -> Result<Node, Notice> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Option<Spanned<Raw>>>(text, options) {
        Ok(Some(root)) => Ok(locate(file, root)),
        Ok(None) => Ok(Node { place: Place::File(Arc::clone(file)), value: Value::Section(Vec::new()) }),
        Err(error) => Err(fault(file, &error)),
    }
}

fn fault(file: &Arc<str>, error: &serde_saphyr::Error) -> Notice {
    let error = error.without_snippet();
    let place = match error.location().map(|location| location.line()) {
        Some(line) if line > 0 => Place::Line { file: Arc::clone(file), line },
        _ => Place::File(Arc::clone(file)),
    };
    let rendered = error.render_with_options(serde_saphyr::render_options! {
        formatter: &serde_saphyr::UserMessageFormatter,
        snippets: SnippetMode::Off,
    });
    Notice::new(Some(place), "", rendered)
}

/// The tree as the deserializer yields it.
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Section(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn locate(file: &Arc<str>, raw: Spanned<Raw>) -> Node {
    let line =
        |location: serde_saphyr::Location| Place::Line { file: Arc::clone(file), line: location.line() };
    let value = match raw.value {
        Raw::Scalar(value) => value,
        Raw::List(items) => Value::List(items.into_iter().map(|item| locate(file, item)).collect()),
        Raw::Section(entries) => Value::Section(
            entries
                .into_iter()
                .map(|(key, node)| Entry {
                    key: key.value,
                    place: line(key.referenced),
                    node: locate(file, node),
                })
                .collect(),
        ),
    };
    Node { place: line(raw.referenced), value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value, a list or a section")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Nothing))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Float(value)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Section(entries))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Node, String> {
        parse(&"f.yaml".into(), text).map_err(|fault| fault.to_string())
    }

    fn entries(node: &Node) -> &[Entry] {
        match &node.value {
            Value::Section(entries) => entries,
            other => panic!("{other:?}"),
        }
    }

    fn line(place: &Place) -> u64 {
        match place {
            Place::Line { line, .. } => *line,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn keys_and_values_know_their_lines() {
        let root = read("# head\na:\n  b: 1\nc:\n  - x\n  - y: off\n").unwrap();
        let [a, c] = entries(&root) else { panic!("{root:?}") };
        assert_eq!((line(&a.place), line(&c.place)), (2, 4));
        assert_eq!(line(&entries(&a.node)[0].node.place), 3);
        let Value::List(items) = &c.node.value else { panic!("{c:?}") };
        assert_eq!((line(&items[0].place), line(&items[1].place)), (5, 6));
        assert_eq!(entries(&items[1])[0].node.value, Value::Text("off".to_owned()));
    }

    #[test]
    fn scalars_keep_their_kind() {
        let root =
            read("[null, true, 7, -7, 1.5, text, '7', 007, 1_0, yes, 127.0.0.1:80, 99999999999999999999]")
                .unwrap();
        let Value::List(items) = root.value else { panic!("no list") };
        let kinds: Vec<_> = items.iter().map(|item| item.value.kind()).collect();
        let number = "a number";
        assert_eq!(
            kinds,
            [
                "nothing",
                "true or false",
                number,
                number,
                number,
                "text",
                "text",
                "text",
                "text",
                "text",
                "text",
                number
            ]
        );
    }

    #[test]
    fn an_empty_document_is_an_empty_section() {
        for text in ["", "# nothing but a remark\n", "---\n"] {
            assert!(entries(&read(text).unwrap()).is_empty(), "{text:?}");
        }
    }

    #[test]
    fn broken_documents_name_the_line() {
        for (text, line) in [("a: 1\na: 2\n", 2), ("a: 1\nb: [1, 2\n", 2), ("a: 1\nb:\n\tc: 2\n", 3)] {
            let fault = read(text).unwrap_err();
            assert!(fault.starts_with(&format!("f.yaml:{line}: ")), "{text:?} gave {fault}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-a-z0-9:#&*!|>'\"%@`{}\\[\\], \n\t<~]{0,80}") {
            drop(read(&text));
        }
    }
}

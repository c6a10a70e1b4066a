//! What may be said of one store while the node runs: the keys of the configuration file, with its forms and its rules.

use std::sync::Arc;
use std::time::Duration;

use super::Eviction;
use super::Store;
use super::file::CuckooFilter;
use super::file::StoreSection;
use super::notice::Findings;
use super::notice::Place;
use super::read::Read;
use super::read::Reader;
use super::resolve;
use super::units::HumanDuration;
use super::units::Size;
use super::words::Word;
use super::yaml;
use super::yaml::Entry;
use super::yaml::Node;
use super::yaml::Value;

/// Some rules of a store; what is none stays as it is.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct StoreChange {
    /// `name`: for a new store only.
    pub name: Option<String>,
    /// `max_memory`, in bytes.
    pub max_memory: Option<u64>,
    /// `eviction`.
    pub eviction: Option<Eviction>,
    /// `default_ttl`.
    pub default_ttl: Option<Duration>,
    /// `cuckoo_filter`: its rate of false positives, or none.
    pub cuckoo_filter: Option<Option<f64>>,
    /// `miss_history`, in bytes.
    pub miss_history: Option<u64>,
    /// `key_journal`, in facts.
    pub key_journal: Option<usize>,
}

impl StoreChange {
    /// Reads a JSON object with the keys of the configuration file; what is wrong with the first of them that is.
    ///
    /// # Errors
    /// An unknown key, a value of another form, or one that this build does not provide.
    pub fn from_json(text: &str) -> Result<Self, String> {
        // Every JSON text is YAML, too, and so it is read by the rules of the file.
        let root = yaml::parse(&Arc::from("body"), text).map_err(|fault| fault.message)?;
        Self::read(&root)
    }

    /// Reads one key, its value being a word: a size, a policy, a duration, a number; `true`, `false` or a rate for the filter.
    ///
    /// # Errors
    /// As `from_json`.
    pub fn from_word(key: &str, word: &str) -> Result<Self, String> {
        let place = Place::File(Arc::from("command"));
        let node = |value| Node { place: place.clone(), value };
        let entry = |key: &str, value| Entry { key: key.to_owned(), place: place.clone(), node: node(value) };
        let value = match (key, word.parse::<f64>()) {
            ("cuckoo_filter", Ok(rate)) => {
                Value::Section(vec![entry("false_positive_rate", Value::Float(rate))])
            }
            ("cuckoo_filter", Err(_)) if word == "true" || word == "false" => Value::Bool(word == "true"),
            ("cuckoo_filter", Err(_)) => {
                return Err(format!("{key}: expected on, off, or a rate from 0.001 to 0.1"));
            }
            _ => Value::Untyped(word.to_owned()),
        };
        Self::read(&node(Value::Section(vec![entry(key, value)])))
    }

    fn read(root: &Node) -> Result<Self, String> {
        let mut reader = Reader::default();
        let section = StoreSection::read(root, "", &mut reader);
        let told = |key: &str, message: &str| {
            if key.is_empty() { message.to_owned() } else { format!("{key}: {message}") }
        };
        if let Some(fault) = reader.faults.first() {
            return Err(told(&fault.key, &fault.message));
        }
        let section = section.unwrap_or_default();
        let mut findings = Findings::default();
        resolve::unprovided(&section, "", &mut findings);
        if let Some(fault) = findings.faults.first() {
            return Err(told(&fault.key, &fault.message));
        }
        Ok(Self {
            name: section.name,
            max_memory: section.max_memory.map(|Size(bytes)| bytes),
            eviction: section.eviction,
            default_ttl: section.default_ttl.map(|HumanDuration(ttl)| ttl),
            cuckoo_filter: section.cuckoo_filter.map(|CuckooFilter(rate)| rate),
            miss_history: section.miss_history.map(|Size(bytes)| bytes),
            key_journal: section.key_journal,
        })
    }

    /// Adds what another says, unless both say the same key.
    ///
    /// # Errors
    /// The key that is said twice.
    pub fn and(&mut self, other: Self) -> Result<(), &'static str> {
        fn one<T>(slot: &mut Option<T>, other: Option<T>, key: &'static str) -> Result<(), &'static str> {
            match (slot.is_some(), other) {
                (true, Some(_)) => Err(key),
                (false, Some(said)) => {
                    *slot = Some(said);
                    Ok(())
                }
                (_, None) => Ok(()),
            }
        }
        one(&mut self.name, other.name, "name")?;
        one(&mut self.max_memory, other.max_memory, "max_memory")?;
        one(&mut self.eviction, other.eviction, "eviction")?;
        one(&mut self.default_ttl, other.default_ttl, "default_ttl")?;
        one(&mut self.cuckoo_filter, other.cuckoo_filter, "cuckoo_filter")?;
        one(&mut self.miss_history, other.miss_history, "miss_history")?;
        one(&mut self.key_journal, other.key_journal, "key_journal")
    }

    /// Lets a store have these rules; its name stays.
    pub fn apply(&self, store: &mut Store) {
        store.max_memory = self.max_memory.unwrap_or(store.max_memory);
        store.eviction = self.eviction.unwrap_or(store.eviction);
        store.default_ttl = self.default_ttl.unwrap_or(store.default_ttl);
        store.cuckoo_filter = self.cuckoo_filter.unwrap_or(store.cuckoo_filter);
        store.miss_history = self.miss_history.unwrap_or(store.miss_history);
        store.key_journal = self.key_journal.unwrap_or(store.key_journal);
    }
}

impl Store {
    /// Its rules as the file writes them, each by its key; the name is none of them.
    pub fn rules(&self) -> [(&'static str, String); 6] {
        [
            ("max_memory", Size(self.max_memory).to_string()),
            ("eviction", self.eviction.word().to_owned()),
            ("default_ttl", HumanDuration(self.default_ttl).to_string()),
            ("cuckoo_filter", self.cuckoo_filter.map_or_else(|| "false".to_owned(), |rate| rate.to_string())),
            ("miss_history", Size(self.miss_history).to_string()),
            ("key_journal", self.key_journal.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_the_keys_and_forms_of_the_file() {
        let text = r#"{"name": "a", "max_memory": "1GB", "eviction": "lru", "default_ttl": "1h", "cuckoo_filter": {"false_positive_rate": 0.02}, "miss_history": "2MB", "key_journal": 100}"#;
        let change = StoreChange::from_json(text).unwrap();
        let expected = StoreChange {
            name: Some("a".to_owned()),
            max_memory: Some(1 << 30),
            eviction: Some(Eviction::Lru),
            default_ttl: Some(Duration::from_secs(3600)),
            cuckoo_filter: Some(Some(0.02)),
            miss_history: Some(2 << 20),
            key_journal: Some(100),
        };
        assert_eq!(change, expected);
        let mut store = Store::named("b".to_owned());
        change.apply(&mut store);
        let rules = store.rules().map(|(_, value)| value);
        assert_eq!(
            (store.name.as_str(), rules.each_ref().map(String::as_str)),
            ("b", ["1GB", "lru", "1h", "0.02", "2MB", "100"])
        );
        assert_eq!(StoreChange::from_json("{}"), Ok(StoreChange::default()));
        assert_eq!(StoreChange::from_json(r#"{"max_memory": 0}"#).unwrap().max_memory, Some(0));
    }

    #[test]
    fn what_is_wrong_with_a_body_is_told_with_its_key() {
        for (text, beginning) in [
            ("[]", "expected a section of keys"),
            ("7", "expected a section"),
            (r#"{"nmae": "a"}"#, "nmae: unknown key; did you mean name?"),
            (r#"{"name": 7}"#, "name: expected text"),
            (r#"{"max_memory": "1k"}"#, "max_memory: \"1k\" is no size"),
            (r#"{"eviction": "fifo"}"#, "eviction: \"fifo\" will not do"),
            (r#"{"miss_history": "some"}"#, "miss_history: \"some\" is no size"),
            (r#"{"key_journal": "1k"}"#, "key_journal: expected"),
            (r#"{"default_ttl": 5}"#, "default_ttl: expected a duration"),
            (
                r#"{"cuckoo_filter": {"false_positive_rate": 0.5}}"#,
                "cuckoo_filter.false_positive_rate: must be",
            ),
            (r#"{"persistence": "aof_only"}"#, "persistence: this build keeps data in memory"),
            (r#"{"replication_factor": 2}"#, "replication_factor: this build runs single nodes"),
            (r#"{"name": "a", "name": "b"}"#, "duplicate"),
        ] {
            let message = StoreChange::from_json(text).unwrap_err();
            assert!(message.starts_with(beginning), "{text}: {message}");
        }
    }

    #[test]
    fn words_say_one_key_each_and_none_twice() {
        let mut change = StoreChange::from_word("max_memory", "100mb").unwrap();
        change.and(StoreChange::from_word("default_ttl", "90m").unwrap()).unwrap();
        change.and(StoreChange::from_word("cuckoo_filter", "false").unwrap()).unwrap();
        assert_eq!((change.max_memory, change.cuckoo_filter), (Some(100 << 20), Some(None)));
        assert_eq!(change.and(StoreChange::from_word("default_ttl", "1s").unwrap()), Err("default_ttl"));
        assert_eq!(
            StoreChange::from_word("cuckoo_filter", "0.001").unwrap().cuckoo_filter,
            Some(Some(0.001))
        );
        assert_eq!(StoreChange::from_word("miss_history", "0").unwrap().miss_history, Some(0));
        assert_eq!(StoreChange::from_word("key_journal", "500").unwrap().key_journal, Some(500));
        for (key, word) in [
            ("key_journal", "-1"),
            ("miss_history", "much"),
            ("cuckoo_filter", "0.2"),
            ("cuckoo_filter", "nan"),
            ("cuckoo_filter", "yes please"),
            ("eviction", "LRU"),
            ("max_memory", ""),
            ("default_ttl", "-1s"),
        ] {
            assert!(StoreChange::from_word(key, word).is_err(), "{key} {word}");
        }
    }
}

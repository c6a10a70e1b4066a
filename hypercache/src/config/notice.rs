//! What is wrong with a configuration, or worth knowing about it, and where it was said.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Where a value was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A line of a configuration file, counted from 1.
    Line {
        /// The file as it was named.
        file: Arc<str>,
        /// The line.
        line: u64,
    },
    /// A file as a whole.
    File(Arc<str>),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line { file, line } => write!(f, "{file}:{line}"),
            Self::File(file) => f.write_str(file),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// Where each key was given, by its path (`network.resp_addr`, `stores[1].name`).
pub type Places = BTreeMap<String, Place>;

/// Faults and warnings as they are gathered, each put where its key was given.
#[derive(Debug, Default)]
pub struct Findings {
    /// Where the keys were given.
    pub places: Places,
    /// What forbids to start.
    pub faults: Vec<Notice>,
    /// What does not, but ought to be known.
    pub warnings: Vec<Notice>,
}

impl Findings {
    /// Adds a fault of `key`, unless the key or the section around it is already known to be at fault.
    pub fn fault(&mut self, key: &str, message: impl Into<String>) {
        let known = |fault: &Notice| {
            let rest = if fault.key.is_empty() { None } else { key.strip_prefix(fault.key.as_str()) };
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        if !self.faults.iter().any(known) {
            self.faults.push(Notice::new(self.place_of(key), key, message));
        }
    }

    /// Adds a warning about `key`.
    pub fn warn(&mut self, key: &str, message: impl Into<String>) {
        self.warnings.push(Notice::new(self.place_of(key), key, message));
    }

    /// Where `key` was given, or the section it is missing from.
    fn place_of(&self, key: &str) -> Option<Place> {
        let section = || key.rsplit_once('.').and_then(|(section, _)| self.places.get(section));
        self.places.get(key).or_else(section).cloned()
    }
}

/// One fault or warning: where, which key, and what about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Where the value was given; none for a default.
    pub place: Option<Place>,
    /// The path of the key; empty where no single key is meant.
    pub key: String,
    /// What is the matter, and what to do about it.
    pub message: String,
}

impl Notice {
    /// A notice about `key`, which was given at `place`.
    pub fn new(place: Option<Place>, key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place, key: key.into(), message: message.into() }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.message)
    }
}

/// All faults of a configuration, at least one; shown one a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Notice>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

impl From<Notice> for ConfigErrors {
    fn from(fault: Notice) -> Self {
        Self(vec![fault])
    }
}

/// What to say about the unknown word `given` where `known` ones would do: the nearest, or all of them.
pub fn hint<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let tolerance = (given.chars().count() / 3).clamp(1, 3);
    let nearest = known
        .iter()
        .map(|word| (distance(&given.to_lowercase(), &word.to_lowercase()), word))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= tolerance);
    match nearest {
        Some((_, word)) => format!("did you mean {word}?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// Edits (insertions, deletions, replacements, swaps of neighbours) that turn `a` into `b`; long words count as far.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > LONGEST || b.len() > LONGEST {
        return usize::MAX;
    }
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_word_is_suggested_and_a_far_one_lists_all() {
        assert_eq!(hint("resp_adr", ["id", "resp_addr", "http_addr"]), "did you mean resp_addr?");
        assert_eq!(hint("Resp_Addr", ["resp_addr"]), "did you mean resp_addr?");
        assert_eq!(hint("colour", ["id", "data_dir"]), "known: id, data_dir");
        assert_eq!(hint("", ["id"]), "known: id");
    }

    #[test]
    fn a_swap_is_one_edit() {
        assert_eq!(distance("nmae", "name"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn a_notice_names_place_key_and_matter() {
        let line = Place::Line { file: "a.yaml".into(), line: 12 };
        assert_eq!(
            Notice::new(Some(line), "node.id", "is empty").to_string(),
            "a.yaml:12: node.id: is empty"
        );
        assert_eq!(Notice::new(None, "node.id", "is empty").to_string(), "node.id: is empty");
        let flag = Notice::new(Some(Place::Flag("--config")), "", "is empty");
        assert_eq!(flag.to_string(), "--config: is empty");
    }
}

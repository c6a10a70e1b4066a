//! The rules of the house that the compiler does not hold: who may import whom, how long a file may grow, and what some
//! layers must not know.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Module → what it may import beside itself. The order is that of the layers, lowest first.
const ALLOWED: &[(&str, &[&str])] = &[
    ("config", &[]),
    ("telemetry", &["config"]),
    ("value", &[]),
    ("resp", &["value"]),
    ("rdb", &["value"]),
    ("keyspace", &["value"]),
    ("store", &["keyspace", "value", "config", "telemetry"]),
    ("persistence", &["keyspace", "value", "resp", "rdb", "config", "telemetry"]),
    ("command", &["resp", "rdb", "value", "keyspace", "store"]),
    ("script", &["command", "store", "keyspace", "value", "resp", "rdb", "telemetry"]),
    (
        "engine",
        &["command", "store", "persistence", "keyspace", "value", "rdb", "resp", "config", "telemetry"],
    ),
    ("security", &["engine", "command", "value", "resp", "config", "telemetry"]),
    (
        "server",
        &[
            "security",
            "engine",
            "script",
            "command",
            "store",
            "persistence",
            "keyspace",
            "value",
            "rdb",
            "resp",
            "config",
            "telemetry",
        ],
    ),
    (
        "http",
        &[
            "security",
            "engine",
            "command",
            "store",
            "persistence",
            "keyspace",
            "value",
            "resp",
            "config",
            "telemetry",
        ],
    ),
    ("cli", &["config", "persistence", "rdb", "resp", "value"]),
    (
        "node",
        &[
            "config",
            "telemetry",
            "resp",
            "rdb",
            "value",
            "keyspace",
            "store",
            "persistence",
            "command",
            "script",
            "engine",
            "security",
            "server",
            "http",
        ],
    ),
];

/// Pure layers: they take time and chance from outside and tell nobody anything.
const PURE: &[&str] = &["value", "resp", "rdb", "keyspace", "command"];
const IMPURE_WORDS: &[&str] = &[
    "Instant::now",
    "SystemTime::now",
    "rand::",
    "tokio::",
    "std::fs",
    "std::net",
    "std::thread",
    "println!",
    "eprintln!",
];

const FILE_LINES_MAX: usize = 600;
/// Generated or tabular files that are one list and nothing else would stand here, each with its reason.
const LONGER_FILES: &[&str] = &[];

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("the folder is in the repository") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file is text");
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    assert!(!found.is_empty(), "{folder} has no sources: the test looks in the wrong place");
    found.sort();
    found
}

/// The layer that a file of `src` belongs to.
fn module(path: &Path) -> String {
    let below =
        path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).expect("it was found there");
    let first =
        below.components().next().expect("a file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The layers that a text names in paths from the crate's root.
fn imports(text: &str) -> impl Iterator<Item = &str> {
    text.split("crate::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .filter(|name| !name.is_empty())
}

/// What comes before a file's inline tests, which may use clocks and files.
fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text)
}

/// Files that are compiled for tests alone: `#[cfg(test)] mod name;` somewhere says so.
fn test_files(sources: &[(PathBuf, String)]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for (path, text) in sources {
        let folder = path.parent().expect("a file lies in a folder");
        let stem = path.file_stem().expect("a file has a name");
        let below = if stem == "mod" || stem == "lib" { folder.to_owned() } else { folder.join(stem) };
        for rest in text.split("#[cfg(test)]\nmod ").skip(1) {
            if let Some((name, _)) = rest.split_once(';').filter(|(name, _)| !name.contains('{')) {
                found.insert(below.join(format!("{name}.rs")));
                found.insert(below.join(name).join("mod.rs"));
            }
        }
    }
    found
}

/// The sources of the program itself, without those for tests alone.
fn program() -> Vec<(PathBuf, String)> {
    let all = sources("src");
    let tests = test_files(&all);
    all.into_iter().filter(|(path, _)| !tests.contains(path)).collect()
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn imports_go_one_way() {
    let mut faults = Vec::new();
    for (path, text) in program() {
        let name = module(&path);
        if name == "main" || name == "lib" {
            continue;
        }
        let Some((_, allowed)) = ALLOWED.iter().find(|(module, _)| *module == name) else {
            faults.push(format!("{}: the module {name} has no place among the layers", path.display()));
            continue;
        };
        for import in imports(without_tests(&text)).collect::<BTreeSet<_>>() {
            if import != name
                && ALLOWED.iter().any(|(module, _)| *module == import)
                && !allowed.contains(&import)
            {
                faults.push(format!("{}: {name} may not import {import}", path.display()));
            }
        }
        if text.contains("use crate::{") {
            faults.push(format!("{}: name each import in full, so that it can be seen", path.display()));
        }
    }
    report(faults);
}

#[test]
fn the_layers_have_no_circle() {
    let mut below: Vec<&str> = Vec::new();
    let mut rest: Vec<_> = ALLOWED.to_vec();
    while !rest.is_empty() {
        let (ready, later): (Vec<_>, Vec<_>) =
            rest.iter().partition(|(_, imports)| imports.iter().all(|import| below.contains(import)));
        assert!(!ready.is_empty(), "these import each other: {later:?}");
        below.extend(ready.iter().map(|(module, _)| *module));
        rest = later;
    }
}

#[test]
fn files_stay_small() {
    let mut faults = Vec::new();
    for folder in ["src", "tests", "../loadgen/src", "../loadgen/tests"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            if lines > FILE_LINES_MAX && !LONGER_FILES.iter().any(|longer| path.ends_with(longer)) {
                faults.push(format!("{}: {lines} lines; make two rooms of it", path.display()));
            }
        }
    }
    report(faults);
}

#[test]
fn pure_layers_know_no_clock_no_chance_and_no_outside() {
    let mut faults = Vec::new();
    for (path, text) in program() {
        if !PURE.contains(&module(&path).as_str()) {
            continue;
        }
        for word in IMPURE_WORDS {
            if without_tests(&text).contains(word) {
                faults.push(format!("{}: {word}", path.display()));
            }
        }
    }
    report(faults);
}

#[test]
fn only_telemetry_logs_counts_and_traces() {
    let mut faults = Vec::new();
    for (path, text) in sources("src") {
        if module(&path) == "telemetry" {
            continue;
        }
        for word in
            ["tracing::", "metrics::counter", "metrics::gauge", "metrics::histogram", "opentelemetry::"]
        {
            if text.contains(word) {
                faults.push(format!("{}: {word} belongs to telemetry", path.display()));
            }
        }
    }
    report(faults);
}

#[test]
fn no_room_is_named_after_nothing() {
    let mut faults = Vec::new();
    for (path, _) in sources("src").into_iter().chain(sources("../loadgen/src")) {
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        if ["utils", "util", "common", "helpers", "helper", "misc", "types"].contains(&name.as_str()) {
            faults.push(format!("{}: a name that says what is in it", path.display()));
        }
    }
    report(faults);
}

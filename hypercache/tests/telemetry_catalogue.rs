//! Holds what others build on telemetry's names to the catalogue: dashboards, rules, the index template and the docs.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use hypercache::telemetry::catalogue::CATALOGUE;
use hypercache::telemetry::events;
use hypercache::telemetry::reference;

const BEGIN: &str = "<!-- generated: UPDATE_DOCS=1 cargo test -p hypercache --test telemetry_catalogue -->\n";
const END: &str = "<!-- end of the generated part -->\n";

fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path)
}

fn files(folder: &str, endings: &[&str]) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, endings: &[&str], found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("the folder is in the repository") {
            let path = entry.expect("the folder can be listed").path();
            if path.is_dir() {
                walk(&path, endings, found);
            } else if path
                .extension()
                .is_some_and(|ending| ending.to_str().is_some_and(|ending| endings.contains(&ending)))
            {
                found.push((path.clone(), fs::read_to_string(&path).expect("it is text")));
            }
        }
    }
    let mut found = Vec::new();
    walk(&repository(folder), endings, &mut found);
    assert!(!found.is_empty(), "nothing below {folder}: the test looks in the wrong place");
    found
}

/// Names of our metrics in a text; recorded series, which have a colon in them, are named after their rule.
fn metric_names(text: &str) -> BTreeSet<String> {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    text.split(|c| !word(c))
        .filter(|name| name.starts_with("hypercache_") || name.starts_with("http_server_"))
        .filter(|name| !name.contains(':') && !name.ends_with('_'))
        .map(str::to_owned)
        .collect()
}

/// The name of a metric without the endings that a histogram's series have.
fn family(name: &str) -> &str {
    ["_bucket", "_sum", "_count"].iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(name)
}

#[test]
fn dashboards_and_rules_name_only_metrics_that_exist() {
    let known: BTreeSet<&str> = CATALOGUE.iter().map(|metric| metric.name).collect();
    let mut unknown = Vec::new();
    for (path, text) in
        files("grafana", &["json", "yaml", "yml"]).into_iter().chain(files("prometheus", &["yml"]))
    {
        for name in metric_names(&text) {
            if !known.contains(name.as_str()) && !known.contains(family(&name)) {
                unknown.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert!(unknown.is_empty(), "not in the catalogue:\n{}", unknown.join("\n"));
}

#[test]
fn every_metric_is_on_a_dashboard_or_has_a_reason_not_to_be() {
    // Shown by nobody's panel on purpose: they explain another one when somebody digs.
    const UNSHOWN: &[&str] = &[
        "hypercache_allocator_bytes",
        "hypercache_authentications_total",
        "hypercache_config_changes_total",
        "hypercache_store_changes_total",
        "hypercache_connections_closed_total",
        "hypercache_connections_opened_total",
        "hypercache_memory_pressure_changes_total",
        "hypercache_operation_duration_seconds",
        "hypercache_telemetry_export_duration_seconds",
        "hypercache_telemetry_log_bytes_total",
        "hypercache_telemetry_log_lines_suppressed_total",
        "hypercache_telemetry_queue_capacity",
        "hypercache_telemetry_queue_length",
        "hypercache_telemetry_render_duration_seconds",
        "hypercache_telemetry_series",
        "process_max_fds",
        "process_open_fds",
        "process_start_time_seconds",
        "process_threads",
        "process_virtual_memory_bytes",
    ];
    let text: String = files("grafana", &["json"])
        .into_iter()
        .chain(files("prometheus", &["yml"]))
        .map(|(_, t)| t)
        .collect();
    let missing: Vec<_> = CATALOGUE
        .iter()
        .map(|metric| metric.name)
        .filter(|name| !text.contains(name) && !UNSHOWN.contains(name))
        .collect();
    assert!(missing.is_empty(), "on no dashboard and in no rule: {missing:?}");
    let shown: Vec<_> =
        UNSHOWN.iter().filter(|name| !CATALOGUE.iter().any(|metric| metric.name == **name)).collect();
    assert!(shown.is_empty(), "no such metric: {shown:?}");
}

/// The type that the index template gives a field, by its dotted name.
fn mapped<'a>(template: &'a serde_json::Value, field: &str) -> Option<&'a str> {
    let mut at = &template["template"]["mappings"];
    for part in field.split('.') {
        at = at["properties"].get(part)?;
    }
    at["type"].as_str()
}

#[test]
fn the_index_template_has_each_field_with_its_type() {
    let text =
        fs::read_to_string(repository("elasticsearch/component-templates/hypercache@mappings.json")).unwrap();
    let template: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut faults = BTreeSet::new();
    for event in events::catalogue() {
        for (field, kind) in event.fields {
            let allowed: &[&str] = match *kind {
                "integer" => &["long"],
                "float" => &["double"],
                "boolean" => &["boolean"],
                "string" | "address" => &["keyword", "match_only_text"],
                other => {
                    panic!("{}: {field} has the type {other}, which this test does not know", event.name)
                }
            };
            match mapped(&template, field) {
                Some(found) if allowed.contains(&found) => {}
                found => {
                    faults.insert(format!("{field}: {kind} in the events, {found:?} in the template"));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_page_on_telemetry_equals_the_catalogue() {
    let page = repository("docs/telemetry.md");
    let committed = fs::read_to_string(&page).unwrap();
    let (before, rest) = committed.split_once(BEGIN).expect("the page marks where the generated part begins");
    let (_, after) = rest.split_once(END).expect("the page marks where the generated part ends");
    let wanted = format!("{before}{BEGIN}\n{}\n{END}{after}", reference::markdown());
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&page, &wanted).unwrap();
        return;
    }
    assert!(
        committed == wanted,
        "docs/telemetry.md differs from the catalogue; write it anew with\n\
         UPDATE_DOCS=1 cargo test -p hypercache --test telemetry_catalogue"
    );
}

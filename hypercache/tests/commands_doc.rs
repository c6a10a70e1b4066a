//! Holds `docs/commands.md` to the command table.

use std::path::Path;

/// Where the page lies.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/commands.md");

#[test]
fn the_page_of_commands_equals_the_table() {
    let page = hypercache::command::docs::markdown();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(Path::new(PAGE).parent().unwrap()).unwrap();
        std::fs::write(PAGE, &page).unwrap();
    }
    let committed = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        committed == page,
        "docs/commands.md differs from the command table; write it anew with\n\
         UPDATE_DOCS=1 cargo test -p hypercache --test commands_doc"
    );
}

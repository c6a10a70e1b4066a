//! `hypercache check-config`: whether a node would start with a file.

use std::path::Path;
use std::process::ExitCode;

use crate::config::Config;
use crate::config::Overrides;

/// Checks `file` alone, without flags and environment. A summary goes to standard output, warnings and faults to
/// standard error; with `print`, standard output holds the whole configuration as YAML instead of the summary.
pub fn check_config(file: &Path, print: bool) -> ExitCode {
    let loaded = match Config::load(&Overrides::from_file(file), std::iter::empty()) {
        Ok(loaded) => loaded,
        Err(faults) => {
            eprintln!("{faults}");
            let count = faults.0.len();
            let noun = if count == 1 { "fault" } else { "faults" };
            eprintln!("{}: {count} {noun}; a node would not start with it", file.display());
            return ExitCode::FAILURE;
        }
    };
    for warning in &loaded.warnings {
        eprintln!("warning: {warning}");
    }
    if print {
        print!("{}", loaded.config.to_yaml());
    } else {
        println!("{}: ok ({})", file.display(), summary(&loaded.config));
        println!("memory of the process on this machine: {}", loaded.config.node.memory_limit.resolve());
    }
    ExitCode::SUCCESS
}

fn summary(config: &Config) -> String {
    let stores: Vec<&str> = config.stores.iter().map(|store| store.name.as_str()).collect();
    format!(
        "node {}, RESP {}, HTTP {}, {} {}: {}",
        config.node.id,
        config.network.resp_addr,
        config.network.http_addr,
        stores.len(),
        if stores.len() == 1 { "store" } else { "stores" },
        stores.join(", ")
    )
}

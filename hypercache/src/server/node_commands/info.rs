//! `INFO`.

mod commands;
mod node;
mod numbers;

pub use numbers::Memory;

use std::fmt::Display;
use std::fmt::Write;

use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::statistics::Counts;
use crate::telemetry::process::ProcessStats;

/// A text of sections, each with lines `key:value`.
struct Page {
    text: String,
}

impl Page {
    fn section(&mut self, title: &str) {
        let gap = if self.text.is_empty() { "" } else { "\r\n" };
        self.put(format_args!("{gap}# {title}\r\n"));
    }

    fn line(&mut self, key: impl Display, value: impl Display) {
        self.put(format_args!("{key}:{value}\r\n"));
    }

    fn put(&mut self, text: std::fmt::Arguments<'_>) {
        self.text.write_fmt(text).expect("writing to a string does not fail");
    }
}

/// What the sections tell of, read once, so that they agree with one another.
struct Facts<'a> {
    node: &'a NodeState,
    counts: Counts,
    process: ProcessStats,
}

/// A section: its name for the caller, its title, whether it is among the default ones, and what writes its lines.
struct Section {
    title: &'static str,
    default: bool,
    write: fn(&Facts<'_>, &mut Page),
}

const fn section(title: &'static str, default: bool, write: fn(&Facts<'_>, &mut Page)) -> Section {
    Section { title, default, write }
}

/// All sections in the order they are told in. `Stores` is our own: the numbers of `Keyspace` by name, with limits.
const SECTIONS: [Section; 14] = [
    section("Server", true, node::server),
    section("Clients", true, node::clients),
    section("Memory", true, numbers::memory),
    section("Persistence", true, node::persistence),
    section("Stats", true, numbers::stats),
    section("Replication", true, node::replication),
    section("CPU", true, numbers::cpu),
    section("Modules", true, |_, _| ()),
    section("Commandstats", false, commands::command_stats),
    section("Errorstats", true, commands::error_stats),
    section("Latencystats", false, commands::latency_stats),
    section("Cluster", true, node::cluster),
    section("Keyspace", true, node::keyspace),
    section("Stores", true, node::stores),
];

/// `INFO`: the sections that are named, in any case and order; the default ones where none is. Unknown names are none.
pub fn info(args: Args<'_>, node: &NodeState, reply: &mut ReplyWriter) {
    let named = args.from(1);
    let asked = |name: &str| named.iter().any(|word| word.eq_ignore_ascii_case(name.as_bytes()));
    let all = asked("all") || asked("everything");
    let default = named.is_empty() || asked("default");
    let facts = Facts {
        node,
        counts: node.statistics.counts(Counts::read(&node.telemetry, &node.clients, &node.registry)),
        process: ProcessStats::read(),
    };
    let mut page = Page { text: String::new() };
    for section in &SECTIONS {
        if all || (default && section.default) || asked(section.title) {
            page.section(section.title);
            (section.write)(&facts, &mut page);
        }
    }
    reply.verbatim("txt", &page.text);
}

#[cfg(test)]
mod tests;

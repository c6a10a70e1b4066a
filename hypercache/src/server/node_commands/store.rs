//! `STORE`: makes, changes, drops and tells stores.

use crate::command::ReplyError;
use crate::command::context::Garbage;
use crate::command::error;
use crate::command::spec::StoreCommand;
use crate::config;
use crate::config::StoreChange;
use crate::config::Word;
use crate::engine::Session;
use crate::resp::Args;
use crate::resp::ReplyWriter;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::config::values::memory;
use crate::server::node_commands::help;
use crate::store::Store;
use crate::store::events::Notices;
use crate::store::lifecycle::Altered;
use crate::store::lifecycle::Dropped;
use crate::store::lifecycle::Refusal;
use crate::telemetry::Event;
use crate::telemetry::events::store::StoreAltered;
use crate::telemetry::events::store::StoreChangeRefused;
use crate::telemetry::events::store::StoreCreated;
use crate::telemetry::events::store::StoreDropped;
use crate::telemetry::meters::MISS_REASONS;
use crate::telemetry::meters::StoreTotals;
use crate::telemetry::meters::Totals;
use crate::value::number;

/// Longest part of a name or a value that an event shows; valid names are shorter.
const SHOWN_CHARS_MAX: usize = 128;

/// Runs `command`.
pub fn run(
    command: StoreCommand,
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    match command {
        StoreCommand::Help => help::write("STORE", reply),
        StoreCommand::List => list(node, reply),
        StoreCommand::Info => {
            let store = node.registry.find(&args[2]).ok_or(error::UNKNOWN_STORE)?;
            describe(store, &node.telemetry.meters().totals(), reply);
        }
        StoreCommand::Create => told(create(args, session, node, reply), args, session)?,
        StoreCommand::Alter => told(alter(args, session, node, reply), args, session)?,
        StoreCommand::Drop => told(drop_store(args, session, node, reply), args, session)?,
    }
    Ok(())
}

/// Tells a change that was refused.
fn told(outcome: Result<(), ReplyError>, args: Args<'_>, session: &Session) -> Result<(), ReplyError> {
    outcome.inspect_err(|refused| {
        let store: String = String::from_utf8_lossy(&args[2]).chars().take(SHOWN_CHARS_MAX).collect();
        StoreChangeRefused {
            store: &store,
            message: &refused.text,
            user: session.user_name().unwrap_or_default(),
            client: session.client.address,
            client_id: session.client.id,
        }
        .emit();
    })
}

fn create(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let change = rules(args)?;
    let name = std::str::from_utf8(&args[2]).map_err(|_| ReplyError::err("name: must be text"))?;
    let mut store = config::Store::named(name.to_owned());
    change.apply(&mut store);
    let rules = all(&store);
    let meters = node.telemetry.meters();
    let index = node.registry.create(store, |index, name| meters.name_store(index, Some(name)));
    let index = index.map_err(refusal)?;
    StoreCreated {
        store: name,
        new: &rules,
        user: session.user_name().unwrap_or_default(),
        client: session.client.address,
        client_id: session.client.id,
    }
    .emit();
    reply.count(index);
    Ok(())
}

fn alter(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let change = rules(args)?;
    let Altered { before, after, .. } =
        node.registry.alter(&args[2], |store| change.apply(store)).map_err(refusal)?;
    let (old, new): (Vec<_>, Vec<_>) = before
        .rules()
        .into_iter()
        .zip(after.rules())
        .filter(|(old, new)| old != new)
        .map(|((key, old), (_, new))| (format!("{key}: {old}"), format!("{key}: {new}")))
        .unzip();
    if !new.is_empty() {
        StoreAltered {
            store: &after.name,
            old: &old.join(", "),
            new: &new.join(", "),
            user: session.user_name().unwrap_or_default(),
            client: session.client.address,
            client_id: session.client.id,
        }
        .emit();
    }
    reply.ok();
    Ok(())
}

fn drop_store(
    args: Args<'_>,
    session: &Session,
    node: &NodeState,
    reply: &mut ReplyWriter,
) -> Result<(), ReplyError> {
    let end = |store: &Store| {
        node.telemetry.meters().name_store(store.index(), None);
        node.waiters.refuse_all_of(store.index(), &error::NO_STORE);
        if node.registry.interests().now().tracks() {
            let all = Notices { emptied: true, ..Notices::default() };
            node.herald.tell(all, session.client.id, &mut Vec::new());
        }
    };
    let Dropped { rules, census, shards, .. } = node.registry.remove(&args[2], end).map_err(refusal)?;
    node.disposal.discard(Garbage::of_shards(shards));
    StoreDropped {
        store: &rules.name,
        old: &all(&rules),
        keys: census.keys as u64,
        bytes: census.total_bytes() as u64,
        user: session.user_name().unwrap_or_default(),
        client: session.client.address,
        client_id: session.client.id,
    }
    .emit();
    reply.ok();
    Ok(())
}

fn all(store: &config::Store) -> String {
    store.rules().map(|(key, value)| format!("{key}: {value}")).join(", ")
}

fn refusal(refusal: Refusal) -> ReplyError {
    match refusal {
        Refusal::Busy(overdue) => ReplyError::busy(overdue),
        Refusal::Full => error::NO_STORE_LEFT,
        Refusal::Taken => error::STORE_EXISTS,
        Refusal::Unknown => error::UNKNOWN_STORE,
        Refusal::Default => error::DEFAULT_STORE_STAYS,
        Refusal::InUse => error::STORE_IN_USE,
        Refusal::Invalid(message) => ReplyError::text(message),
    }
}

/// The rules that follow the name.
fn rules(args: Args<'_>) -> Result<StoreChange, ReplyError> {
    let mut change = StoreChange::default();
    let options = args.from(3);
    if !options.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    for pair in 0..options.len() / 2 {
        let (option, value) = (&options[2 * pair], &options[2 * pair + 1]);
        let value = std::str::from_utf8(value).map_err(|_| error::SYNTAX)?;
        let one = rule(option, value).ok_or(error::SYNTAX)?.map_err(ReplyError::text)?;
        change.and(one).map_err(|key| ReplyError::text(format!("{key} is given twice")))?;
    }
    Ok(change)
}

/// What an option says, in the words of the configuration; none for an unknown one.
fn rule(option: &[u8], value: &str) -> Option<Result<StoreChange, String>> {
    let is = |name: &str| option.eq_ignore_ascii_case(name.as_bytes());
    let lower = || value.to_ascii_lowercase();
    // The file's forms first; what only `CONFIG SET maxmemory` takes, such as 1g, next.
    let size = |key: &str| {
        StoreChange::from_word(key, value).or_else(|refused| {
            let bytes = memory(value, 0, i64::MAX).map_err(|_| refused)?;
            StoreChange::from_word(key, &bytes.to_string())
        })
    };
    if is("MAXMEMORY") {
        return Some(size("max_memory"));
    }
    if is("HISTORY") {
        return Some(size("miss_history"));
    }
    if is("JOURNAL") {
        return Some(StoreChange::from_word("key_journal", value));
    }
    if is("EVICTION") {
        return Some(StoreChange::from_word("eviction", &lower()));
    }
    if is("TTL") {
        // As with EXPIRE, a number by itself is of seconds.
        let seconds = number::decimal(value.as_bytes()).is_some();
        let ttl = if seconds { format!("{value}s") } else { value.to_owned() };
        return Some(StoreChange::from_word("default_ttl", &ttl));
    }
    if is("FILTER") {
        let word = match lower().as_str() {
            "on" => "true".to_owned(),
            "off" => "false".to_owned(),
            other => other.to_owned(),
        };
        return Some(StoreChange::from_word("cuckoo_filter", &word));
    }
    None
}

fn list(node: &NodeState, reply: &mut ReplyWriter) {
    let stores: Vec<&Store> = node.registry.all().collect();
    let totals = node.telemetry.meters().totals();
    reply.array(stores.len());
    stores.into_iter().for_each(|store| describe(store, &totals, reply));
}

/// Rules, sizes and counts since it began; times in milliseconds, sizes in bytes.
fn describe(store: &Store, totals: &Totals, reply: &mut ReplyWriter) {
    let (rules, census) = (store.rules(), store.census());
    let nothing = StoreTotals::default();
    let counts = totals.stores.get(store.index()).unwrap_or(&nothing);
    reply.map(17);
    reply.bulk("name");
    reply.bulk(&rules.name);
    reply.bulk("index");
    reply.count(store.index());
    reply.bulk("keys");
    reply.count(census.keys);
    reply.bulk("expiring-keys");
    reply.count(census.expiring);
    reply.bulk("memory-bytes");
    reply.count(census.total_bytes());
    reply.bulk("max-memory");
    reply.integer(i64::try_from(rules.max_memory).unwrap_or(i64::MAX));
    reply.bulk("eviction");
    reply.bulk(rules.eviction.word());
    reply.bulk("default-ttl-ms");
    reply.integer(i64::try_from(rules.default_ttl.as_millis()).unwrap_or(i64::MAX));
    reply.bulk("filter-rate");
    match rules.cuckoo_filter {
        Some(rate) => reply.double(rate),
        None => reply.null(),
    }
    reply.bulk("miss-history-bytes");
    reply.integer(rules.miss_history.cast_signed());
    reply.bulk("key-journal");
    reply.count(rules.key_journal);
    reply.bulk("sessions");
    if store.keyspace().by_session() {
        reply.count(census.sessions);
    } else {
        reply.null();
    }
    for (name, count) in [
        ("expired-keys", counts.expired_lazy + counts.expired_active),
        ("evicted-keys", store.evictions().evicted_keys()),
        ("hits", counts.hits),
        ("misses", counts.misses),
    ] {
        reply.bulk(name);
        reply.integer(count.cast_signed());
    }
    reply.bulk("misses-by-reason");
    reply.map(MISS_REASONS.len());
    for (reason, count) in MISS_REASONS.into_iter().zip(counts.misses_by_reason) {
        reply.bulk(reason);
        reply.integer(count.cast_signed());
    }
}

#[cfg(test)]
mod tests;

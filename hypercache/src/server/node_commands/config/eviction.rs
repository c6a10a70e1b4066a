//! Parameters about what gives way when memory is at its limit.

use crate::config::Eviction;
use crate::server::node_commands::NodeState;
use crate::server::node_commands::config::parameters::Parameter;
use crate::server::node_commands::config::parameters::settable;
use crate::server::node_commands::config::values::Apply;
use crate::server::node_commands::config::values::integer;
use crate::server::node_commands::config::values::memory;
use crate::server::node_commands::config::values::word;

/// The policies in the order in which Redis names them.
const POLICIES: [(&str, Eviction); 8] = [
    ("volatile-lru", Eviction::VolatileLru),
    ("volatile-lfu", Eviction::VolatileLfu),
    ("volatile-random", Eviction::VolatileRandom),
    ("volatile-ttl", Eviction::VolatileTtl),
    ("allkeys-lru", Eviction::Lru),
    ("allkeys-lfu", Eviction::Lfu),
    ("allkeys-random", Eviction::Random),
    ("noeviction", Eviction::None),
];

/// They.
pub const PARAMETERS: &[Parameter] = &[
    settable(
        "maxmemory",
        |node| node.registry.limit_bytes().to_string(),
        |node, value| {
            let bytes = memory(value, 0, i64::MAX)?;
            Ok(Box::new(move || {
                node.registry.set_limit_bytes(bytes);
                node.limit_clients();
                node.registry.eviction().wake();
            }))
        },
    ),
    settable(
        "maxmemory-eviction-tenacity",
        |node| node.registry.eviction().tenacity().to_string(),
        |node, value| {
            let tenacity = integer(value, 0, 100)?.unsigned_abs();
            Ok(Box::new(move || node.registry.eviction().set_tenacity(tenacity)))
        },
    ),
    settable("maxmemory-policy", policy, set_policy),
    settable(
        "maxmemory-samples",
        |node| node.registry.eviction().samples().to_string(),
        |node, value| {
            let samples = integer(value, 1, 64)?.unsigned_abs() as usize;
            Ok(Box::new(move || node.registry.eviction().set_samples(samples)))
        },
    ),
];

/// That of the default store: other stores have policies of their own.
pub fn policy(node: &NodeState) -> String {
    node.registry.get(0).map_or(Eviction::None, |store| store.eviction()).redis_name().to_owned()
}

fn set_policy<'a>(node: &'a NodeState, value: &str) -> Result<Apply<'a>, String> {
    let name = word(value, &POLICIES.map(|(name, _)| name))?;
    let found = POLICIES.iter().find(|(known, _)| *known == name);
    let (_, rule) = *found.expect("a word is one of these words");
    if node.registry.get(0).is_some_and(|store| store.eviction() == Eviction::Session) {
        return Err("the default store evicts by session, which only STORE ALTER changes".to_owned());
    }
    Ok(Box::new(move || {
        // It can be refused only where keys would have to lie elsewhere.
        drop(node.registry.alter(b"0", |rules| rules.eviction = rule));
        node.registry.eviction().wake();
    }))
}

//! A test bench: runs command lines against stores of its own, as the layers above will, at a time that the test moves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use crate::command::Context;
use crate::command::ReplyError;
use crate::command::context::Effects;
use crate::command::context::Garbage;
use crate::command::context::Locks;
use crate::command::context::Stamp;
use crate::command::spec::Run;
use crate::command::table::table;
use crate::config;
use crate::keyspace::Census;
use crate::keyspace::departure::Departure;
use crate::keyspace::entry::UnixMillis;
use crate::keyspace::journal::Author;
use crate::keyspace::journal::Via;
use crate::keyspace::key::HashSeed;
use crate::keyspace::shard::Swept;
use crate::resp::Args;
use crate::resp::OwnedArgs;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::store::Registry;
use crate::store::events::Notices;
use crate::store::events::Selection;
use crate::value::bloom::link::Link;
use crate::value::cuckoo::table::Table;
use crate::value::limits::Limits;
use crate::value::set::Member;
use crate::value::set::Set;
use crate::value::stream::Stream;
use crate::value::view::ValueRef;

/// Stores called `default` and `second`, and who uses them.
pub struct Bench {
    registry: Registry,
    selected: usize,
    stamp: Stamp,
    protocol: Protocol,
}

/// What came of one command.
pub struct Ran {
    /// The reply in RESP2; an error where the command failed.
    pub reply: Vec<u8>,
    /// Whether it failed.
    pub failed: bool,
    /// Bytes that a failed handler had written, which it should not.
    pub written_before_failure: usize,
    /// What the handler did.
    pub effects: Effects,
    /// What it put aside.
    pub garbage: Garbage,
    /// What it told of keys.
    pub notices: Notices,
}

/// The words of a line, `''` for an empty one.
fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().map(|word| if word == "''" { "" } else { word }).collect()
}

/// What a handler leaves behind beside its reply.
#[derive(Default)]
struct Done {
    effects: Effects,
    garbage: Garbage,
    notices: Notices,
}

/// The bytes of a string; of a collection its live elements in their order.
fn content(value: ValueRef<'_>, now: UnixMillis) -> Vec<u8> {
    match value {
        ValueRef::Bloom(filter) => {
            let links = filter.links().iter().map(Link::data);
            links.fold(filter.header(), |text, data| [&text, data].concat())
        }
        ValueRef::Cuckoo(filter) => {
            let tables = filter.tables().iter().map(Table::data);
            tables.fold(filter.header(), |text, data| [&text, data].concat())
        }
        ValueRef::Hash(hash) => {
            let live = hash.iter().filter(|pair| pair.deadline.is_none_or(|deadline| deadline > now));
            let text = live.map(|pair| format!("{pair:?} "));
            text.collect::<String>().into_bytes()
        }
        ValueRef::List(list) => {
            let text = list.iter().map(|element| format!("{:?} ", element.bytes()));
            text.collect::<String>().into_bytes()
        }
        ValueRef::Set(set) => {
            let text = set.iter().map(|member| format!("{:?} ", member.bytes()));
            text.collect::<String>().into_bytes()
        }
        ValueRef::Stream(stream) => stream_content(stream).into_bytes(),
        ValueRef::Str(string) => string.bytes().into_owned(),
        ValueRef::ZSet(zset) => {
            let text = zset.iter().map(|pair| format!("{pair:?} "));
            text.collect::<String>().into_bytes()
        }
    }
}

/// Entries and groups of a stream, without when its consumers were last seen: reading commands that count no change move
/// that.
fn stream_content(stream: &Stream) -> String {
    let log = stream.log();
    let mut text =
        format!("{:?} {:?} {:?} {} ", log.first_id(), log.last_id(), log.greatest_deleted_id(), log.added());
    for entry in log.iter() {
        text.push_str(&format!("{:?} {:?} ", entry.id, entry.fields.collect::<Vec<_>>()));
    }
    for (name, group) in stream.groups() {
        text.push_str(&format!("{name:?} {:?} {:?} ", group.last_id(), group.entries_read()));
        for consumer in group.consumers() {
            text.push_str(&format!("{:?} {:?} {:?} ", consumer.name(), consumer.active, consumer.pending()));
        }
        for (id, pending) in group.pending() {
            let name = group.consumer(pending.consumer).name();
            text.push_str(&format!("{id:?} {name:?} {} {} ", pending.delivered, pending.deliveries));
        }
    }
    text
}

/// All live keys of all stores: type, content and deadline.
pub type Dump = BTreeMap<(usize, Vec<u8>), (&'static str, Vec<u8>, Option<UnixMillis>)>;

impl Bench {
    /// The reply to a command on a key of the wrong type.
    pub const WRONG_TYPE: &'static str = "-WRONGTYPE Operation against a key holding the wrong kind of value";

    /// Empty stores, the first selected.
    pub fn new() -> Self {
        Self::at(1_700_000_000_000)
    }

    /// Empty stores at this time.
    pub fn at(now: UnixMillis) -> Self {
        Self::with(now, HashSeed(7), Duration::ZERO)
    }

    /// Empty stores at this time, with this hash seed and the first store's default time to live.
    pub fn with(now: UnixMillis, seed: HashSeed, default_ttl: Duration) -> Self {
        let store =
            |name: &str, default_ttl| config::Store { default_ttl, ..config::Store::named(name.to_owned()) };
        let stores = [store("default", default_ttl), store("second", Duration::ZERO)];
        let cache = config::Cache { shards: 4, ..config::Config::default().cache };
        Self {
            registry: Registry::new(&stores, &cache, seed),
            selected: 0,
            stamp: Stamp { now, seed: 1 },
            protocol: Protocol::Resp2,
        }
    }

    /// Empty stores at this time, whose keys live and go by session; the first with this default time to live.
    pub fn by_session(now: UnixMillis, default_ttl: Duration) -> Self {
        let store = |name: &str, default_ttl, eviction| config::Store {
            default_ttl,
            eviction,
            ..config::Store::named(name.to_owned())
        };
        let stores = [
            store("default", default_ttl, config::Eviction::Session),
            store("second", Duration::ZERO, config::Eviction::Session),
            store("plain", Duration::ZERO, config::Eviction::None),
        ];
        let cache = config::Cache { shards: 4, ..config::Config::default().cache };
        Self { registry: Registry::new(&stores, &cache, HashSeed(7)), ..Self::at(now) }
    }

    /// Selects a store.
    pub fn select(&mut self, index: usize) {
        self.selected = index;
    }

    /// Speaks another version of the protocol from here on.
    pub fn speak(&mut self, protocol: Protocol) {
        self.protocol = protocol;
    }

    /// Lets the compact forms of collections have other limits.
    pub fn limit(&mut self, limits: Limits) {
        self.registry.change_limits(|present| *present = limits);
    }

    /// Sweeps the selected store for what has expired.
    pub fn sweep(&mut self) -> Swept {
        let (mut swept, keyspace) = (Swept::default(), self.registry.get(self.selected).unwrap().keyspace());
        (0..keyspace.shards())
            .for_each(|shard| swept.add(keyspace.lock(shard).sweep(self.stamp.now, u64::MAX)));
        swept
    }

    /// Sizes of the selected store.
    pub fn census(&self) -> Census {
        self.registry.get(self.selected).unwrap().census()
    }

    /// Lets milliseconds pass.
    pub fn advance(&mut self, millis: u64) {
        self.stamp.now += millis;
    }

    /// Puts a key there that is no string.
    pub fn no_string(&mut self, key: &str) {
        let store = self.registry.get(self.selected).unwrap();
        let hashed = store.keyspace().hashed(key.as_bytes());
        let shard = store.keyspace().shard_of(hashed.hash);
        let mut set = Set::new(store.keyspace().seed().0);
        set.insert(Member::Bytes(b"member"), &Limits::DEFAULT);
        store.keyspace().lock(shard).set(hashed, set.into(), None, self.stamp.now);
    }

    /// Lets a key make room, if it is there.
    pub fn evict(&mut self, key: &str) {
        let keyspace = self.registry.get(self.selected).unwrap().keyspace();
        let hashed = keyspace.hashed(key.as_bytes());
        let mut shard = keyspace.lock(keyspace.shard_of(hashed.hash));
        if let Some(entry) = shard.remove(hashed, Departure::Evicted) {
            shard.journal().left(hashed.hash, &entry, Departure::Evicted, self.stamp.now);
        }
    }

    /// Runs each line and compares its reply, both with spaces for line breaks.
    pub fn table(&mut self, lines: &[(&str, &str)]) {
        for (line, expected) in lines {
            let reply = self.run_line(line).replace("\r\n", " ");
            assert_eq!(reply.trim_end_matches(' '), expected.trim_end_matches(' '), "{line}");
        }
    }

    /// Runs a line of words, `''` for an empty one; its reply.
    pub fn run_line(&mut self, line: &str) -> String {
        self.run(&words(line))
    }

    /// Runs a command; its reply.
    pub fn run<B: AsRef<[u8]>>(&mut self, parts: &[B]) -> String {
        String::from_utf8_lossy(&self.execute(parts).reply).into_owned()
    }

    /// Transfers the filter at `f` to `g` in parts, by the commands that begin with `family`, until `end` is the reply; how
    /// many parts there are.
    pub fn transfer(&mut self, family: &str, end: &[u8]) -> usize {
        let [dump, load] = ["SCANDUMP", "LOADCHUNK"].map(|name| format!("{family}.{name}"));
        let (mut iterator, mut parts) = ("0".to_owned(), 0);
        loop {
            let reply = self.execute(&[&dump, "f", &iterator]).reply;
            if reply == end {
                return parts;
            }
            let lines: Vec<&[u8]> = reply.splitn(4, |byte| *byte == b'\n').collect();
            assert_eq!(lines[0], b"*2\r");
            iterator = std::str::from_utf8(&lines[1][1..]).unwrap().trim_end().to_owned();
            let data = &lines[3][..lines[3].len() - 2];
            assert_eq!(self.run(&[load.as_bytes(), b"g", iterator.as_bytes(), data]), "+OK\r\n");
            parts += 1;
        }
    }

    /// What a line does beside its reply.
    pub fn effects(&mut self, line: &str) -> Effects {
        self.execute(&line.split_whitespace().collect::<Vec<_>>()).effects
    }

    /// Lets clients be interested in all that happens to keys.
    pub fn listen(&mut self) {
        self.registry.interests().select(Selection::parse(b"KEAmn").unwrap());
        self.registry.interests().add_tracker();
    }

    /// Runs each line and compares the events that it tells, each as `event:key`, with `@store` where it is another store.
    pub fn events(&mut self, lines: &[(&str, &str)]) {
        for (line, expected) in lines {
            let notices = self.execute(&words(line)).notices;
            let told = notices.keys.iter().filter_map(|notice| {
                let (_, event) = notice.event?;
                let key = String::from_utf8_lossy(&notice.key);
                let at =
                    if notice.store == self.selected { String::new() } else { format!("@{}", notice.store) };
                Some(format!("{event}:{key}{at}"))
            });
            assert_eq!(told.collect::<Vec<_>>().join(" "), *expected, "{line}");
        }
    }

    /// What a line puts aside.
    pub fn garbage(&mut self, line: &str) -> Garbage {
        self.execute(&line.split_whitespace().collect::<Vec<_>>()).garbage
    }

    /// Runs a command.
    pub fn execute<B: AsRef<[u8]>>(&mut self, parts: &[B]) -> Ran {
        // Every request is stamped with another seed.
        self.stamp.seed = self.stamp.seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let args = OwnedArgs::new(parts);
        let mut reply = ReplyWriter::new(self.protocol);
        let ran = self.handle(args.view(), &mut reply);
        let (done, error) = match ran {
            Ok((done, outcome)) => (done, outcome.err()),
            Err(error) => (Done::default(), Some(error)),
        };
        let Done { effects, garbage, notices } = done;
        let written_before_failure = if error.is_some() { reply.len() } else { 0 };
        if let Some(error) = &error {
            reply.truncate(0);
            reply.error(error.prefix, &error.text);
        }
        Ran {
            reply: reply.take(),
            failed: error.is_some(),
            written_before_failure,
            effects,
            garbage,
            notices,
        }
    }

    /// Runs a line beside others, if it can be run at all.
    pub fn run_beside_others(&self, line: &str) {
        let args = OwnedArgs::new(line.split_whitespace());
        let mut reply = ReplyWriter::new(Protocol::Resp2);
        let (_, outcome) = self.handle(args.view(), &mut reply).unwrap();
        assert_eq!(outcome, Ok(()), "{line}");
    }

    fn handle(&self, args: Args<'_>, reply: &mut ReplyWriter) -> Result<(Done, super::Outcome), ReplyError> {
        let command = table().resolve(args);
        let spec = command.spec;
        if !spec.takes(args.len()) {
            return Err(ReplyError::arity(&command.name));
        }
        let Run::Data(handler) = spec.run else { return Err(ReplyError::unknown_command(args)) };
        let other = match spec.other_store {
            Some(other) => other(args, &self.registry)?,
            None => None,
        };
        let own = spec.keys.positions(args).map(|index| (self.selected, index));
        let keys = own.chain(other).map(|(store, index)| (store, args.get(index).unwrap()));
        let store = self.registry.get(self.selected).unwrap();
        let mut cx = if spec.roams_with(args) {
            let locks = Locks::of_store(&self.registry, self.selected).expect("no script is running");
            Context::with_locks(self.stamp, &self.registry, store, locks)
        } else {
            Context::lock(self.stamp, &self.registry, store, keys).expect("no script is running")
        };
        cx.on_behalf_of(Author::new(7, SocketAddr::from(([127, 0, 0, 1], 50_000)), Via::Resp, 0xabc));
        cx.show_authors();
        let outcome = handler(&mut cx, args, reply);
        let (effects, garbage, notices) = (cx.effects(), cx.take_garbage(), cx.take_notices());
        Ok((Done { effects, garbage, notices }, outcome))
    }

    /// What the shards noted of their entries, and the same counted anew: bytes, and hashes with fields that expire.
    pub fn noted_and_counted(&self) -> [(usize, usize); 2] {
        let (mut noted, mut counted) = ((0, 0), (0, 0));
        for store in self.registry.all() {
            let census = store.census();
            noted = (noted.0 + census.bytes, noted.1 + census.expiring_in_part);
            store.keyspace().scan(0, usize::MAX, |entry| {
                counted.0 += entry.footprint();
                counted.1 += usize::from(entry.value().earliest_part().is_some());
            });
        }
        [noted, counted]
    }

    /// What is in the stores.
    pub fn dump(&self) -> Dump {
        let mut dump = Dump::new();
        for store in self.registry.all() {
            store.keyspace().scan(0, usize::MAX, |entry| {
                if !entry.expired(self.stamp.now) {
                    let bytes = content(entry.value(), self.stamp.now);
                    let kept = (entry.value().type_name(), bytes, entry.deadline());
                    dump.insert((store.index(), entry.key().to_vec()), kept);
                }
            });
        }
        dump
    }
}

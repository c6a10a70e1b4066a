//! Publish and subscribe within the node.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use hashbrown::HashMap;
use hashbrown::HashSet;
use parking_lot::RwLock;

use crate::engine::client::Client;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;
use crate::value::glob;

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A channel by its name.
    Channel,
    /// All channels whose names match a pattern.
    Pattern,
    /// A channel of one shard of a cluster; a world of its own.
    Shard,
}

/// All topics.
pub const TOPICS: [Topic; 3] = [Topic::Channel, Topic::Pattern, Topic::Shard];

type Subscribers = HashMap<u64, Arc<Client>>;
type Names = HashMap<Box<[u8]>, Subscribers>;

/// Knows who has subscribed to what.
#[derive(Debug, Default)]
pub struct Broker {
    channels: RwLock<Names>,
    patterns: RwLock<Names>,
    shards: RwLock<Names>,
    published: AtomicU64,
    delivered: AtomicU64,
    held_bytes: AtomicUsize,
}

/// What a client has subscribed to; given up when dropped.
#[derive(Debug)]
pub struct Subscriptions {
    broker: Arc<Broker>,
    client: Arc<Client>,
    names: [HashSet<Box<[u8]>>; 3],
}

/// How many names a client has subscribed to, for others to see.
#[derive(Debug, Default)]
pub struct SubscriptionCounts([AtomicUsize; 3]);

impl SubscriptionCounts {
    /// Names of this topic.
    pub fn of(&self, topic: Topic) -> usize {
        self.0[topic as usize].load(Relaxed)
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        TOPICS.iter().any(|topic| self.of(*topic) > 0)
    }
}

/// What a subscription takes beside its name: a place in its client's set and one in a set of the name's subscribers,
/// the smallest of which are for a few.
const SUBSCRIPTION_BYTES: usize = 192;

/// What a subscription takes; its name stands with the broker and with its client.
fn weight(name: &[u8]) -> usize {
    2 * name.len() + SUBSCRIPTION_BYTES
}

/// A message in the forms that its receivers need, each made once.
struct Message<'a> {
    kind: &'static str,
    parts: &'a [&'a [u8]],
    rendered: [Option<Vec<u8>>; 2],
}

impl<'a> Message<'a> {
    fn new(kind: &'static str, parts: &'a [&'a [u8]]) -> Self {
        Self { kind, parts, rendered: [None, None] }
    }

    /// Delivers to all; how many they are. Whoever has let too much pile up is cut off.
    fn deliver(&mut self, subscribers: &Subscribers) -> usize {
        let mut receivers = 0;
        for client in connected(subscribers) {
            receivers += 1;
            let protocol = client.protocol();
            let (kind, parts) = (self.kind, self.parts);
            let bytes = self.rendered[protocol as usize].get_or_insert_with(|| render(protocol, kind, parts));
            client.deliver(bytes);
        }
        receivers
    }
}

/// Without those that are cut: whoever is killed is gone at once, although its connection needs a moment more to end.
fn connected(subscribers: &Subscribers) -> impl Iterator<Item = &Arc<Client>> {
    subscribers.values().filter(|client| client.is_cut().is_none())
}

fn render(protocol: Protocol, kind: &str, parts: &[&[u8]]) -> Vec<u8> {
    let mut message = ReplyWriter::new(protocol);
    message.push(parts.len() + 1);
    message.bulk(kind);
    parts.iter().for_each(|part| message.bulk(part));
    message.take()
}

impl Broker {
    fn names(&self, topic: Topic) -> &RwLock<Names> {
        match topic {
            Topic::Channel => &self.channels,
            Topic::Pattern => &self.patterns,
            Topic::Shard => &self.shards,
        }
    }

    /// Publishes to a channel and the patterns that match it; how many receive it, one client counted once for each of
    /// its subscriptions.
    pub fn publish(&self, channel: &[u8], payload: &[u8]) -> usize {
        let mut receivers = 0;
        if let Some(subscribers) = self.channels.read().get(channel) {
            receivers += Message::new("message", &[channel, payload]).deliver(subscribers);
        }
        for (pattern, subscribers) in &*self.patterns.read() {
            if glob::matches(pattern, channel) {
                receivers += Message::new("pmessage", &[pattern, channel, payload]).deliver(subscribers);
            }
        }
        self.count(receivers)
    }

    /// Publishes to a shard channel; how many receive it.
    pub fn publish_to_shard(&self, channel: &[u8], payload: &[u8]) -> usize {
        let shards = self.shards.read();
        let receivers = shards
            .get(channel)
            .map_or(0, |subscribers| Message::new("smessage", &[channel, payload]).deliver(subscribers));
        drop(shards);
        self.count(receivers)
    }

    fn count(&self, receivers: usize) -> usize {
        self.published.fetch_add(1, Relaxed);
        self.delivered.fetch_add(receivers as u64, Relaxed);
        receivers
    }

    /// Names that somebody has subscribed to, those that match `pattern` where there is one.
    pub fn active(&self, topic: Topic, pattern: Option<&[u8]>) -> Vec<Box<[u8]>> {
        let names = self.names(topic).read();
        names
            .iter()
            .filter(|(name, _)| pattern.is_none_or(|pattern| glob::matches(pattern, name)))
            .filter(|(_, subscribers)| connected(subscribers).next().is_some())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Subscribers of a name.
    pub fn subscribers(&self, topic: Topic, name: &[u8]) -> usize {
        self.names(topic).read().get(name).map_or(0, |subscribers| connected(subscribers).count())
    }

    /// Lets `see` look at each subscription of a topic: its name and its client.
    pub fn each(&self, topic: Topic, mut see: impl FnMut(&[u8], &Arc<Client>)) {
        for (name, subscribers) in &*self.names(topic).read() {
            subscribers.values().for_each(|client| see(name, client));
        }
    }

    /// Names of a topic that somebody has subscribed to.
    pub fn count_active(&self, topic: Topic) -> usize {
        self.names(topic).read().len()
    }

    /// Bytes that the subscriptions of all clients take, estimated: a name with many subscribers takes less.
    pub fn held_bytes(&self) -> usize {
        self.held_bytes.load(Relaxed)
    }

    /// Messages published and messages delivered since the start.
    pub fn totals(&self) -> (u64, u64) {
        (self.published.load(Relaxed), self.delivered.load(Relaxed))
    }
}

impl Subscriptions {
    /// Of a client that has none yet.
    pub fn new(broker: Arc<Broker>, client: Arc<Client>) -> Self {
        Self { broker, client, names: [HashSet::new(), HashSet::new(), HashSet::new()] }
    }

    /// Subscribes to a name; a second time changes nothing.
    pub fn add(&mut self, topic: Topic, name: &[u8]) {
        if self.names[topic as usize].insert(name.into()) {
            let mut names = self.broker.names(topic).write();
            names.entry(name.into()).or_default().insert(self.client.id, Arc::clone(&self.client));
            self.broker.held_bytes.fetch_add(weight(name), Relaxed);
        }
        self.note(topic);
    }

    /// Gives a subscription up, if there is one.
    pub fn remove(&mut self, topic: Topic, name: &[u8]) {
        if self.names[topic as usize].remove(name) {
            self.leave(topic, name);
        }
        self.note(topic);
    }

    /// The names of a topic, in order.
    pub fn names(&self, topic: Topic) -> Vec<Box<[u8]>> {
        let mut names: Vec<_> = self.names[topic as usize].iter().cloned().collect();
        names.sort();
        names
    }

    /// Names of a topic, as `SUBSCRIBE` counts them: channels and patterns together, shard channels apart.
    pub fn count(&self, topic: Topic) -> usize {
        let of = |topic: Topic| self.names[topic as usize].len();
        if topic == Topic::Shard { of(Topic::Shard) } else { of(Topic::Channel) + of(Topic::Pattern) }
    }

    /// Whether there are any.
    pub fn any(&self) -> bool {
        self.names.iter().any(|names| !names.is_empty())
    }

    /// Gives all up.
    pub fn clear(&mut self) {
        for topic in TOPICS {
            for name in std::mem::take(&mut self.names[topic as usize]) {
                self.leave(topic, &name);
            }
            self.note(topic);
        }
    }

    fn leave(&self, topic: Topic, name: &[u8]) {
        self.broker.held_bytes.fetch_sub(weight(name), Relaxed);
        let mut names = self.broker.names(topic).write();
        if let Some(subscribers) = names.get_mut(name) {
            subscribers.remove(&self.client.id);
            if subscribers.is_empty() {
                names.remove(name);
            }
        }
    }

    fn note(&self, topic: Topic) {
        self.client.subscriptions.0[topic as usize].store(self.names[topic as usize].len(), Relaxed);
    }
}

impl Drop for Subscriptions {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::client::Cut;

    fn client(id: u64) -> Arc<Client> {
        let here = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        Arc::new(Client::new(id, here, here))
    }

    #[test]
    fn a_message_reaches_each_subscription_in_its_clients_protocol() {
        let broker = Arc::new(Broker::default());
        let (old, new) = (client(1), client(2));
        new.set_protocol(Protocol::Resp3);
        let mut first = Subscriptions::new(Arc::clone(&broker), Arc::clone(&old));
        let mut second = Subscriptions::new(Arc::clone(&broker), Arc::clone(&new));
        first.add(Topic::Channel, b"news");
        first.add(Topic::Channel, b"news");
        second.add(Topic::Channel, b"news");
        second.add(Topic::Pattern, b"n*");
        assert_eq!(broker.publish(b"news", b"hi"), 3);
        assert_eq!(old.mailbox.take(), b"*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$2\r\nhi\r\n");
        let both = new.mailbox.take();
        assert!(both.starts_with(b">3\r\n") && both.windows(8).any(|part| part == b"pmessage"));
        assert_eq!(broker.publish(b"other", b"hi"), 0);
        assert_eq!(broker.publish_to_shard(b"news", b"hi"), 0);
        assert_eq!(broker.totals(), (3, 3));
    }

    #[test]
    fn whoever_leaves_is_forgotten() {
        let broker = Arc::new(Broker::default());
        let client = client(1);
        let mut all = Subscriptions::new(Arc::clone(&broker), Arc::clone(&client));
        for topic in TOPICS {
            all.add(topic, b"a");
            all.add(topic, b"b");
            all.remove(topic, b"b");
        }
        assert_eq!((all.count(Topic::Channel), all.count(Topic::Shard)), (2, 1));
        assert_eq!(broker.active(Topic::Channel, Some(b"?")), [Box::from(*b"a")]);
        assert!(client.subscriptions.any());
        assert_eq!(broker.held_bytes(), 3 * weight(b"a"));
        drop(all);
        assert_eq!(broker.held_bytes(), 0);
        assert!(!client.subscriptions.any());
        assert!(TOPICS.iter().all(|topic| broker.count_active(*topic) == 0));
    }

    #[test]
    fn whoever_is_killed_receives_nothing_more() {
        let broker = Arc::new(Broker::default());
        let (dead, alive) = (client(1), client(2));
        let mut first = Subscriptions::new(Arc::clone(&broker), Arc::clone(&dead));
        let mut second = Subscriptions::new(Arc::clone(&broker), Arc::clone(&alive));
        first.add(Topic::Channel, b"news");
        first.add(Topic::Channel, b"own");
        second.add(Topic::Channel, b"news");
        dead.cut(Cut::Killed);
        assert_eq!(broker.publish(b"news", b"hi"), 1);
        assert_eq!((dead.mailbox.waiting_bytes(), alive.mailbox.waiting_bytes() > 0), (0, true));
        assert_eq!(broker.subscribers(Topic::Channel, b"news"), 1);
        assert_eq!(broker.active(Topic::Channel, None), [Box::from(*b"news")]);
    }

    #[test]
    fn whoever_does_not_read_is_cut_off() {
        let broker = Arc::new(Broker::default());
        let client = client(1);
        let mut subscriptions = Subscriptions::new(Arc::clone(&broker), Arc::clone(&client));
        subscriptions.add(Topic::Channel, b"c");
        let payload = vec![0; 1 << 20];
        for _ in 0..40 {
            broker.publish(b"c", &payload);
        }
        assert_eq!(client.is_cut(), Some(Cut::OutputLimit));
    }
}

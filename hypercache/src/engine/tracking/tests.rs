use super::*;
use crate::config::Config;
use crate::engine::client::Registration;
use crate::keyspace::key::HashSeed;
use crate::resp::Protocol;
use crate::resp::frame::Frame;
use crate::resp::frame::FrameLimits;
use crate::resp::frame::decode;

struct World {
    tracking: Arc<Tracking>,
    clients: Arc<Clients>,
    registry: Arc<Registry>,
}

impl World {
    fn new() -> Self {
        let config = Config::default();
        let registry = Arc::new(Registry::new(&config.stores, &config.cache, HashSeed(3)));
        let clients = Arc::<Clients>::default();
        let tracking = Arc::new(Tracking::new(Arc::clone(&registry), Arc::clone(&clients)));
        Self { tracking, clients, registry }
    }

    fn client(&self, protocol: Protocol) -> Registration {
        let here = std::net::SocketAddr::from(([127, 0, 0, 1], 1));
        let registration = self.clients.register(here, here, 100).unwrap();
        registration.client().set_protocol(protocol);
        registration
    }

    fn track(&self, registration: &Registration, mode: Mode, prefixes: &[&str]) -> Tracked {
        let client = registration.client();
        let prefixes: Vec<&[u8]> = prefixes.iter().map(|prefix| prefix.as_bytes()).collect();
        self.tracking.start(client, mode, &prefixes);
        Tracked::new(Arc::clone(&self.tracking), Arc::clone(client))
    }

    fn read(&self, registration: &Registration, keys: &[&str]) {
        self.tracking.remember(registration.client(), keys.iter().map(|key| key.as_bytes()));
    }
}

/// The messages that wait for a client, each as its parts with a blank between them.
fn mail(registration: &Registration) -> Vec<String> {
    let (mut bytes, mut messages) = (registration.client().mailbox.take(), Vec::new());
    while let Some((frame, used)) = decode(&bytes, &FrameLimits::default()).unwrap() {
        messages.push(text(&frame));
        bytes.drain(..used);
    }
    messages
}

fn text(frame: &Frame) -> String {
    match frame {
        Frame::Array(parts) | Frame::Push(parts) => parts.iter().map(text).collect::<Vec<_>>().join(" "),
        Frame::Bulk(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Frame::Integer(number) => number.to_string(),
        Frame::Null => "-".to_owned(),
        other => panic!("{other:?}"),
    }
}

fn changes(keys: &[&str], by: u64) -> Vec<Change> {
    keys.iter().map(|key| (key.as_bytes().into(), by)).collect()
}

#[test]
fn each_reader_is_told_once_of_each_key_it_has_read() {
    let world = World::new();
    let [first, second] = [(); 2].map(|()| world.client(Protocol::Resp3));
    let tracks = [&first, &second].map(|client| world.track(client, Mode::default(), &[]));
    world.read(&first, &["a", "b"]);
    world.read(&second, &["a"]);
    world.read(&second, &["a"]);
    let totals = Totals { clients: 2, keys: 2, items: 3, prefixes: 0 };
    assert_eq!(world.tracking.totals(), totals);
    world.tracking.invalidate(b"a", first.client().id);
    world.tracking.invalidate(b"a", 0);
    assert_eq!(
        (mail(&first), mail(&second)),
        (vec!["invalidate a".to_owned()], vec!["invalidate a".to_owned()])
    );
    world.tracking.invalidate_all();
    assert_eq!((mail(&first).len(), mail(&second)), (1, vec!["invalidate -".to_owned()]));
    assert!(world.registry.interests().now().tracks());
    world.read(&first, &["c"]);
    drop(tracks);
    assert_eq!(world.tracking.totals(), Totals::default());
    assert!(world.registry.interests().now().is_none());
}

#[test]
fn whoever_wants_no_echo_hears_of_others_alone() {
    let world = World::new();
    let client = world.client(Protocol::Resp3);
    let id = client.client().id;
    let _tracked = world.track(&client, Mode { no_loop: true, ..Mode::default() }, &[]);
    world.read(&client, &["a", "b"]);
    world.tracking.invalidate(b"a", id);
    world.tracking.invalidate(b"b", id + 1);
    assert_eq!(mail(&client), ["invalidate b"]);
}

#[test]
fn prefixes_are_told_apart_and_each_change_once() {
    let world = World::new();
    let [all, some, quiet] = [(); 3].map(|()| world.client(Protocol::Resp3));
    let mode = Mode { broadcast: true, ..Mode::default() };
    let _all = world.track(&all, mode, &[]);
    let _some = world.track(&some, mode, &["a:", "b:"]);
    let quiet_tracked = world.track(&quiet, Mode { no_loop: true, ..mode }, &["a:"]);
    assert!(world.tracking.broadcasts());
    let mut changed = changes(&["b:1", "a:2", "c:1", "a:1"], quiet.client().id);
    // The time of one was over afterwards: that is nobody's doing.
    changed.extend(changes(&["a:2"], 0));
    world.tracking.broadcast(&changed);
    assert_eq!(mail(&all), ["invalidate a:1 a:2 b:1 c:1"]);
    assert_eq!(mail(&some), ["invalidate a:1 a:2", "invalidate b:1"]);
    assert_eq!(mail(&quiet), ["invalidate a:2"]);
    assert_eq!(world.tracking.prefixes_of(some.client().id), [Box::from(*b"a:"), Box::from(*b"b:")]);
    assert_eq!(world.tracking.totals().prefixes, 3);
    drop(quiet_tracked);
    assert_eq!(world.tracking.totals().prefixes, 3, "somebody else has the same one");
}

#[test]
fn messages_are_redirected_as_their_receiver_understands_them() {
    let world = World::new();
    let [reader, target] = [Protocol::Resp3, Protocol::Resp2].map(|protocol| world.client(protocol));
    let redirect = target.client().id;
    let _tracked = world.track(&reader, Mode { redirect, ..Mode::default() }, &[]);
    let change = || {
        world.read(&reader, &["a"]);
        world.tracking.invalidate(b"a", 0);
    };
    assert!(target.client().tracking.hears());
    change();
    assert_eq!(mail(&target), Vec::<String>::new(), "it has not subscribed");
    target.client().set_protocol(Protocol::Resp3);
    change();
    assert_eq!(mail(&target), ["invalidate a"]);
    assert!(!reader.client().tracking.broken());
    drop(target);
    change();
    assert_eq!(mail(&reader), [format!("tracking-redir-broken {redirect}")]);
    assert!(reader.client().tracking.broken());
}

#[test]
fn what_is_too_much_is_forgotten_and_told() {
    let world = World::new();
    let client = world.client(Protocol::Resp3);
    let _tracked = world.track(&client, Mode::default(), &[]);
    world.tracking.set_keys_max(3);
    world.read(&client, &["a", "b", "c", "d"]);
    assert_eq!((world.tracking.totals().keys, mail(&client).len()), (3, 1));
    world.tracking.set_keys_max(1);
    assert_eq!((world.tracking.totals().keys, mail(&client).len()), (1, 2));
    world.tracking.set_keys_max(0);
    let many: Vec<String> = (0..5000).map(|n| format!("k{n}")).collect();
    world.read(&client, &many.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(mail(&client).is_empty());
    world.tracking.set_keys_max(10);
    assert_eq!((world.tracking.totals().keys, mail(&client).len()), (10, 4991));
}

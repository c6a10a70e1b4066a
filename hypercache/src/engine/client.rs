//! Who is connected: what other connections and the node see of a client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU16;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use std::time::Instant;

use hashbrown::HashMap;
use parking_lot::Mutex;
use parking_lot::MutexGuard;
use tokio::sync::Notify;

use crate::engine::client_memory::ClientPool;
use crate::engine::client_memory::Holdings;
use crate::engine::mailbox::Mailbox;
use crate::engine::parked::Parked;
use crate::engine::pubsub::SubscriptionCounts;
use crate::engine::tracking::ClientTracking;
use crate::resp::Protocol;
use crate::store::names::CLIENTS;

/// What a client says of itself.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Labels {
    /// `CLIENT SETNAME`.
    pub name: Option<Box<str>>,
    /// `CLIENT SETINFO LIB-NAME`.
    pub library: Option<Box<str>>,
    /// `CLIENT SETINFO LIB-VER`.
    pub library_version: Option<Box<str>>,
}

/// Why a connection is to be closed from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// `CLIENT KILL`.
    Killed,
    /// Nothing came from it for too long.
    Idle,
    /// It let too much pile up that it should have read.
    OutputLimit,
    /// All clients together took too much memory, and it was among the largest.
    Evicted,
}

impl Cut {
    /// All reasons.
    pub const ALL: [Self; 4] = [Self::Killed, Self::Idle, Self::OutputLimit, Self::Evicted];
}

/// A connected client.
#[derive(Debug)]
pub struct Client {
    /// Unique while the node runs, ascending.
    pub id: u64,
    /// Where it connects from.
    pub address: SocketAddr,
    /// Which of our addresses it reached.
    pub local_address: SocketAddr,
    /// When it connected.
    pub since: Instant,
    labels: Mutex<Labels>,
    user: Mutex<Option<Arc<str>>>,
    /// The number that facts about keys know its name by; 0: it has none.
    name_number: AtomicU32,
    active_ms: AtomicU64,
    commands: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    query_bytes: AtomicU64,
    last_command: AtomicU16,
    store: AtomicU16,
    resp3: AtomicBool,
    no_evict: AtomicBool,
    no_touch: AtomicBool,
    monitor: AtomicBool,
    /// What it makes the node hold for it.
    pub holdings: Holdings,
    /// What it shares with the others.
    pub pool: Arc<ClientPool>,
    /// Messages that it has not asked for just now.
    pub mailbox: Mailbox,
    /// How many names it has subscribed to.
    pub subscriptions: SubscriptionCounts,
    /// How it is told of changes to what it has read.
    pub tracking: ClientTracking,
    leaving: AtomicBool,
    cut: AtomicU8,
    /// Commands queued since `MULTI`, plus one; 0 outside of one.
    queued: AtomicUsize,
    watched: AtomicUsize,
    parked: Mutex<Option<Arc<Parked>>>,
    wake: Notify,
}

/// What a connection notes of itself after each batch of commands.
#[derive(Debug, Clone, Copy)]
pub struct Activity {
    /// The command that ran last, by its number.
    pub command: u16,
    /// Commands run.
    pub commands: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received that are no whole command yet; within a command that tells of clients, also its own bytes.
    pub query_bytes: u64,
}

impl Client {
    /// A client that has just connected.
    pub fn new(id: u64, address: SocketAddr, local_address: SocketAddr) -> Self {
        Self {
            id,
            address,
            local_address,
            since: Instant::now(),
            labels: Mutex::default(),
            user: Mutex::default(),
            name_number: AtomicU32::new(0),
            active_ms: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            query_bytes: AtomicU64::new(0),
            last_command: AtomicU16::new(0),
            store: AtomicU16::new(0),
            resp3: AtomicBool::new(false),
            no_evict: AtomicBool::new(false),
            no_touch: AtomicBool::new(false),
            monitor: AtomicBool::new(false),
            holdings: Holdings::default(),
            pool: Arc::default(),
            mailbox: Mailbox::default(),
            subscriptions: SubscriptionCounts::default(),
            tracking: ClientTracking::default(),
            leaving: AtomicBool::new(false),
            cut: AtomicU8::new(0),
            queued: AtomicUsize::new(0),
            watched: AtomicUsize::new(0),
            parked: Mutex::default(),
            wake: Notify::new(),
        }
    }

    /// What it says of itself.
    pub fn labels(&self) -> MutexGuard<'_, Labels> {
        self.labels.lock()
    }

    /// Changes what it calls itself.
    pub fn set_name(&self, name: Option<Box<str>>) {
        self.name_number.store(name.as_deref().map_or(0, |name| CLIENTS.number(name)), Relaxed);
        self.labels.lock().name = name;
    }

    /// The number that facts about keys know its name by; 0: it has none.
    pub fn name_number(&self) -> u32 {
        self.name_number.load(Relaxed)
    }

    /// Who it has authenticated as; none: it has not.
    pub fn user(&self) -> Option<Arc<str>> {
        self.user.lock().clone()
    }

    /// Notes who it has authenticated as.
    pub fn set_user(&self, user: Option<Arc<str>>) {
        *self.user.lock() = user;
    }

    /// Notes what a batch did. Only the connection's own thread calls this.
    pub fn note(&self, activity: Activity) {
        let add = |counter: &AtomicU64, more: u64| counter.store(counter.load(Relaxed) + more, Relaxed);
        self.active_ms.store(u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
        self.last_command.store(activity.command, Relaxed);
        self.query_bytes.store(activity.query_bytes, Relaxed);
        add(&self.commands, activity.commands);
        add(&self.bytes_in, activity.bytes_in);
        add(&self.bytes_out, activity.bytes_out);
    }

    /// Notes the input at hand, the command under way included, for those who ask about it from within.
    pub fn note_query_bytes(&self, bytes: usize) {
        self.query_bytes.store(bytes as u64, Relaxed);
    }

    /// Notes the command under way, for those who ask about it from within.
    pub fn note_command(&self, command: u16) {
        self.active_ms.store(u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX), Relaxed);
        self.last_command.store(command, Relaxed);
    }

    /// Number of the command that ran last.
    pub fn last_command(&self) -> u16 {
        self.last_command.load(Relaxed)
    }

    /// Time since it was last heard of.
    pub fn idle(&self) -> Duration {
        self.since.elapsed().saturating_sub(Duration::from_millis(self.active_ms.load(Relaxed)))
    }

    /// Bytes received, bytes sent, commands run, and bytes received that are no whole command yet.
    pub fn traffic(&self) -> Activity {
        Activity {
            command: self.last_command(),
            commands: self.commands.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
            query_bytes: self.query_bytes.load(Relaxed),
        }
    }

    /// The store it has selected.
    pub fn store(&self) -> usize {
        self.store.load(Relaxed).into()
    }

    /// Notes the store that it has selected.
    pub fn set_store(&self, store: usize) {
        self.store.store(u16::try_from(store).unwrap_or(u16::MAX), Relaxed);
    }

    /// The protocol it speaks.
    pub fn protocol(&self) -> Protocol {
        if self.resp3.load(Relaxed) { Protocol::Resp3 } else { Protocol::Resp2 }
    }

    /// Notes the protocol it speaks.
    pub fn set_protocol(&self, protocol: Protocol) {
        self.resp3.store(protocol == Protocol::Resp3, Relaxed);
    }

    /// Whether it is exempt from client eviction.
    pub fn no_evict(&self) -> bool {
        self.no_evict.load(Relaxed)
    }

    /// Exempts it from client eviction, or not.
    pub fn set_no_evict(&self, on: bool) {
        self.no_evict.store(on, Relaxed);
    }

    /// Whether its reads leave no trace in the access order.
    pub fn no_touch(&self) -> bool {
        self.no_touch.load(Relaxed)
    }

    /// Lets its reads leave no trace in the access order, or not.
    pub fn set_no_touch(&self, on: bool) {
        self.no_touch.store(on, Relaxed);
    }

    /// Whether it is shown all commands.
    pub fn is_monitor(&self) -> bool {
        self.monitor.load(Relaxed)
    }

    /// Notes whether it is shown all commands.
    pub fn set_monitor(&self, on: bool) {
        self.monitor.store(on, Relaxed);
    }

    /// Notes how many commands it has queued since `MULTI`, and how many keys it watches.
    pub fn note_transaction(&self, queued: Option<usize>, watched: usize) {
        self.queued.store(queued.map_or(0, |queued| queued + 1), Relaxed);
        self.watched.store(watched, Relaxed);
    }

    /// Commands queued since `MULTI`, if it is in one, and keys that it watches.
    pub fn transaction(&self) -> (Option<usize>, usize) {
        (self.queued.load(Relaxed).checked_sub(1), self.watched.load(Relaxed))
    }

    /// Notes the request whose reply it waits for, or that it waits for none.
    pub fn set_parked(&self, parked: Option<Arc<Parked>>) {
        *self.parked.lock() = parked;
    }

    /// The request whose reply it waits for, if it does.
    pub fn parked(&self) -> Option<Arc<Parked>> {
        self.parked.lock().clone()
    }

    /// Notes that it has said goodbye: what is sent to it from here on may not reach it.
    pub fn leave(&self) {
        self.leaving.store(true, Relaxed);
    }

    /// Whether it has said goodbye.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Relaxed)
    }

    /// Has its connection listen for messages that are redirected to it from others.
    pub fn listen_for_others(&self) {
        if !self.tracking.is_target() {
            self.tracking.set_target();
            self.wake.notify_waiters();
        }
    }

    /// Waits until messages may be redirected to it.
    pub async fn until_target(&self) {
        loop {
            // Made before the look, so that nothing in between is missed.
            let woken = self.wake.notified();
            if self.tracking.is_target() {
                return;
            }
            woken.await;
        }
    }

    /// Has its connection closed; the first reason holds.
    pub fn cut(&self, why: Cut) {
        // An error says that there is a reason already.
        if self.cut.compare_exchange(0, why as u8 + 1, Relaxed, Relaxed).is_ok() {
            self.pool.count_cut(why);
        }
        // All who wait: a connection may have begun to wait in one place and go on to wait in another.
        self.wake.notify_waiters();
    }

    /// Why its connection is to be closed, if it is.
    pub fn is_cut(&self) -> Option<Cut> {
        let stored = usize::from(self.cut.load(Relaxed));
        stored.checked_sub(1).and_then(|index| Cut::ALL.get(index).copied())
    }

    /// Waits until its connection is to be closed; why.
    pub async fn until_cut(&self) -> Cut {
        loop {
            // Made before the look, so that nothing in between is missed.
            let woken = self.wake.notified();
            if let Some(why) = self.is_cut() {
                return why;
            }
            woken.await;
        }
    }
}

/// All connected clients.
#[derive(Debug, Default)]
pub struct Clients {
    last_id: AtomicU64,
    admitted: AtomicU64,
    refused: AtomicU64,
    connected: Mutex<HashMap<u64, Arc<Client>>>,
    pool: Arc<ClientPool>,
}

/// A client's place among the connected; given up when dropped.
#[derive(Debug)]
pub struct Registration {
    clients: Arc<Clients>,
    client: Arc<Client>,
}

impl Clients {
    /// An id that no client has had.
    pub fn next_id(&self) -> u64 {
        self.last_id.fetch_add(1, Relaxed) + 1
    }

    /// Registers a client, unless there are `limit` already.
    pub fn register(
        self: &Arc<Self>,
        address: SocketAddr,
        local: SocketAddr,
        limit: usize,
    ) -> Option<Registration> {
        let mut connected = self.connected.lock();
        if connected.len() >= limit {
            self.refused.fetch_add(1, Relaxed);
            return None;
        }
        self.admitted.fetch_add(1, Relaxed);
        let mut client = Client::new(self.next_id(), address, local);
        client.pool = Arc::clone(&self.pool);
        client.account();
        let client = Arc::new(client);
        connected.insert(client.id, Arc::clone(&client));
        Some(Registration { clients: Arc::clone(self), client })
    }

    /// What they share.
    pub fn pool(&self) -> &ClientPool {
        &self.pool
    }

    /// Cuts off the largest until all together are within their limit again; how many.
    pub fn evict(&self) -> usize {
        if self.pool.excess_bytes() == 0 {
            return 0;
        }
        let connected = self.connected.lock();
        let mut all: Vec<_> = connected.values().map(|client| (client.memory().total, client)).collect();
        // Who is being closed already gives its memory back without being told again.
        let going: usize =
            all.iter().filter(|(_, client)| client.is_cut().is_some()).map(|(bytes, _)| bytes).sum();
        let mut excess = self.pool.excess_bytes().saturating_sub(going);
        all.retain(|(_, client)| client.is_cut().is_none() && !client.no_evict());
        all.sort_unstable_by_key(|(bytes, client)| (std::cmp::Reverse(*bytes), client.id));
        let mut evicted = 0;
        for (bytes, client) in all {
            if excess == 0 {
                break;
            }
            client.cut(Cut::Evicted);
            excess = excess.saturating_sub(bytes);
            evicted += 1;
        }
        evicted
    }

    /// How many were registered since the start.
    pub fn admitted(&self) -> u64 {
        self.admitted.load(Relaxed)
    }

    /// How many were turned away since the start because there were too many.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    /// How many are connected.
    pub fn len(&self) -> usize {
        self.connected.lock().len()
    }

    /// Whether nobody is connected.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Those connected now, by id. Whoever is being closed is gone for everybody else.
    pub fn all(&self) -> Vec<Arc<Client>> {
        let mut all: Vec<_> =
            self.connected.lock().values().filter(|client| client.is_cut().is_none()).cloned().collect();
        all.sort_unstable_by_key(|client| client.id);
        all
    }

    /// The client with this id, unless it is being closed.
    pub fn get(&self, id: u64) -> Option<Arc<Client>> {
        self.connected.lock().get(&id).filter(|client| client.is_cut().is_none()).cloned()
    }
}

impl Registration {
    /// The client.
    pub fn client(&self) -> &Arc<Client> {
        &self.client
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.clients.connected.lock().remove(&self.client.id);
        self.client.leave_pool();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_ends_with_its_holder_and_the_limit_holds() {
        let clients = Arc::new(Clients::default());
        let here = SocketAddr::from(([127, 0, 0, 1], 1));
        let first = clients.register(here, here, 2).unwrap();
        let second = clients.register(here, here, 2).unwrap();
        assert!(clients.register(here, here, 2).is_none());
        assert_eq!(clients.all().iter().map(|client| client.id).collect::<Vec<_>>(), [1, 2]);
        drop(first);
        assert_eq!((clients.len(), clients.get(1).is_none()), (1, true));
        assert_eq!(clients.register(here, here, 2).unwrap().client().id, 3);
        drop(second);
        assert!(clients.is_empty());
        assert_eq!((clients.admitted(), clients.refused()), (3, 1));
    }

    #[test]
    fn who_is_being_closed_is_no_longer_seen_but_keeps_its_place() {
        let clients = Arc::new(Clients::default());
        let here = SocketAddr::from(([127, 0, 0, 1], 1));
        let victim = clients.register(here, here, 1).unwrap();
        victim.client().cut(Cut::Killed);
        assert_eq!((clients.all().len(), clients.get(1).is_none(), clients.len()), (0, true, 1));
        assert!(clients.register(here, here, 1).is_none());
    }

    #[tokio::test]
    async fn a_kill_reaches_a_connection_that_is_not_waiting_yet() {
        let here = SocketAddr::from(([127, 0, 0, 1], 1));
        let client = Client::new(1, here, here);
        client.cut(Cut::Idle);
        client.cut(Cut::Killed);
        assert_eq!(client.until_cut().await, Cut::Idle);
    }

    #[tokio::test]
    async fn a_cut_reaches_all_who_wait_for_it() {
        let here = SocketAddr::from(([127, 0, 0, 1], 1));
        let client = Client::new(1, here, here);
        let mut first = std::pin::pin!(client.until_cut());
        let mut second = std::pin::pin!(client.until_cut());
        tokio::select! {
            biased;
            _ = &mut first => panic!("nobody has cut it"),
            _ = &mut second => panic!("nobody has cut it"),
            () = std::future::ready(()) => {}
        }
        client.cut(Cut::Killed);
        // Whoever is asked last is told as well, although the first one is not asked again.
        assert_eq!(second.await, Cut::Killed);
    }
}

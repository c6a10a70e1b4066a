//! What clients have begun that their user may not do any more.

use std::sync::Arc;

use crate::engine::client::Client;
use crate::engine::client::Clients;
use crate::engine::pubsub::Broker;
use crate::engine::pubsub::TOPICS;
use crate::engine::pubsub::Topic;
use crate::security::acl::Account;
use crate::security::acl::User;
use crate::security::acl::access;
use crate::security::acl::access::channel_is_among;
use crate::security::authenticator::Denied;

/// Subscribers that are the user of this name and hear what the rules after a change do not allow.
pub fn subscribers(name: &str, before: &Account, after: &Account, broker: &Broker) -> Vec<Arc<Client>> {
    if after.selectors().iter().any(|selector| selector.channels().is_none()) {
        return Vec::new();
    }
    let patterns = |account: &Account| -> Vec<Box<[u8]>> {
        account.selectors().iter().filter_map(|selector| selector.channels()).flatten().cloned().collect()
    };
    let allowed = patterns(after);
    let had_all = before.selectors().iter().any(|selector| selector.channels().is_none());
    if !had_all && patterns(before).iter().all(|pattern| allowed.contains(pattern)) {
        return Vec::new();
    }
    let mut found: Vec<Arc<Client>> = Vec::new();
    for topic in TOPICS {
        broker.each(topic, |channel, client| {
            if client.user().as_deref() == Some(name)
                && !channel_is_among(&allowed, channel, topic == Topic::Pattern)
            {
                found.push(Arc::clone(client));
            }
        });
    }
    found
}

/// Ends the commands by which clients of this user wait for keys, where the rules do not allow them any more. Redis notices
/// it only when the keys come.
pub fn end_waiting(user: &User, clients: &Clients) {
    let name = user.identity.name();
    for client in clients.all().into_iter().filter(|client| client.user().as_ref() == Some(name)) {
        let Some(parked) = client.parked() else { continue };
        let call = parked.call();
        if let Err(denial) = access::check(&user.account, call.command, call.args) {
            parked.refuse(&Denied::Rules(denial).reply(name, call.command));
        }
    }
}

//! The messages of tracking, in the forms that their receivers understand.

use std::sync::Arc;

use crate::engine::client::Client;
use crate::engine::client::Clients;
use crate::resp::Protocol;
use crate::resp::ReplyWriter;

/// What no longer holds.
#[derive(Clone, Copy)]
pub enum Invalid<'a> {
    /// These keys.
    Keys(&'a [&'a [u8]]),
    /// Everything.
    All,
}

/// Tells `tracker`, or whom its messages are redirected to, what no longer holds. A client of RESP2 can be told only where
/// it is redirected to and has subscribed; nobody is told where that is not so.
pub fn send(clients: &Clients, tracker: &Arc<Client>, redirect: u64, invalid: Invalid<'_>) {
    if redirect == 0 {
        if tracker.protocol() == Protocol::Resp3 {
            post(tracker, &pushed(invalid));
        }
        return;
    }
    match clients.get(redirect).filter(|target| !target.is_leaving()) {
        None => {
            tracker.tracking.set_broken();
            if tracker.protocol() == Protocol::Resp3 {
                post(tracker, &broken(redirect));
            }
        }
        Some(target) if target.protocol() == Protocol::Resp3 => post(&target, &pushed(invalid)),
        Some(target) if target.subscriptions.any() => post(&target, &published(invalid)),
        Some(_) => {}
    }
}

fn post(client: &Client, message: &[u8]) {
    client.deliver(message);
}

fn write(message: &mut ReplyWriter, invalid: Invalid<'_>) {
    match invalid {
        Invalid::All => message.null(),
        Invalid::Keys(keys) => {
            message.array(keys.len());
            keys.iter().for_each(|key| message.bulk(key));
        }
    }
}

fn pushed(invalid: Invalid<'_>) -> Vec<u8> {
    let mut message = ReplyWriter::new(Protocol::Resp3);
    message.push(2);
    message.bulk("invalidate");
    write(&mut message, invalid);
    message.take()
}

/// As a message of publish and subscribe, on a channel that nobody has to have subscribed to.
fn published(invalid: Invalid<'_>) -> Vec<u8> {
    let mut message = ReplyWriter::new(Protocol::Resp2);
    message.array(3);
    message.bulk("message");
    message.bulk("__redis__:invalidate");
    write(&mut message, invalid);
    message.take()
}

fn broken(redirect: u64) -> Vec<u8> {
    let mut message = ReplyWriter::new(Protocol::Resp3);
    message.push(2);
    message.bulk("tracking-redir-broken");
    message.integer(i64::try_from(redirect).unwrap_or(i64::MAX));
    message.take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_redis_forms() {
        let keys: &[&[u8]] = &[b"a", b"bc"];
        assert_eq!(pushed(Invalid::Keys(keys)), b">2\r\n$10\r\ninvalidate\r\n*2\r\n$1\r\na\r\n$2\r\nbc\r\n");
        assert_eq!(pushed(Invalid::All), b">2\r\n$10\r\ninvalidate\r\n_\r\n");
        assert_eq!(published(Invalid::All), b"*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n");
        assert_eq!(broken(7), b">2\r\n$21\r\ntracking-redir-broken\r\n:7\r\n");
    }
}

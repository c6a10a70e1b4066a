//! Messages to a client that it has not asked for just now: what others publish.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Bytes that may wait for a client that does not read; Redis's hard limit for subscribers.
pub const WAITING_BYTES_MAX: usize = 32 << 20;

/// A client's mailbox: anybody posts, its own connection takes.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Vec<u8>>,
    bytes: AtomicUsize,
    posted: Notify,
}

impl Mailbox {
    /// Leaves a message, in the protocol that the client speaks. `false`: there is too much already.
    pub fn post(&self, message: &[u8]) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.len() + message.len() > WAITING_BYTES_MAX {
            return false;
        }
        waiting.extend_from_slice(message);
        self.bytes.store(waiting.len(), Relaxed);
        drop(waiting);
        self.posted.notify_one();
        true
    }

    /// Takes all that waits.
    pub fn take(&self) -> Vec<u8> {
        self.bytes.store(0, Relaxed);
        std::mem::take(&mut *self.waiting.lock())
    }

    /// Bytes that wait; takes no lock.
    pub fn waiting_bytes(&self) -> usize {
        self.bytes.load(Relaxed)
    }

    /// Waits until something is there.
    pub async fn filled(&self) {
        while self.waiting_bytes() == 0 {
            self.posted.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_posted_is_taken_once_and_within_the_limit() {
        let mailbox = Mailbox::default();
        assert!(mailbox.post(b"a") && mailbox.post(b"b"));
        mailbox.filled().await;
        assert_eq!((mailbox.take(), mailbox.take()), (b"ab".to_vec(), Vec::new()));
        assert!(mailbox.post(&vec![0; WAITING_BYTES_MAX]));
        assert!(!mailbox.post(b"x"));
        assert_eq!(mailbox.waiting_bytes(), WAITING_BYTES_MAX);
    }
}

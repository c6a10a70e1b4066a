//! Messages to a client that it has not asked for just now: what others publish.

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// A client's mailbox: anybody posts, its own connection takes. How much may wait is the client's concern.
#[derive(Debug, Default)]
pub struct Mailbox {
    waiting: Mutex<Vec<u8>>,
    bytes: AtomicUsize,
    posted: Notify,
}

impl Mailbox {
    /// Leaves a message, in the protocol that the client speaks.
    pub fn post(&self, message: &[u8]) {
        let mut waiting = self.waiting.lock();
        waiting.extend_from_slice(message);
        self.bytes.store(waiting.len(), Relaxed);
        drop(waiting);
        self.posted.notify_one();
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
    async fn what_is_posted_is_taken_once() {
        let mailbox = Mailbox::default();
        mailbox.post(b"a");
        mailbox.post(b"b");
        mailbox.filled().await;
        assert_eq!(mailbox.waiting_bytes(), 2);
        assert_eq!((mailbox.take(), mailbox.take()), (b"ab".to_vec(), Vec::new()));
    }
}

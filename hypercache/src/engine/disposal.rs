//! Frees what commands have taken out of the stores, on a thread of its own: giving back millions of entries takes longer
//! than any client should wait.

use std::io;
use std::sync::mpsc;

use crate::command::context::Garbage;

/// The way to the thread.
#[derive(Debug, Clone)]
pub struct Disposal {
    thread: mpsc::Sender<Garbage>,
}

impl Disposal {
    /// Starts the thread; it ends when the last sender is gone and all is freed.
    pub fn start() -> io::Result<Self> {
        // Without a bound: what waits here is memory that is in use already, and waiting would only keep it longer.
        let (thread, garbage) = mpsc::channel();
        std::thread::Builder::new()
            .name("disposal".to_owned())
            .spawn(move || garbage.into_iter().for_each(drop::<Garbage>))?;
        Ok(Self { thread })
    }

    /// Has `garbage` freed elsewhere.
    pub fn discard(&self, garbage: Garbage) {
        if !garbage.is_empty() {
            // Without the thread it is freed here: slower, but nothing is lost.
            drop(self.thread.send(garbage));
        }
    }
}

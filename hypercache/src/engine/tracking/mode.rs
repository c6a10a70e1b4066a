//! How a client wants to be told of changes to what it has read.

use std::sync::atomic::AtomicU8;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What `CLIENT TRACKING ON` was given.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Id of the client that hears it instead; 0: itself.
    pub redirect: u64,
    /// `BCAST`: of all keys with certain prefixes, read or not.
    pub broadcast: bool,
    /// `OPTIN`: only of what is read after `CLIENT CACHING YES`.
    pub opt_in: bool,
    /// `OPTOUT`: of all that is read but after `CLIENT CACHING NO`.
    pub opt_out: bool,
    /// `NOLOOP`: not of what it changes itself.
    pub no_loop: bool,
}

const ON: u8 = 1;
const BROADCAST: u8 = 1 << 1;
const OPT_IN: u8 = 1 << 2;
const OPT_OUT: u8 = 1 << 3;
const NO_LOOP: u8 = 1 << 4;
const CACHING: u8 = 1 << 5;
const BROKEN: u8 = 1 << 6;
const TARGET: u8 = 1 << 7;

/// A client's mode, for everybody to read; only `Tracking` and the client's own connection change it.
#[derive(Debug, Default)]
pub struct ClientTracking {
    flags: AtomicU8,
    redirect: AtomicU64,
}

impl ClientTracking {
    fn has(&self, flag: u8) -> bool {
        self.flags.load(Relaxed) & flag != 0
    }

    fn change(&self, flag: u8, on: bool) {
        if on {
            self.flags.fetch_or(flag, Relaxed);
        } else {
            self.flags.fetch_and(!flag, Relaxed);
        }
    }

    /// The mode; none where the client does not track.
    pub fn mode(&self) -> Option<Mode> {
        self.has(ON).then(|| Mode {
            redirect: self.redirect.load(Relaxed),
            broadcast: self.has(BROADCAST),
            opt_in: self.has(OPT_IN),
            opt_out: self.has(OPT_OUT),
            no_loop: self.has(NO_LOOP),
        })
    }

    /// Whether what the client reads now is to be remembered.
    pub fn remembers(&self) -> bool {
        let flags = self.flags.load(Relaxed);
        let chosen = |flag: u8| flags & flag != 0;
        // `CLIENT CACHING` means the opposite of what the mode does by itself.
        let wanted = if chosen(OPT_IN) { chosen(CACHING) } else { !chosen(OPT_OUT) || !chosen(CACHING) };
        chosen(ON) && !chosen(BROADCAST) && wanted
    }

    /// Whether messages may come to it: it tracks, or another client's messages are redirected to it.
    pub fn hears(&self) -> bool {
        self.has(ON | TARGET)
    }

    /// Whether `CLIENT CACHING` holds for the next command.
    pub fn caching(&self) -> bool {
        self.has(CACHING)
    }

    /// Notes `CLIENT CACHING`, or that it no longer holds.
    pub fn set_caching(&self, on: bool) {
        if self.has(CACHING) != on {
            self.change(CACHING, on);
        }
    }

    /// Whether the client that its messages are redirected to has gone.
    pub fn broken(&self) -> bool {
        self.has(BROKEN)
    }

    pub(super) fn set_broken(&self) {
        self.change(BROKEN, true);
    }

    /// Whether another client's messages are redirected to it.
    pub fn is_target(&self) -> bool {
        self.has(TARGET)
    }

    pub(in crate::engine) fn set_target(&self) {
        self.change(TARGET, true);
    }

    /// Changes the mode; none ends the tracking.
    pub(super) fn set(&self, mode: Option<Mode>) {
        let kept = self.flags.load(Relaxed) & TARGET;
        let Some(mode) = mode else {
            self.flags.store(kept, Relaxed);
            return;
        };
        self.redirect.store(mode.redirect, Relaxed);
        let caching = self.flags.load(Relaxed) & CACHING;
        let chosen = [
            (mode.broadcast, BROADCAST),
            (mode.opt_in, OPT_IN),
            (mode.opt_out, OPT_OUT),
            (mode.no_loop, NO_LOOP),
        ];
        let flags =
            chosen.into_iter().filter(|(chosen, _)| *chosen).fold(ON, |flags, (_, flag)| flags | flag);
        self.flags.store(flags | caching | kept, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_depends_on_the_mode() {
        let tracking = ClientTracking::default();
        assert!(!tracking.remembers() && tracking.mode().is_none());
        let plain = Mode { redirect: 7, no_loop: true, ..Mode::default() };
        tracking.set(Some(plain));
        assert!(tracking.remembers());
        assert_eq!(tracking.mode(), Some(plain));
        tracking.set(Some(Mode { broadcast: true, ..Mode::default() }));
        assert!(!tracking.remembers());
        tracking.set(Some(Mode { opt_in: true, ..Mode::default() }));
        assert!(!tracking.remembers());
        tracking.set_caching(true);
        assert!(tracking.remembers());
        tracking.set(None);
        assert!(!tracking.caching());
        tracking.set(Some(Mode { opt_out: true, ..Mode::default() }));
        assert!(tracking.remembers());
        tracking.set_caching(true);
        assert!(!tracking.remembers());
    }
}

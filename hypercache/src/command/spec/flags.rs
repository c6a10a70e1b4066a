//! What a command may do and what it needs.

/// What a command may do and what it needs, as a set of bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flags(u32);

impl Flags {
    /// None.
    pub(super) const NONE: Self = Self(0);
    /// Reads data and changes none.
    pub const READONLY: Self = Self(1);
    /// May change data.
    pub const WRITE: Self = Self(1 << 1);
    /// May need more memory: refused where there is none.
    pub const DENYOOM: Self = Self(1 << 2);
    /// Constant or logarithmic time.
    pub const FAST: Self = Self(1 << 3);
    /// For administrators.
    pub const ADMIN: Self = Self(1 << 4);
    /// Allowed while data is loading.
    pub const LOADING: Self = Self(1 << 5);
    /// Allowed on a replica with stale data.
    pub const STALE: Self = Self(1 << 6);
    /// Not for scripts.
    pub const NOSCRIPT: Self = Self(1 << 7);
    /// Allowed before authentication.
    pub const NO_AUTH: Self = Self(1 << 8);
    /// Part of publish and subscribe.
    pub const PUBSUB: Self = Self(1 << 9);
    /// May block its client.
    pub const BLOCKING: Self = Self(1 << 10);
    /// Which keys it touches cannot be told from positions alone.
    pub const MOVABLEKEYS: Self = Self(1 << 11);
    /// Not shown to `MONITOR`.
    pub const SKIP_MONITOR: Self = Self(1 << 12);
    /// Not inside `MULTI`.
    pub const NO_MULTI: Self = Self(1 << 13);

    /// Reads, and may yet change how what it read is kept.
    pub const MAY_REPLICATE: Self = Self(1 << 15);

    /// Allowed in RESP2 for a client that has subscribed.
    pub const SUBSCRIBED: Self = Self(1 << 14);

    /// Left out of the log of slow commands.
    pub const SKIP_SLOWLOG: Self = Self(1 << 20);

    /// Only where the configuration lets it.
    pub const PROTECTED: Self = Self(1 << 21);
    /// Runs also while a script runs for too long.
    pub const ALLOW_BUSY: Self = Self(1 << 16);

    /// What is in here and not in `other`.
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in here.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Redis's names of the flags that are set, in Redis's order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        const NAMES: [(Flags, &str); 17] = [
            (Flags::WRITE, "write"),
            (Flags::READONLY, "readonly"),
            (Flags::DENYOOM, "denyoom"),
            (Flags::ADMIN, "admin"),
            (Flags::PUBSUB, "pubsub"),
            (Flags::NOSCRIPT, "noscript"),
            (Flags::BLOCKING, "blocking"),
            (Flags::LOADING, "loading"),
            (Flags::STALE, "stale"),
            (Flags::SKIP_MONITOR, "skip_monitor"),
            (Flags::SKIP_SLOWLOG, "skip_slowlog"),
            (Flags::FAST, "fast"),
            (Flags::NO_AUTH, "no_auth"),
            (Flags::MAY_REPLICATE, "may_replicate"),
            (Flags::MOVABLEKEYS, "movablekeys"),
            (Flags::NO_MULTI, "no_multi"),
            (Flags::ALLOW_BUSY, "allow_busy"),
        ];
        NAMES.into_iter().filter(move |(flag, _)| self.has(*flag)).map(|(_, name)| name)
    }
}

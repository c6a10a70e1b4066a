//! Facts worth telling. The rest of the program says what happened; how it is told is decided here.

use crate::telemetry::line::Stream;
use std::net::SocketAddr;
use tracing::Value;
use tracing::field::DisplayValue;

/// What the catalogue says about an event.
#[derive(Debug, Clone, Copy)]
pub struct EventInfo {
    /// `subject.past_participle`; the line's `event.action` is the same with dashes.
    pub name: &'static str,
    /// Upper-case level.
    pub level: &'static str,
    /// The stream it goes to.
    pub stream: Stream,
    /// `event.category`.
    pub category: &'static [&'static str],
    /// `event.type`.
    pub kind: &'static [&'static str],
    /// `event.outcome`: success, failure or unknown.
    pub outcome: &'static str,
    /// The message of its line.
    pub message: &'static str,
    /// ECS names of its fields, each with its JSON type: string, integer, float, boolean or address.
    pub fields: &'static [(&'static str, &'static str)],
}

/// A fact worth telling. `emit` is the only call the rest of the code makes.
pub trait Event {
    /// What the catalogue says about it.
    const INFO: EventInfo;
    /// One structured line; inside a kept span it is also an event of the span.
    fn log(&self);
    /// Moves the metrics this fact is about; some facts move none.
    fn measure(&self) {}
    /// Measures and logs.
    fn emit(&self) {
        self.measure();
        self.log();
    }
}

/// A type that a field of an event may have: one JSON type for ever, and no allocation before a line is wanted.
pub trait EventField {
    /// The JSON type.
    const TYPE: &'static str;
    /// The value as `tracing` takes it.
    fn value(&self) -> impl Value + '_;
}

macro_rules! integer_fields {
    ($($type:ty)*) => { $(
        impl EventField for $type {
            const TYPE: &'static str = "integer";
            fn value(&self) -> impl Value + '_ {
                *self
            }
        }
    )* };
}
integer_fields!(u8 u16 u32 u64 usize i64);

impl EventField for f64 {
    const TYPE: &'static str = "float";
    fn value(&self) -> impl Value + '_ {
        *self
    }
}

impl EventField for bool {
    const TYPE: &'static str = "boolean";
    fn value(&self) -> impl Value + '_ {
        *self
    }
}

impl EventField for &str {
    const TYPE: &'static str = "string";
    fn value(&self) -> impl Value + '_ {
        *self
    }
}

/// An address field gives two in the line: the host under its own name, the port beside it.
impl EventField for SocketAddr {
    const TYPE: &'static str = "address";
    fn value(&self) -> impl Value + '_ {
        let shown: DisplayValue<SocketAddr> = tracing::field::display(*self);
        shown
    }
}

/// A field that is left out of the line when there is nothing to say.
impl<T: EventField> EventField for Option<T> {
    const TYPE: &'static str = T::TYPE;
    fn value(&self) -> impl Value + '_ {
        self.as_ref().map(EventField::value)
    }
}

/// Declares events as plain structs: level, stream, categories, types, outcome, name, message, then the fields with
/// their ECS names, then what it measures.
macro_rules! events {
    ($(
        $(#[$doc:meta])*
        $level:ident $stream:ident [$($category:literal)*] [$($kind:literal)*] $outcome:ident $name:literal $message:literal
        $event:ident $(<$life:lifetime>)? { $($(#[$field_doc:meta])* $field:ident: $type:ty as $key:literal),* $(,)? }
        $(=> |$this:ident| $measure:expr)? ;
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Debug)]
            pub struct $event $(<$life>)? { $($(#[$field_doc])* pub $field: $type),* }

            impl $(<$life>)? $crate::telemetry::event::Event for $event $(<$life>)? {
                const INFO: $crate::telemetry::event::EventInfo = $crate::telemetry::event::EventInfo {
                    name: $name,
                    level: stringify!($level),
                    stream: $crate::telemetry::line::Stream::$stream,
                    category: &[$($category),*],
                    kind: &[$($kind),*],
                    outcome: stringify!($outcome),
                    message: $message,
                    fields: &[$(($key, <$type as $crate::telemetry::event::EventField>::TYPE)),*],
                };
                fn log(&self) {
                    ::tracing::event!(
                        name: $name,
                        target: $crate::telemetry::line::Stream::$stream.target(),
                        ::tracing::Level::$level,
                        $($key = $crate::telemetry::event::EventField::value(&self.$field),)*
                        $message
                    );
                }
                $(fn measure(&self) { let $this = self; $measure })?
            }
        )*
        /// Every event of this file.
        pub const CATALOGUE: &[$crate::telemetry::event::EventInfo] =
            &[$(<$event as $crate::telemetry::event::Event>::INFO),*];
    };
}
pub(super) use events;

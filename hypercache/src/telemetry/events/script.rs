//! What scripts say, and what they do to everybody else.

use crate::telemetry::event::events;

events! {
    /// A script wrote to the log at the level of a detail.
    DEBUG Node ["database"] ["info"] unknown "script.logged_detail" "script says"
    ScriptLoggedDetail<'a> {
        /// Its words.
        text: &'a str as "hypercache.script.text",
    };

    /// A script wrote to the log.
    INFO Node ["database"] ["info"] unknown "script.logged" "script says"
    ScriptLogged<'a> {
        /// Its words.
        text: &'a str as "hypercache.script.text",
    };

    /// A script wrote a warning to the log.
    WARN Node ["database"] ["info"] unknown "script.warned" "script warns"
    ScriptWarned<'a> {
        /// Its words.
        text: &'a str as "hypercache.script.text",
    };

    /// A script has run for longer than the others are made to wait; until it ends they are told that the node is busy.
    WARN Node ["database"] ["info"] failure "script.overdue" "script runs for too long"
    ScriptOverdue<'a> {
        /// The script's digest, or the function's name.
        script: &'a str as "hypercache.script.name",
        /// How long it had run then.
        duration_ns: u64 as "event.duration",
    };
}

//! Why a rule is not taken.

/// What is wrong with a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is no rule, or its pattern holds a blank.
    Syntax,
    /// There is no such command or category.
    UnknownCommand,
    /// A pattern of keys where all keys are allowed already.
    KeysAfterAll,
    /// A pattern of channels where all channels are allowed already.
    ChannelsAfterAll,
    /// The password that is to go is not there.
    NoSuchPassword,
    /// No SHA-256 in lower-case hexadecimal digits.
    BadHash,
    /// A first argument of what is a subcommand already.
    FirstArgumentOfSubcommand,
}

impl Fault {
    /// Redis's words for it.
    pub fn text(self) -> &'static str {
        match self {
            Self::Syntax => "Syntax error",
            Self::UnknownCommand => "Unknown command or category name in ACL",
            Self::KeysAfterAll => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any \
                 effect. Try 'resetkeys' to start with an empty list of patterns"
            }
            Self::ChannelsAfterAll => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have \
                 any effect. Try 'resetchannels' to start with an empty list of channels"
            }
            Self::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            Self::BadHash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            Self::FirstArgumentOfSubcommand => "Allowing first-arg of a subcommand is not supported",
        }
    }
}

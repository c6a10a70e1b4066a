//! The command line: flags of a node, and two commands beside it.

mod check_config;
mod healthcheck;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::Parser;
use clap::Subcommand;

use crate::config::Overrides;
use crate::config::units::HumanDuration;

pub use check_config::check_config;
pub use healthcheck::healthcheck;

/// What the command line asks for.
#[derive(Debug, Clone)]
pub enum Invocation {
    /// Run a node with what the flags say.
    Run(Overrides),
    /// Check a configuration file.
    CheckConfig {
        /// The file.
        file: PathBuf,
        /// Whether to print what it comes to.
        print: bool,
    },
    /// Ask a running node how it is.
    Healthcheck {
        /// Where to ask; none: where the configuration says the node serves HTTP.
        url: Option<String>,
        /// How long to wait for the whole answer.
        timeout: Duration,
    },
}

/// Reads the command line of this process; help, the version and usage errors end the process.
pub fn parse() -> Invocation {
    CommandLine::parse().into()
}

const ABOUT: &str = "A Redis-compatible cache that explains itself";

const LONG_ABOUT: &str = "A Redis-compatible cache that explains itself.

Without a command, runs one node: Redis clients connect to 127.0.0.1:8080, HTTP (data, health, /metrics) is at \
http://127.0.0.1:9080. Stop it with Ctrl-C or SIGTERM; it finishes the requests under way first.";

const EXAMPLES: &str = "Examples:
  hypercache                                            run a node with the defaults
  hypercache --config configs/node1-config.yaml         run a node as the file says
  hypercache --resp-addr 0.0.0.0:8080 --requirepass-file /run/secrets/hypercache
                                                        let other machines in, with a password
  hypercache check-config configs/node1-config.yaml     check a file before using it
  hypercache healthcheck                                ask a running node whether it is ready

What to do next:
  redis-cli -p 8080 set greeting hello                  write a key with any Redis client
  curl http://127.0.0.1:9080/health/ready               see that the node is ready
  curl http://127.0.0.1:9080/metrics                    see what it measures

Flags win over environment variables (HYPERCACHE_*), those over the file, the file over the defaults.
Each option has its variable: --resp-addr is HYPERCACHE_RESP_ADDR. The standard OTEL_* variables are heeded too.
configs/node1-config.yaml describes every key of the file.";

#[derive(Debug, Parser)]
#[command(name = "hypercache", version, about = ABOUT, long_about = LONG_ABOUT, after_help = EXAMPLES)]
#[command(args_conflicts_with_subcommands = true, max_term_width = 110)]
struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    node: NodeFlags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a configuration file and say all that is wrong with it
    #[command(after_help = CHECK_EXAMPLES)]
    CheckConfig {
        /// The configuration file
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Print the whole configuration it comes to, defaults filled in and passwords left out
        #[arg(long)]
        print: bool,
    },
    /// Ask a running node whether it is ready: exit status 0 if so, 1 and the reason if not
    #[command(after_help = HEALTH_EXAMPLES)]
    Healthcheck {
        /// Where to ask, http:// only. Without it, /health/ready at the HTTP address that HYPERCACHE_HTTP_ADDR or the
        /// file named by HYPERCACHE_CONFIG says, else http://127.0.0.1:9080/health/ready
        #[arg(long, value_name = "URL")]
        url: Option<String>,
        /// How long to wait for the answer, such as 500ms or 2s
        #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = positive_duration)]
        timeout: Duration,
    },
}

const CHECK_EXAMPLES: &str = "Examples:
  hypercache check-config configs/node1-config.yaml
  hypercache check-config configs/node1-config.yaml --print

Exit status: 0 if a node would start with the file, 1 if not, with every fault on a line of its own:
file, line, key, what is wrong and what would be right. Environment variables are left out of account.";

const HEALTH_EXAMPLES: &str = "Examples:
  hypercache healthcheck
  hypercache healthcheck --url http://127.0.0.1:9080/health/live --timeout 500ms";

fn positive_duration(text: &str) -> Result<Duration, String> {
    let HumanDuration(duration) = text.parse()?;
    if duration.is_zero() { Err("must be more than 0".to_owned()) } else { Ok(duration) }
}

/// The flags of a node; their values are read where those of the file are, so that each is refused in the same words.
#[derive(Debug, Args)]
#[command(next_help_heading = "Options of a node")]
struct NodeFlags {
    /// Configuration file (YAML) [env: HYPERCACHE_CONFIG]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name of the node, unique in its cluster [default: node-1]
    #[arg(long, value_name = "NAME")]
    node_id: Option<String>,
    /// Where Redis clients connect [default: 127.0.0.1:8080]
    #[arg(long, value_name = "IP:PORT")]
    resp_addr: Option<String>,
    /// Where HTTP is served [default: 127.0.0.1:9080]
    #[arg(long, value_name = "IP:PORT")]
    http_addr: Option<String>,
    /// Folder of the node's data [default: ./data/<node id>]
    #[arg(long, value_name = "FOLDER")]
    data_dir: Option<String>,
    /// Redis connections at the most [default: 10000]
    #[arg(long, value_name = "COUNT")]
    max_connections: Option<String>,
    /// Threads that serve connections; 0: one for each core [default: 0]
    #[arg(long, value_name = "COUNT")]
    io_threads: Option<String>,
    /// Bytes of data all stores together may hold, such as 2GB; 0: no limit [default: 0]
    #[arg(long, value_name = "SIZE")]
    max_memory: Option<String>,
    /// Memory the process may take, such as 4GB; auto: what its control group or the machine has; 0: no limit [default: auto]
    #[arg(long, value_name = "SIZE")]
    memory_limit: Option<String>,
    /// File whose only line is the password that clients must give
    #[arg(long, value_name = "FILE")]
    requirepass_file: Option<String>,
    /// File of users, which ACL LOAD reads and ACL SAVE writes
    #[arg(long, value_name = "FILE")]
    users_file: Option<String>,
    /// Who may use DEBUG: no, local or yes [default: no]
    #[arg(long, value_name = "WORD")]
    enable_debug_command: Option<String>,
    /// Folder of the log files [default: ./logs/<node id>]
    #[arg(long, value_name = "FOLDER")]
    log_dir: Option<String>,
    /// off, error, warn, info, debug or trace, or target=level terms with commas between [default: info]
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How keys show in log and spans: hashed, plain, prefix or off [default: hashed]
    #[arg(long, value_name = "WORD")]
    log_keys: Option<String>,
    /// Which commands get a log line: adaptive, all or off [default: adaptive]
    #[arg(long, value_name = "WORD")]
    command_log: Option<String>,
    /// Where spans go by OTLP/gRPC, such as http://localhost:4317 [default: nowhere]
    #[arg(long, value_name = "URL")]
    otlp_endpoint: Option<String>,
    /// Which commands get a span: adaptive, all, parent or off [default: adaptive]
    #[arg(long, value_name = "WORD")]
    tracing_mode: Option<String>,
}

impl NodeFlags {
    fn overrides(self) -> Overrides {
        let settings = [
            ("--node-id", "node.id", self.node_id),
            ("--resp-addr", "network.resp_addr", self.resp_addr),
            ("--http-addr", "network.http_addr", self.http_addr),
            ("--data-dir", "node.data_dir", self.data_dir),
            ("--max-connections", "network.max_connections", self.max_connections),
            ("--io-threads", "network.io_threads", self.io_threads),
            ("--max-memory", "cache.max_memory", self.max_memory),
            ("--memory-limit", "node.memory_limit", self.memory_limit),
            ("--requirepass-file", "security.requirepass_file", self.requirepass_file),
            ("--users-file", "security.users_file", self.users_file),
            ("--enable-debug-command", "security.enable_debug_command", self.enable_debug_command),
            ("--log-dir", "telemetry.log.dir", self.log_dir),
            ("--log-level", "telemetry.log.level", self.log_level),
            ("--log-keys", "telemetry.log.keys", self.log_keys),
            ("--command-log", "telemetry.log.command_log", self.command_log),
            ("--otlp-endpoint", "telemetry.tracing.endpoint", self.otlp_endpoint),
            ("--tracing-mode", "telemetry.tracing.mode", self.tracing_mode),
        ];
        let named = self.config.map(Overrides::from_file).unwrap_or_default();
        settings.into_iter().fold(named, |overrides, (flag, key, value)| match value {
            Some(text) => overrides.with(flag, key, text),
            None => overrides,
        })
    }
}

impl From<CommandLine> for Invocation {
    fn from(line: CommandLine) -> Self {
        match line.command {
            None => Self::Run(line.node.overrides()),
            Some(Command::CheckConfig { file, print }) => Self::CheckConfig { file, print },
            Some(Command::Healthcheck { url, timeout }) => Self::Healthcheck { url, timeout },
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::config::Config;
    use crate::config::environment;

    fn parse(arguments: &[&str]) -> Result<Invocation, clap::Error> {
        let arguments = std::iter::once("hypercache").chain(arguments.iter().copied());
        CommandLine::try_parse_from(arguments).map(Invocation::from)
    }

    #[test]
    fn the_declaration_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn every_flag_sets_its_key() {
        let flags: Vec<String> = CommandLine::command()
            .get_arguments()
            .filter_map(|argument| argument.get_long())
            .filter(|flag| *flag != "config")
            .map(|flag| format!("--{flag}"))
            .collect();
        assert_eq!(flags.len(), 17);
        for flag in flags {
            let Ok(Invocation::Run(overrides)) = parse(&[&flag, "\u{1}"]) else { panic!("{flag}") };
            match Config::load(&overrides, std::iter::empty()) {
                // What takes any text changes the configuration; all else names the flag and a known key.
                Ok(found) => assert_ne!(found.config, Config::default(), "{flag}"),
                Err(faults) => {
                    let faults = faults.to_string();
                    assert!(
                        faults.starts_with(&format!("{flag}: ")) && !faults.contains("unknown key"),
                        "{faults}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_flag_has_its_variable() {
        for flag in CommandLine::command().get_arguments().filter_map(|argument| argument.get_long()) {
            let variable = format!("HYPERCACHE_{}", flag.to_uppercase().replace('-', "_"));
            let known = environment::VARIABLES.iter().any(|(name, _)| *name == variable);
            assert!(known || variable == environment::CONFIG_VARIABLE, "{variable}");
        }
    }

    #[test]
    fn commands_and_flags_of_a_node_exclude_each_other() {
        assert!(parse(&["--node-id", "a", "check-config", "x.yaml"]).is_err());
        assert!(parse(&["check-config"]).is_err());
        assert!(parse(&["--nodeid", "a"]).is_err());
        assert!(parse(&["stray"]).is_err());
    }

    #[test]
    fn commands_are_told_apart() {
        assert!(matches!(parse(&[]), Ok(Invocation::Run(_))));
        let Ok(Invocation::CheckConfig { file, print }) = parse(&["check-config", "x.yaml", "--print"])
        else {
            panic!("no check-config")
        };
        assert_eq!((file, print), (PathBuf::from("x.yaml"), true));
        let Ok(Invocation::Healthcheck { url, timeout }) = parse(&["healthcheck"]) else {
            panic!("no healthcheck")
        };
        assert_eq!((url, timeout), (None, Duration::from_secs(2)));
        assert!(parse(&["healthcheck", "--timeout", "0s"]).is_err());
        assert!(parse(&["healthcheck", "--timeout", "2"]).is_err());
    }
}

//! The `hypercache` binary: hands the command line to what it asks for.

use std::process::ExitCode;
use std::time::Duration;

use hypercache::cli;
use hypercache::cli::Invocation;
use hypercache::config::Config;
use hypercache::config::Loaded;
use hypercache::config::Source;
use hypercache::config::environment;
use hypercache::engine::version::VERSION;
use hypercache::node::Node;
use hypercache::node::start_telemetry;
use hypercache::telemetry::Event;
use hypercache::telemetry::events::config::ConfigWarned;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;

/// Keeps memory tight under churn, and tells what it holds.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// How long logs and spans may take to get out at the end.
const FLUSH_TIME: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match cli::parse() {
        Invocation::CheckConfig { file, print } => cli::check_config(&file, print),
        Invocation::Healthcheck { url, timeout } => cli::healthcheck(url.as_deref(), timeout),
        Invocation::Run(flags) => match Config::load(&flags, environment::of_process()) {
            Ok(loaded) => run(loaded),
            Err(faults) => failed(&faults.to_string()),
        },
    }
}

fn run(loaded: Loaded) -> ExitCode {
    let Loaded { config, warnings, source } = loaded;
    for warning in &warnings {
        eprintln!("warning: {warning}");
    }
    let (telemetry, guard) = match start_telemetry(&config) {
        Ok(started) => started,
        Err(error) => return failed(&error.to_string()),
    };
    for warning in &warnings {
        ConfigWarned { name: &warning.key, message: &warning.message }.emit();
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().thread_name("main").enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("cannot start the runtime: {error}")),
    };
    let file = match source {
        Source::File(file) => Some(file),
        Source::Defaults => None,
    };
    let code = runtime.block_on(serve(config, file, telemetry));
    guard.shutdown(FLUSH_TIME);
    code
}

async fn serve(
    config: Config,
    config_file: Option<std::path::PathBuf>,
    telemetry: hypercache::telemetry::Telemetry,
) -> ExitCode {
    let id = config.node.id.clone();
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = signals else { return failed("cannot listen for signals") };
    // As in Redis, the end of the terminal that it was started from is not the end of the node. A log file that was moved
    // away is begun anew within a second without being asked for it, so the signal has nothing to do.
    let Ok(_ignored) = signal(SignalKind::hangup()) else { return failed("cannot listen for signals") };
    let mut node = match Node::start(config, config_file, telemetry).await {
        Ok(node) => node,
        Err(error) => return failed(&error.to_string()),
    };
    eprintln!("hypercache {VERSION} {id}: RESP on {}, HTTP on {}", node.resp_address(), node.http_address());
    let reason = tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        reason = node.asked_to_stop() => reason,
    };
    eprintln!("stopping: {reason}; again to stop at once");
    tokio::select! {
        () = node.stop(reason) => ExitCode::SUCCESS,
        _ = interrupt.recv() => std::process::exit(130),
        _ = terminate.recv() => std::process::exit(143),
    }
}

fn failed(message: &str) -> ExitCode {
    eprintln!("hypercache: {message}");
    ExitCode::FAILURE
}

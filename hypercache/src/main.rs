//! The `hypercache` binary: hands the command line to what it asks for.

use std::process::ExitCode;

use hypercache::cli;
use hypercache::cli::Invocation;
use hypercache::config::Config;
use hypercache::config::environment;

fn main() -> ExitCode {
    match cli::parse() {
        Invocation::CheckConfig { file, print } => cli::check_config(&file, print),
        Invocation::Healthcheck { url, timeout } => cli::healthcheck(url.as_deref(), timeout),
        Invocation::Run(flags) => match Config::load(&flags, environment::of_process()) {
            Ok(loaded) => {
                let network = &loaded.config.network;
                eprintln!("loaded {}: RESP {}, HTTP {}", loaded.source, network.resp_addr, network.http_addr);
                eprintln!("this build does not run a node");
                ExitCode::FAILURE
            }
            Err(faults) => {
                eprintln!("{faults}");
                ExitCode::FAILURE
            }
        },
    }
}

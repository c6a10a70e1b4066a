//! What can go wrong when telemetry starts or is changed; once it runs, it never fails, it counts.

/// Why telemetry could not start or a setting could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// Telemetry is global to the process and was started before.
    #[error("telemetry is already started in this process")]
    AlreadyStarted,
    /// Another library installed a metrics recorder or a tracing subscriber first.
    #[error("cannot install telemetry for the process: {0}")]
    Install(String),
    /// The log filter is not in `tracing`'s syntax.
    #[error("log level `{filter}`: {reason}")]
    LogLevel {
        /// The filter as given.
        filter: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The OTLP endpoint cannot be used.
    #[error("OTLP endpoint `{endpoint}`: {reason}")]
    Endpoint {
        /// The endpoint as given.
        endpoint: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A thread could not be started.
    #[error("cannot start a telemetry thread: {0}")]
    Thread(#[from] std::io::Error),
    /// A histogram's buckets were refused by the exporter.
    #[error("metric buckets: {0}")]
    Buckets(String),
}

//! What the program says about itself, on stderr.

use std::io::IsTerminal as _;

use clap::ValueEnum;
use tracing_subscriber::filter::LevelFilter;

/// How the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What the log leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum LogLevel {
    /// Nothing but errors.
    Error,
    /// Warnings too.
    Warn,
    /// What happens, too.
    Info,
    /// What helps to find a fault, too.
    Debug,
    /// Everything.
    Trace,
}

/// The options of the log.
#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    /// How the log is written
    #[arg(long, env = "OCTROI_LOG_FORMAT", value_enum, default_value = "text")]
    log_format: LogFormat,
    /// How much of it is written
    #[arg(long, env = "OCTROI_LOG_LEVEL", value_enum, default_value = "info")]
    log_level: LogLevel,
}

impl LogLevel {
    fn filter(self) -> LevelFilter {
        match self {
            Self::Error => LevelFilter::ERROR,
            Self::Warn => LevelFilter::WARN,
            Self::Info => LevelFilter::INFO,
            Self::Debug => LevelFilter::DEBUG,
            Self::Trace => LevelFilter::TRACE,
        }
    }
}

/// Starts logging to stderr, panics included.
pub(super) fn init(args: &LogArgs) {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let colour = std::io::stderr().is_terminal() && !no_color;
    let log = tracing_subscriber::fmt()
        .with_max_level(args.log_level.filter())
        .with_writer(std::io::stderr)
        .with_ansi(colour)
        .with_target(false);
    let set = match args.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    if set.is_ok() {
        std::panic::set_hook(Box::new(|panic| {
            tracing::error!(%panic, "panic: this is a defect of octroi, please report it");
        }));
    }
}

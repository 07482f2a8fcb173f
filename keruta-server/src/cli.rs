//! The program: flags, the start, the end.

mod failure;
mod serve;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use jiff::Timestamp;
use keruta_input::args::SettingsArgs;
use keruta_input::settings::Layered;
use keruta_server::auth::{Access, AccessOptions};
use keruta_server::configuration::{Configuration, Seed};
use keruta_server::http::{ApiParts, api};
use keruta_server::jobs::Jobs;
use keruta_server::operation::{Operation, SecretSources};
use keruta_server::queue::Limits;
use keruta_server::runner::{Runner, RunnerOptions, TaskTokens, connect_by_settings};
use keruta_server::store::Store;
use keruta_server::store::logs::LogStore;
use keruta_submitter::metrics::Metrics;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

pub(crate) use failure::Failure;

/// How often to look for settings that other replicas have changed.
const SETTINGS_EVERY: Duration = Duration::from_secs(2);

/// Holds tasks, queues them by priority, runs them on Kubernetes, and keeps their logs.
///
/// Everything is kept in one SQLite file beside where it is started, or in PostgreSQL. Without a cluster it starts all the same, and
/// keeps the queue.
#[derive(Debug, Parser)]
#[command(
    name = "keruta-server",
    version,
    after_help = "Examples:
  keruta-server
  keruta-server --listen 127.0.0.1:9000 --database sqlite:/var/lib/keruta/keruta.db
  keruta-server --database postgres://keruta@db.example/keruta --settings keruta.toml

On its first start it prints an admin token, once:
  curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/v1/tasks

Exit codes: 0 ended by a signal, 2 usage, 3 invalid settings, 5 database or network."
)]
pub(crate) struct Args {
    /// Where to listen. Beyond loopback it wants --insecure-http: put a proxy with TLS before it.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "KERUTA_SERVER_LISTEN")]
    listen: SocketAddr,
    /// Listen beyond loopback without TLS.
    #[arg(long, env = "KERUTA_SERVER_INSECURE_HTTP")]
    insecure_http: bool,
    /// The database: sqlite:FILE or <postgres://USER@HOST/NAME>. It may hold a password, so prefer the variable.
    #[arg(
        long,
        value_name = "URL",
        default_value = "sqlite:keruta.db",
        env = "KERUTA_DATABASE",
        hide_env_values = true
    )]
    database: String,
    /// How many tasks may run at once.
    #[arg(long, value_name = "N", default_value_t = 100, env = "KERUTA_SERVER_MAX_IN_FLIGHT")]
    max_in_flight: usize,
    /// How many of one namespace may run at once.
    #[arg(long, value_name = "N", env = "KERUTA_SERVER_MAX_IN_FLIGHT_PER_NAMESPACE")]
    max_in_flight_per_namespace: Option<usize>,
    /// The directory of the files that settings may name for secrets.
    #[arg(long, value_name = "DIRECTORY", default_value = "/run/secrets", env = "KERUTA_SERVER_SECRETS_DIR")]
    secrets_dir: PathBuf,
    #[command(flatten)]
    settings: SettingsArgs,
    /// What to tell on standard error: error, warn, info, debug, or a filter such as `keruta_server=debug`.
    #[arg(long, value_name = "LEVEL", default_value = "info", env = "KERUTA_LOG_LEVEL")]
    log_level: String,
    /// How to tell it.
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = LogFormat::Human)]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Human,
    Json,
}

/// Serves until a signal ends it.
pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    tell(args)?;
    if !args.listen.ip().is_loopback() && !args.insecure_http {
        return Err(Failure::Usage(format!(
            "{} can be reached by others, and tokens would cross the network unencrypted: listen on loopback behind a proxy \
             with TLS, or say --insecure-http",
            args.listen
        )));
    }
    let layered = Layered::read(&args.settings).map_err(|failure| Failure::Settings(failure.to_string()))?;
    for warning in &layered.warnings {
        tracing::warn!("{warning}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::io("start", error))?;
    runtime.block_on(serve(args, &layered))
}

fn tell(args: &Args) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&args.log_level)
        .map_err(|error| Failure::Usage(format!("--log-level {:?} is no level: {error}", args.log_level)))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Human => {
            let ansi = std::io::IsTerminal::is_terminal(&std::io::stderr()) && std::env::var_os("NO_COLOR").is_none();
            builder.with_ansi(ansi).with_target(false).init();
        }
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    Ok(())
}

async fn serve(args: &Args, layered: &Layered) -> Result<(), Failure> {
    let now = Timestamp::now();
    let store = Store::open(&args.database).await?;
    let configuration = Arc::new(Configuration::start(store.clone(), &Seed::of(layered), now).await?);
    for place in configuration.unused() {
        tracing::warn!("{place} is not in force: the settings were changed by the API, whose values win");
    }
    let access = Access::new(store.clone(), AccessOptions::default()).map_err(Failure::access)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Failure::io(format!("listen on {}", args.listen), error))?;
    let address = listener.local_addr().map_err(|error| Failure::io("tell the address", error))?;
    if let Some(token) = access.first_token(now).await.map_err(Failure::access)? {
        eprintln!("The first admin token, shown this once:\n  {token}");
    }

    let end = CancellationToken::new();
    let logs = LogStore::start(store.clone());
    let metrics = Arc::new(Metrics::default());
    let mut options = RunnerOptions::new(format!("{}-{}", std::process::id(), now.as_nanosecond()));
    options.limits = Limits {
        in_flight: args.max_in_flight,
        in_flight_per_namespace: args.max_in_flight_per_namespace,
        ..Limits::default()
    };
    options.metrics = Arc::clone(&metrics);
    let operation = Arc::new(Operation::start(store.clone()).await?);
    let secrets = SecretSources { directory: args.secrets_dir.clone() };
    let jobs = Jobs::new(store.clone(), logs.clone(), configuration.settings(), operation.settings(), secrets);
    let runner = Runner::new(store.clone(), logs.clone(), configuration.settings(), connect_by_settings(), options)
        .with_tokens(TaskTokens::new(access.clone(), operation.settings()))
        .with_jobs(jobs);
    let parts = ApiParts {
        store: store.clone(),
        logs,
        configuration: Arc::clone(&configuration),
        access,
        cluster: runner.state(),
        metrics,
        operation: Arc::clone(&operation),
        connect: connect_by_settings(),
    };
    let router = api(&parts).map_err(|error| Failure::Usage(error.to_string()))?;

    let mut work = JoinSet::new();
    work.spawn(runner.run(end.clone()));
    let (following, until) = (Arc::clone(&configuration), end.clone());
    work.spawn(async move { following.follow(SETTINGS_EVERY, &until).await });
    let (following, until) = (operation, end.clone());
    work.spawn(async move { following.follow(SETTINGS_EVERY, &until).await });
    eprintln!("keruta-server listens on http://{address} ({})", store.database().name());
    let served = serve::serve(listener, router, end.clone()).await;
    // Nothing new comes in; what is under way is brought to where the next start finds it.
    end.cancel();
    while work.join_next().await.is_some() {}
    store.database().close().await;
    served
}

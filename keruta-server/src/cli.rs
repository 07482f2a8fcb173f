//! The program: flags, the start, the end.

mod backup;
mod failure;
mod serve;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::{Access, AccessOptions};
use crate::configuration::{Configuration, Seed};
use crate::external::ExternalUrl;
use crate::http::{ApiParts, api};
use crate::jobs::Jobs;
use crate::notify::{Notifier, NotifyOptions};
use crate::oidc::Oidc;
use crate::operation::Operation;
use crate::queue::Limits;
use crate::runner::{Runner, RunnerOptions, TaskTokens, connect_by_settings};
use crate::secret::Secrets;
use crate::store::Store;
use crate::store::logs::LogStore;
use crate::tls::{Tls, TlsFiles};
use clap::{Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use jiff::Timestamp;
use keruta_input::args::SettingsArgs;
use keruta_input::settings::Layered;
use keruta_submitter::metrics::Metrics;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

pub(crate) use failure::Failure;

/// How often to look for settings that other replicas have changed.
const SETTINGS_EVERY: Duration = Duration::from_secs(2);

/// How often to look whether the certificate has changed.
const CERTIFICATE_EVERY: Duration = Duration::from_secs(5);

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

  keruta-server backup keruta.backup
  keruta-server --database postgres://keruta@db.example/keruta restore keruta.backup

On its first start it prints an admin token, once:
  curl -H 'Authorization: Bearer TOKEN' http://127.0.0.1:8080/api/v1/tasks

Exit codes: 0 ended by a signal, 2 usage, 3 invalid settings, 5 database or network."
)]
pub(crate) struct Args {
    /// What to do instead of serving.
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to listen. Beyond loopback it wants TLS: a certificate, or a proxy before it and --insecure-http.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "KERUTA_SERVER_LISTEN")]
    listen: SocketAddr,
    /// Listen beyond loopback without TLS.
    #[arg(long, env = "KERUTA_SERVER_INSECURE_HTTP")]
    insecure_http: bool,
    /// The certificate that TLS is spoken with, in PEM, with the chain behind it. It is read anew when it changes.
    #[arg(long, value_name = "FILE", env = "KERUTA_SERVER_TLS_CERTIFICATE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,
    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", env = "KERUTA_SERVER_TLS_KEY", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,
    /// The database: sqlite:FILE or <postgres://USER@HOST/NAME>. It may hold a password, so prefer the variable.
    #[arg(
        long,
        value_name = "URL",
        default_value = "sqlite:keruta.db",
        env = "KERUTA_DATABASE",
        global = true,
        hide_env_values = true
    )]
    database: String,
    /// The address that people reach the server by, where that is not where it listens: a proxy's. With https cookies are for TLS alone.
    ///
    /// Pages of this origin may send changes, notifications link to it, and an identity provider sends people back to it. Where it is
    /// not given, a server that listens on loopback takes that address.
    #[arg(long, value_name = "URL", env = "KERUTA_SERVER_EXTERNAL_URL")]
    external_url: Option<ExternalUrl>,
    /// A proxy, or a network of proxies, whose X-Forwarded-For tells where a request comes from; several with commas.
    #[arg(long, value_name = "NETWORK", env = "KERUTA_SERVER_TRUSTED_PROXIES", value_delimiter = ',', value_parser = network)]
    trusted_proxies: Vec<IpNet>,
    /// How many tasks may run at once.
    #[arg(long, value_name = "N", default_value_t = 100, env = "KERUTA_SERVER_MAX_IN_FLIGHT")]
    max_in_flight: usize,
    /// How many of one namespace may run at once.
    #[arg(long, value_name = "N", env = "KERUTA_SERVER_MAX_IN_FLIGHT_PER_NAMESPACE")]
    max_in_flight_per_namespace: Option<usize>,
    /// Send webhooks to private addresses too, and without TLS.
    #[arg(long, env = "KERUTA_SERVER_ALLOW_PRIVATE_WEBHOOKS")]
    allow_private_webhooks: bool,
    /// The directory of the files that settings and notification channels may name for secrets.
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

#[derive(Debug, Subcommand)]
enum Command {
    /// Write everything in the database to a file, while the server goes on. Either database takes it.
    Backup {
        /// The file, which must not be there yet; - is standard output.
        file: PathBuf,
    },
    /// Read a backup into an empty database.
    Restore {
        /// The file; - is standard input.
        file: PathBuf,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LogFormat {
    Human,
    Json,
}

/// Does what the command line says.
#[must_use]
pub fn run() -> ExitCode {
    match command(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            failure.exit_code()
        }
    }
}

/// Serves until a signal ends it.
fn command(args: &Args) -> Result<(), Failure> {
    tell(args)?;
    match &args.command {
        None => {}
        Some(Command::Backup { file }) => return backup::backup(&args.database, file),
        Some(Command::Restore { file }) => return backup::restore(&args.database, file),
    }
    if !args.listen.ip().is_loopback() && !args.insecure_http && args.tls_certificate.is_none() {
        return Err(Failure::Usage(format!(
            "{} can be reached by others, and tokens would cross the network unencrypted: give a certificate \
             (--tls-certificate, --tls-key), listen on loopback behind a proxy with TLS, or say --insecure-http",
            args.listen
        )));
    }
    let layered = Layered::read(&args.settings).map_err(|failure| Failure::Settings(failure.to_string()))?;
    for warning in &layered.warnings {
        tracing::warn!("{warning}");
    }
    runtime()?.block_on(serve(args, &layered))
}

fn runtime() -> Result<Runtime, Failure> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().build().map_err(|error| Failure::io("start", error))
}

/// TLS, where a certificate was given.
fn tls(args: &Args) -> Result<Option<Tls>, Failure> {
    let (Some(certificate), Some(key)) = (&args.tls_certificate, &args.tls_key) else { return Ok(None) };
    let files = TlsFiles { certificate: certificate.clone(), key: key.clone() };
    Tls::load(files).map(Some).map_err(|error| Failure::Usage(error.to_string()))
}

/// How access is given at this address.
fn access_options(args: &Args, tls: bool, address: SocketAddr) -> AccessOptions {
    let external_url = args.external_url.clone().or_else(|| ExternalUrl::of_loopback(address, tls));
    AccessOptions {
        secure_cookies: tls || args.external_url.as_ref().is_some_and(ExternalUrl::is_secure),
        trusted_origins: args.external_url.iter().map(ExternalUrl::to_string).collect(),
        trusted_proxies: args.trusted_proxies.clone(),
        external_url,
        ..AccessOptions::default()
    }
}

/// A network, or one address.
fn network(text: &str) -> Result<IpNet, String> {
    let address = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse().or_else(address).map_err(|_| "write an address or a network, for example 10.0.0.0/8".to_owned())
}

/// What sends notifications while this replica runs the tasks.
fn notifier(args: &Args, access: &Access, operation: &Operation) -> Result<Notifier, Failure> {
    let options = NotifyOptions {
        secrets: Secrets::of(&args.secrets_dir).without_those_of(operation.settings()),
        external_url: access.options().external_url.clone(),
        allow_private: args.allow_private_webhooks,
        ..NotifyOptions::default()
    };
    Notifier::new(access.store().clone(), options).map_err(|error| Failure::io("prepare to send notifications", error))
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
    let tls = tls(args)?;
    let listener = TcpListener::bind(args.listen)
        .await
        .map_err(|error| Failure::io(format!("listen on {}", args.listen), error))?;
    let address = listener.local_addr().map_err(|error| Failure::io("tell the address", error))?;
    let options = access_options(args, tls.is_some(), address);
    let external_url = options.external_url.clone();
    let access = Access::new(store.clone(), options).map_err(Failure::access)?;
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
    let secrets = Secrets::of(&args.secrets_dir);
    let oidc = Oidc::new(operation.settings(), external_url, secrets.clone())
        .map_err(|error| Failure::io("prepare to sign people in", error))?;
    let jobs = Jobs::new(store.clone(), logs.clone(), configuration.settings(), operation.settings(), secrets);
    let runner = Runner::new(store.clone(), logs.clone(), configuration.settings(), connect_by_settings(), options)
        .with_tokens(TaskTokens::new(access.clone(), operation.settings()))
        .with_jobs(jobs)
        .alongside(Arc::new(notifier(args, &access, &operation)?));
    let parts = ApiParts {
        store: store.clone(),
        logs,
        configuration: Arc::clone(&configuration),
        access,
        cluster: runner.state(),
        metrics,
        operation: Arc::clone(&operation),
        oidc,
        connect: connect_by_settings(),
    };
    let router = api(&parts).map_err(|error| Failure::Usage(error.to_string()))?;

    let mut work = JoinSet::new();
    work.spawn(runner.run(end.clone()));
    let (following, until) = (Arc::clone(&configuration), end.clone());
    work.spawn(async move { following.follow(SETTINGS_EVERY, &until).await });
    if let Some(tls) = tls.clone() {
        let until = end.clone();
        work.spawn(async move { tls.follow(CERTIFICATE_EVERY, &until).await });
    }
    let (following, until) = (operation, end.clone());
    work.spawn(async move { following.follow(SETTINGS_EVERY, &until).await });
    let scheme = if tls.is_some() { "https" } else { "http" };
    eprintln!("keruta-server listens on {scheme}://{address} ({})", store.database().name());
    let served = serve::serve(listener, tls.as_ref(), router, end.clone()).await;
    // Nothing new comes in; what is under way is brought to where the next start finds it.
    end.cancel();
    while work.join_next().await.is_some() {}
    store.database().close().await;
    served
}

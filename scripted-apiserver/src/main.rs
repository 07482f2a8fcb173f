//! A cluster for trying things by hand, and for tests in other languages: it writes a kubeconfig and serves until its standard
//! input ends.
//!
//! ```text
//! scripted-apiserver KUBECONFIG [NAMESPACE]…
//! ```

use std::process::ExitCode;
use std::time::Duration;

use scripted_apiserver::{ApiServer, Settings};
use tokio::io::AsyncReadExt;

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(kubeconfig) = arguments.next() else {
        eprintln!("usage: scripted-apiserver KUBECONFIG [NAMESPACE]…");
        return ExitCode::from(2);
    };
    let server = ApiServer::start_with(Settings { second: Duration::from_millis(300), ..Settings::default() }).await;
    arguments.for_each(|namespace| server.create_namespace(&namespace));
    if let Err(error) = std::fs::write(&kubeconfig, server.kubeconfig()) {
        eprintln!("{kubeconfig} cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    println!("{}", server.url());
    // Whoever started it holds the other end.
    let mut input = tokio::io::stdin();
    let mut bytes = [0; 64];
    while matches!(input.read(&mut bytes).await, Ok(read) if read > 0) {}
    ExitCode::SUCCESS
}

//! How many tasks one process submits and follows on a real API server, beside what that server takes from a bare client.
//!
//! ```text
//! KERUTA_TEST_KUBECONFIG=… cargo bench -p keruta-submitter --bench scale -- \
//!     --tasks 2000 [--concurrency 32] [--rounds 2] [--storage-class NAME]
//! ```
//!
//! Each phase runs in a process and a namespace of its own, in the order bare client, submitter, bare client, submitter…, and
//! begins when the one before is gone from the cluster. The Pods ask for a node that does not exist, so that they are there
//! and watched but run nowhere; a storage class that waits for a Pod's node, or whose provisioner nobody is, keeps volumes
//! away as well. At the end of its phase the submitter ends all its tasks, each with a verdict.
//!
//! How soon all Pods are there and all Jobs have ended is the Job controller's doing: by default it makes 20 requests a
//! second (`kube-controller-manager --kube-api-qps`), about ten Jobs.

mod arguments;
mod bare;
mod count;
mod place;
mod report;
mod submitter;
mod tasks;

use std::process::{Command, ExitCode, Stdio};

use arguments::{Arguments, Phase};
use place::Place;
use report::{Bare, Ours, Report};
use serde::de::DeserializeOwned;

/// Names the kubeconfig of a cluster for tests.
const KUBECONFIG: &str = "KERUTA_TEST_KUBECONFIG";

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("scale: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let arguments = Arguments::parse(std::env::args().skip(1))?;
    if std::env::var_os(KUBECONFIG).is_none() {
        println!("scale: nothing is measured: {KUBECONFIG} names no cluster");
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    match &arguments.phase {
        Some((Phase::Bare, namespace)) => print(&runtime.block_on(bare::measure(&arguments, namespace))?),
        Some((Phase::Ours, namespace)) => print(&runtime.block_on(submitter::measure(&arguments, namespace))?),
        None => runtime.block_on(whole(&arguments)),
    }
}

fn print(figures: &impl serde::Serialize) -> Outcome<()> {
    println!("{}", serde_json::to_string(figures)?);
    Ok(())
}

async fn whole(arguments: &Arguments) -> Outcome<()> {
    let place = Place::reach().await?;
    let mut report = Report::new(arguments, place.version().await?);
    for round in 1..=arguments.rounds {
        report.bare.push(phase::<Bare>(&place, arguments, round, Phase::Bare).await?);
        report.ours.push(phase::<Ours>(&place, arguments, round, Phase::Ours).await?);
    }
    println!("{report}");
    Ok(())
}

/// Runs one phase in a process of its own.
async fn phase<F: DeserializeOwned>(place: &Place, arguments: &Arguments, round: usize, phase: Phase) -> Outcome<F> {
    let namespace = place.make(phase.name()).await?;
    eprintln!("round {round}, {}: namespace {namespace}", phase.name());
    let child = Command::new(std::env::current_exe()?)
        .args(arguments.of_phase(phase, &namespace))
        .stdout(Stdio::piped())
        .spawn()?;
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    place.clear(&namespace).await?;
    if !output.status.success() {
        return Err(format!("the phase {} failed", phase.name()).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

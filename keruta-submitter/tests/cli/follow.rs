//! `follow`: the service.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use scripted_apiserver::Run as Does;

use super::world::{World, task};

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_adopts_judges_keeps_and_counts() {
    let world = World::new().task(&task("a", Does::new().line("hello").sleep(200).exit(7)));
    assert_eq!(world.run(&["submit", "--task", "task.json"]).code, 0);
    let mut running = world.start(&[
        "follow",
        "-n",
        "tasks",
        "--journal",
        "journal",
        "--metrics",
        "127.0.0.1:0",
        "--lease",
        "--log-format",
        "json",
    ]);
    let stderr = BufReader::new(running.child().stderr.take().unwrap());
    let mut log = stderr.lines().map(|line| serde_json::from_str::<serde_json::Value>(&line.unwrap()).unwrap());
    let served = log.find(|entry| entry["address"].is_string()).unwrap();
    let address = served["address"].as_str().unwrap().to_owned();
    // The rest is read on, so that the program does not wait for its reader.
    let reader = std::thread::spawn(move || log.count());
    world.wait_for("jobs", |job| {
        job["metadata"]["annotations"]["keruta.dev/verdict"]
            .as_str()
            .is_some_and(|verdict| verdict.contains("CommandFailed"))
    });
    world.wait_for("leases", |lease| lease["spec"]["holderIdentity"].is_string());
    assert!(get(&address, "/healthz").ends_with("\r\n\r\nok\n"));
    // It is counted a moment after it stands on the Job.
    let counted = "keruta_verdicts_total{outcome=\"failed\",cause=\"CommandFailed\"} 1";
    let metrics = (0..100).map(|_| {
        std::thread::sleep(std::time::Duration::from_millis(50));
        get(&address, "/metrics")
    });
    assert!(metrics.into_iter().any(|metrics| metrics.contains(counted)));
    assert!(get(&address, "/").starts_with("HTTP/1.1 404"));
    running.signal("TERM");
    assert_eq!(running.end().code, 0);
    assert!(reader.join().unwrap() > 0);
    let kept = world.run(&["logs", "a", "--journal", "journal"]);
    assert_eq!(kept.stdout, "main | hello\n");
}

#[test]
fn a_lease_that_one_may_not_look_at_is_not_waited_for() {
    let world = World::new();
    world.server.deny(scripted_apiserver::Denial::of("get", "coordination.k8s.io", "leases"));
    let run = world.run(&["follow", "--journal", "journal", "--lease"]);
    assert_eq!((run.code, run.stdout.as_str()), (5, ""), "{run:?}");
    for part in ["may not get leases.coordination.k8s.io", "the setting processorNamespace", "kind: Role"] {
        assert!(run.stderr.contains(part), "{part}: {run:?}");
    }
}

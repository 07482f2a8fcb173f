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
    let metrics = get(&address, "/metrics");
    assert!(metrics.contains("keruta_verdicts_total{outcome=\"failed\",cause=\"CommandFailed\"} 1"), "{metrics}");
    assert!(get(&address, "/").starts_with("HTTP/1.1 404"));
    running.signal("TERM");
    assert_eq!(running.end().code, 0);
    assert!(reader.join().unwrap() > 0);
    let kept = world.run(&["logs", "a", "--journal", "journal"]);
    assert_eq!(kept.stdout, "main | hello\n");
}

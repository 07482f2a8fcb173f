use http::Method;

use super::*;
use crate::testing::{Fault, Server};

const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/keruta/leases/submitter";

fn candidate(server: &Server, identity: &str) -> Candidacy {
    Candidacy::start(server.cluster(), LeaseConfig::new("keruta", "submitter", identity))
}

#[tokio::test(start_paused = true)]
async fn one_leads_and_the_next_follows_when_it_goes() {
    let server = Server::default();
    let first = candidate(&server, "a");
    first.elected().await;
    let second = candidate(&server, "b");
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(first.is_leader() && !second.is_leader());
    let start = Instant::now();
    first.shutdown().await;
    second.elected().await;
    assert!(start.elapsed() < Duration::from_secs(5), "a lease that was given back is free at once");
    let spec = server.get(LEASE).unwrap()["spec"].clone();
    assert_eq!((spec["holderIdentity"].as_str(), spec["leaseTransitions"].as_i64()), (Some("b"), Some(1)));
    // Dropping gives it back too.
    drop(second);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(server.get(LEASE).unwrap()["spec"]["holderIdentity"].is_null());
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_goes_before_another_comes() {
    let server = Server::default();
    let first = candidate(&server, "a");
    first.elected().await;
    // From here on, nothing that the first sends arrives: it hangs, fails, hangs…
    for round in 0..200 {
        let answer = (round % 2 == 0).then_some((500, "InternalError", "x"));
        server.fail(Fault { method: Method::GET, path: "leases", after: false, answer });
    }
    let start = Instant::now();
    first.unseated().await;
    let lost = start.elapsed();
    assert!(lost <= Duration::from_secs(13) && lost >= Duration::from_secs(7), "{lost:?}");
    server.0.lock().unwrap().faults.clear();
    let second = candidate(&server, "b");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!second.is_leader(), "it was not seen to stand still for its duration");
    let _ = first;
}

#[tokio::test(start_paused = true)]
async fn a_dead_leader_s_lease_runs_out_by_one_s_own_clock() {
    let server = Server::default();
    // Its times are of another clock, far ahead.
    let lease = serde_json::json!({"metadata": {"name": "submitter"}, "spec": {"holderIdentity": "dead",
        "leaseDurationSeconds": 15, "renewTime": "2999-01-01T00:00:00.000000Z", "leaseTransitions": 4}});
    server.put(LEASE, lease);
    let start = Instant::now();
    let next = candidate(&server, "b");
    next.elected().await;
    let waited = start.elapsed();
    assert!(waited >= Duration::from_secs(15) && waited < Duration::from_secs(20), "{waited:?}");
    assert_eq!(server.get(LEASE).unwrap()["spec"]["leaseTransitions"], 5);
}

#[tokio::test(start_paused = true)]
async fn never_do_two_lead() {
    let server = Server::default();
    let candidates: Vec<Candidacy> = ["a", "b", "c"].iter().map(|name| candidate(&server, name)).collect();
    for step in 0_u32..600 {
        if step % 7 == 0 {
            let answer = (step % 2 == 0).then_some((503, "ServiceUnavailable", "x"));
            let method = if step % 3 == 0 { Method::PUT } else { Method::GET };
            server.fail(Fault { method, path: "leases", after: step % 5 == 0, answer });
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert!(candidates.iter().filter(|candidate| candidate.is_leader()).count() <= 1, "step {step}");
    }
    server.0.lock().unwrap().faults.clear();
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!(candidates.iter().filter(|candidate| candidate.is_leader()).count(), 1);
}

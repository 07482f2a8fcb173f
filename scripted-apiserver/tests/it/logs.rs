use std::time::Duration;

use futures::AsyncReadExt;
use kube::api::LogParams;
use scripted_apiserver::{Fault, Life, Run, Step};

use super::{Lab, phase, refusal};

async fn follow(lab: &Lab, pod: &str, params: &LogParams) -> String {
    let mut text = Vec::new();
    let mut stream = std::pin::pin!(lab.pods().log_stream(pod, params).await.unwrap());
    stream.read_to_end(&mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

fn following() -> LogParams {
    LogParams { follow: true, timestamps: true, ..LogParams::default() }
}

async fn started(lab: &Lab, job: &str) -> String {
    lab.wait_pod(job, |pod| phase(pod) == "Running").await.metadata.name.unwrap()
}

#[tokio::test]
async fn a_followed_log_is_complete_and_ends_with_its_container() {
    let lab = Lab::new().await;
    let run = Run::new().line("begin").numbered("line ", 10_000, 300).step(Step::Partial("half".to_owned()));
    lab.job("a", &Life::new().container("main", run), |_| ()).await;
    let pod = started(&lab, "a").await;
    let text = follow(&lab, &pod, &following()).await;
    let lines: Vec<(&str, &str)> = text.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!(lines.len(), 10_002);
    assert_eq!((lines[0].1, lines[10_000].1, lines[10_001].1), ("begin", "line 10000", "half"));
    assert!(!text.ends_with('\n'));
    assert!(lines.iter().all(|(at, _)| at.len() == "2026-01-01T00:00:00.000000000Z".len()));
    // A whole second earlier than the last line, and no earlier.
    let last: jiff::Timestamp = lines[10_001].0.parse().unwrap();
    let since = jiff::Timestamp::from_second(last.as_second()).unwrap();
    let params = LogParams { since_time: Some(since), timestamps: true, ..LogParams::default() };
    let text = lab.pods().logs(&pod, &params).await.unwrap();
    assert!(text.lines().all(|line| line.split_once(' ').unwrap().0.parse::<jiff::Timestamp>().unwrap() >= since));
    assert!(text.ends_with("half"));
    let tail = LogParams { tail_lines: Some(2), ..LogParams::default() };
    assert_eq!(lab.pods().logs(&pod, &tail).await.unwrap(), "line 10000\nhalf");
}

#[tokio::test]
async fn a_log_stream_can_be_cut_and_can_stall() {
    let lab = Lab::new().await;
    lab.job("a", &Life::new().container("main", Run::new().line("0123456789").sleep(300)), |_| ()).await;
    let pod = started(&lab, "a").await;
    let cut = lab.server.faults().add(Fault::on("get", "pods/log").cut_log_after(4));
    let plain = LogParams { follow: true, ..LogParams::default() };
    assert_eq!(follow(&lab, &pod, &plain).await, "0123");
    cut.assert_fired();
    let broken = lab.server.faults().add(Fault::on("get", "pods/log").break_log_after(4));
    let mut stream = std::pin::pin!(lab.pods().log_stream(&pod, &plain).await.unwrap());
    assert!(stream.read_to_end(&mut Vec::new()).await.is_err());
    broken.assert_fired();
    let stall = lab.server.faults().add(Fault::on("get", "pods/log").stall_log_after(0));
    assert!(tokio::time::timeout(Duration::from_millis(600), follow(&lab, &pod, &plain)).await.is_err());
    stall.assert_fired();
}

#[tokio::test]
async fn a_rotated_log_serves_its_newest_file() {
    let lab = Lab::new().await;
    let run = Run::new().line("old").sleep(150).line("new").sleep(300);
    lab.job("a", &Life::new().container("main", run), |_| ()).await;
    let pod = started(&lab, "a").await;
    assert_eq!(lab.pods().logs(&pod, &LogParams::default()).await.unwrap(), "old\n");
    assert!(lab.server.pod(super::NS, &pod).rotate_log("main"));
    assert_eq!(follow(&lab, &pod, &LogParams { follow: true, ..LogParams::default() }).await, "new\n");
}

#[tokio::test]
async fn what_has_no_log_is_told() {
    let lab = Lab::new().await;
    lab.job("config", &Life::new().config_error("main", "no"), |_| ()).await;
    let pod = lab.wait_pod("config", |pod| super::waiting(pod) == "CreateContainerConfigError").await;
    let name = pod.metadata.name.unwrap();
    let status = refusal(lab.pods().logs(&name, &LogParams::default()).await);
    assert_eq!(status.code, 400);
    assert_eq!(
        status.message,
        format!("container \"main\" in pod \"{name}\" is waiting to start: CreateContainerConfigError")
    );
    let previous = LogParams { previous: true, ..LogParams::default() };
    let status = refusal(lab.pods().logs(&name, &previous).await);
    assert_eq!(status.message, format!("previous terminated container \"main\" in pod \"{name}\" not found"));
    let other = LogParams { container: Some("x".to_owned()), ..LogParams::default() };
    let status = refusal(lab.pods().logs(&name, &other).await);
    assert_eq!(status.message, format!("container x is not valid for pod {name}"));
    assert_eq!(refusal(lab.pods().logs("nobody", &LogParams::default()).await).code, 404);
}

#[tokio::test]
async fn the_log_of_a_pod_that_was_ended_goes_with_its_containers() {
    let settings = scripted_apiserver::Settings { logs_after_end: Duration::from_millis(50), ..Default::default() };
    let lab = Lab::with(settings).await;
    lab.job("a", &Life::new().container("main", Run::new().line("x").forever()), |_| ()).await;
    let pod = started(&lab, "a").await;
    assert!(lab.server.pod(super::NS, &pod).evict());
    lab.wait_pod("a", |pod| phase(pod) == "Failed").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let text = lab.pods().logs(&pod, &LogParams::default()).await.unwrap();
    assert!(text.starts_with("unable to retrieve container logs for containerd://"), "{text}");
}

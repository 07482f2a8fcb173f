use std::time::{Duration, Instant};

use kube::api::{ListParams, PostParams};
use scripted_apiserver::Fault;

use super::{Lab, config_map, refusal};

#[tokio::test]
async fn an_answer_can_come_after_the_effect() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    let after = lab.server.faults().add(Fault::on("create", "configmaps").name("a").answer(500).after_effect());
    assert_eq!(refusal(maps.create(&PostParams::default(), &config_map("a")).await).code, 500);
    assert!(maps.get_opt("a").await.unwrap().is_some());
    let before = lab.server.faults().add(Fault::on("create", "configmaps").name("b").answer(500));
    assert_eq!(refusal(maps.create(&PostParams::default(), &config_map("b")).await).code, 500);
    assert!(maps.get_opt("b").await.unwrap().is_none());
    assert_eq!((after.fired(), before.fired()), (1, 1));
    lab.server.faults().assert_all_fired();
}

#[tokio::test]
async fn a_connection_can_be_dropped() {
    let lab = Lab::new().await;
    let drop = lab.server.faults().add(Fault::on("create", "configmaps").drop_connection().after_effect());
    assert!(lab.config_maps().create(&PostParams::default(), &config_map("a")).await.is_err());
    assert!(lab.config_maps().get_opt("a").await.unwrap().is_some());
    drop.assert_fired();
}

#[tokio::test]
async fn too_many_requests_and_delays() {
    let lab = Lab::new().await;
    let busy = lab.server.faults().add(Fault::on("get", "configmaps").answer(429).retry_after(1));
    let delay = lab.server.faults().add(Fault::on("list", "configmaps").delay(Duration::from_millis(150)));
    let begun = Instant::now();
    lab.config_maps().list(&ListParams::default()).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(150));
    // kube's client waits as it is told, and asks again.
    assert!(lab.config_maps().get_opt("a").await.unwrap().is_none());
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!((busy.fired(), delay.fired()), (1, 1));
}

#[tokio::test]
async fn a_stale_list_is_what_it_was() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &config_map(name)).await.unwrap();
    }
    let stale = lab.server.faults().add(Fault::on("list", "configmaps").stale_list(1));
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items.len(), 1);
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items.len(), 2);
    stale.assert_fired();
    // A server that has restarted may be behind, too.
    lab.server.restart().await;
    let stale = lab.server.faults().add(Fault::on("list", "configmaps").stale_list(1));
    assert_eq!(maps.list(&ListParams::default()).await.unwrap().items.len(), 1);
    stale.assert_fired();
}

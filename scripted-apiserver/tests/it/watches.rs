use std::collections::BTreeSet;
use std::time::Duration;

use futures::{Stream, StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, WatchParams};
use kube::core::WatchEvent;
use kube::runtime::{WatchStreamExt, watcher};
use scripted_apiserver::Fault;
use serde_json::json;

use super::{Lab, config_map, refusal};

/// The names of the objects that a watcher knows once it knows this one.
async fn until(
    stream: impl Stream<Item = watcher::Result<watcher::Event<ConfigMap>>>,
    wanted: &str,
) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let mut stream = std::pin::pin!(stream.default_backoff());
    let collect = async {
        while !known.contains(wanted) {
            let name = |map: &ConfigMap| map.metadata.name.clone().unwrap();
            match stream.next().await.unwrap() {
                Ok(watcher::Event::Apply(map) | watcher::Event::InitApply(map)) => {
                    known.insert(name(&map));
                }
                Ok(watcher::Event::Delete(map)) => {
                    known.remove(&name(&map));
                }
                Ok(watcher::Event::Init) => known.clear(),
                _ => {}
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(8), collect).await.expect("the watcher goes on");
    known
}

#[tokio::test]
async fn kubes_watchers_follow_by_lists_and_by_streams() {
    for config in [watcher::Config::default().page_size(2), watcher::Config::default().streaming_lists()] {
        let lab = Lab::new().await;
        for name in ["a", "b", "c"] {
            lab.config_maps().create(&PostParams::default(), &config_map(name)).await.unwrap();
        }
        let stream = watcher(lab.config_maps(), config);
        let late = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            lab.config_maps().create(&PostParams::default(), &config_map("late")).await.unwrap();
        };
        let (known, ()) = tokio::join!(until(stream, "late"), late);
        assert_eq!(known.len(), 4);
        assert_eq!(lab.server.requests().iter().filter(|request| request.verb == "watch").count(), 1);
    }
}

#[tokio::test]
async fn a_label_that_changes_enters_and_leaves_a_watch() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    let params = WatchParams::default().labels("x=1").timeout(5);
    let mut events = std::pin::pin!(maps.watch(&params, "0").await.unwrap());
    maps.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let label = |value| Patch::Merge(json!({"metadata": {"labels": {"x": value}}}));
    for value in ["1", "2", "1"] {
        maps.patch("a", &PatchParams::default(), &label(value)).await.unwrap();
    }
    maps.delete("a", &DeleteParams::default()).await.unwrap();
    let mut kinds = Vec::new();
    while kinds.len() < 4 {
        kinds.push(match events.try_next().await.unwrap().unwrap() {
            WatchEvent::Added(_) => "added",
            WatchEvent::Modified(_) => "modified",
            WatchEvent::Deleted(_) => "deleted",
            WatchEvent::Bookmark(_) => continue,
            WatchEvent::Error(error) => panic!("{error}"),
        });
    }
    assert_eq!(kinds, ["added", "deleted", "added", "deleted"]);
}

#[tokio::test]
async fn a_compacted_version_is_gone_in_the_stream() {
    let lab = Lab::new().await;
    lab.config_maps().create(&PostParams::default(), &config_map("a")).await.unwrap();
    lab.server.compact();
    let mut events = std::pin::pin!(lab.config_maps().watch(&WatchParams::default(), "1").await.unwrap());
    match events.try_next().await.unwrap().unwrap() {
        WatchEvent::Error(error) => assert_eq!((error.code, error.reason.as_str()), (410, "Expired")),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn watchers_survive_cuts_410_and_a_restart() {
    let lab = &Lab::new().await;
    let faults = lab.server.faults();
    let cut = faults.add(Fault::on("watch", "configmaps").nth(1).cut_after(1));
    let gone = faults.add(Fault::on("watch", "configmaps").nth(2).gone_after(1));
    let twice = faults.add(Fault::on("watch", "configmaps").nth(3).duplicate_event(1));
    let stream = watcher(lab.config_maps(), watcher::Config::default());
    let create = |name: String| async move {
        lab.config_maps().create(&PostParams::default(), &config_map(&name)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(30)).await;
    };
    let feed = async {
        let mut number = 0;
        while cut.fired() == 0 || gone.fired() == 0 || twice.fired() == 0 {
            create(format!("m{number}")).await;
            number += 1;
        }
        lab.server.restart().await;
        create("last".to_owned()).await;
    };
    let (_, ()) = tokio::join!(until(stream, "last"), feed);
    for fault in [cut, gone, twice] {
        fault.assert_fired();
    }
}

#[tokio::test]
async fn a_watch_can_begin_with_410_and_can_stall() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    let gone = lab.server.faults().add(Fault::on("watch", "configmaps").answer(410));
    let begun = maps.watch(&WatchParams::default(), "1").await.map(|_| ());
    assert_eq!(refusal(begun).code, 410);
    assert_eq!(gone.fired(), 1);
    let stall = lab.server.faults().add(Fault::on("watch", "configmaps").stall_after(1));
    let mut events = std::pin::pin!(maps.watch(&WatchParams::default(), "0").await.unwrap());
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &config_map(name)).await.unwrap();
    }
    assert!(matches!(events.try_next().await.unwrap().unwrap(), WatchEvent::Added(_)));
    assert!(tokio::time::timeout(Duration::from_millis(200), events.try_next()).await.is_err());
    stall.assert_fired();
}

#[tokio::test]
async fn events_of_two_objects_can_come_in_another_order() {
    let lab = Lab::new().await;
    let maps = lab.config_maps();
    let reorder = lab.server.faults().add(Fault::on("watch", "configmaps").reorder_event(1));
    let mut events = std::pin::pin!(maps.watch(&WatchParams::default(), "0").await.unwrap());
    for name in ["a", "b"] {
        maps.create(&PostParams::default(), &config_map(name)).await.unwrap();
    }
    let mut order = Vec::new();
    while order.len() < 2 {
        if let WatchEvent::Added(map) = events.try_next().await.unwrap().unwrap() {
            order.push(map.metadata.name.unwrap());
        }
    }
    assert_eq!(order, ["b", "a"]);
    reorder.assert_fired();
    // What nothing overtakes comes all the same.
    let reorder = lab.server.faults().add(Fault::on("watch", "configmaps").reorder_event(1)).may_stay_away();
    let version = maps.get("b").await.unwrap().metadata.resource_version.unwrap();
    let mut events = std::pin::pin!(maps.watch(&WatchParams::default(), &version).await.unwrap());
    maps.create(&PostParams::default(), &config_map("c")).await.unwrap();
    assert!(matches!(events.try_next().await.unwrap().unwrap(), WatchEvent::Added(_)));
    assert_eq!(reorder.fired(), 0);
}

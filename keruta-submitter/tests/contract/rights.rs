//! The Roles that `keruta-manifest install` gives are enough for everything, and hold nothing that is not needed.

use std::path::PathBuf;
use std::time::Duration;

use keruta_manifest::install::{Component, InstallPlan};
use keruta_manifest::object::Object;
use keruta_submitter::cleanup::{self, Inventory, Retention, carry_out, plan};
use keruta_submitter::cluster::{Cluster, ClusterConfig, Environment};
use keruta_submitter::lease::{Candidacy, LeaseConfig};
use keruta_submitter::stop::Stopped;
use keruta_submitter::{Cause, Outcome};
use scripted_apiserver::{ImageTrouble, Trouble};
use serde_json::{Value, json};

use crate::backend::World;
use crate::cancel::cancel;
use crate::workload::{Behaviour, Workload};

/// A client of the real cluster that acts as another user.
pub(crate) fn acting_as(user: &str) -> Cluster {
    let config = ClusterConfig {
        kubeconfig: std::env::var_os("KERUTA_TEST_KUBECONFIG").map(PathBuf::from),
        impersonate: Some(user.to_owned()),
        ..ClusterConfig::default()
    };
    Cluster::connect(&config, &Environment::of_process()).unwrap()
}

/// Installs the submitter's Roles in the namespace, and goes on with nothing but them.
async fn with_the_installed_roles(world: &mut World) {
    let name = world.namespace.clone();
    let install = InstallPlan::new().system_namespace(&name).unwrap().task_namespaces([&name]).unwrap();
    let objects = install.submitter("submitter").unwrap().only([Component::Rbac]).objects();
    if let Some(server) = &world.scripted {
        let role = |object: &Object| match object {
            Object::Role(role) => Some(serde_json::to_value(role).unwrap()),
            _ => None,
        };
        let roles: Vec<Value> = objects.iter().filter_map(role).collect();
        assert_eq!(roles.len(), 2);
        return server.allow_only(roles);
    }
    for object in objects {
        match object {
            Object::Role(role) => drop(world.admin.create(&name, role.as_ref()).await.unwrap()),
            Object::RoleBinding(binding) => drop(world.admin.create(&name, binding.as_ref()).await.unwrap()),
            other => panic!("{}", other.kind()),
        }
    }
    world.cluster = acting_as(&format!("system:serviceaccount:{name}:submitter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_installed_roles_are_enough_for_everything() {
    let mut world = World::start("roles").await;
    with_the_installed_roles(&mut world).await;
    // Submit with a file and a claim, again, follow, logs, verdict, finalizer.
    let main = Behaviour::new().shell("cat /etc/a.txt; echo").told("A");
    let task = Workload::new("a", &main)
        .with("files", json!([{"path": "/etc/a.txt", "content": "A"}]))
        .with("workspace", json!({"kind": "pvc", "size": "16Mi", "retention": "delete-with-task"}));
    world.submit(&task).await;
    let verdict = world.run(&task).await;
    assert_eq!(verdict.outcome, Outcome::Completed, "{verdict:#?}");
    assert_eq!(world.lines("main"), ["A"]);
    // A state that Events tell, which is ended by an order on the Job.
    let message = "MountVolume.SetUp failed for volume \"site\" : configmap \"absent\" not found";
    let volume = json!({"name": "site", "mountPath": "/etc/site", "source": {"configMap": {"name": "absent"}}});
    let stuck = Workload::new("stuck", &main).with("volumes", json!([volume])).scripted(|mut life| {
        life.failed_mount = Some(Trouble::lasting(message));
        life
    });
    assert_eq!(world.run(&stuck).await.outcome, Outcome::Failed(Cause::CreateContainer));
    let trouble = Trouble::lasting("registry.invalid/nothing:1: not found");
    let pull = Workload::new("pull", &main)
        .with("image", "registry.invalid/nothing:1".into())
        .scripted(|life| life.image("main", ImageTrouble::PullFails(trouble)));
    assert_eq!(world.run(&pull).await.outcome, Outcome::Failed(Cause::ImagePull));
    // Cancel of what runs not yet.
    let early = Workload::new("early", &main);
    assert!(matches!(cancel(&world, &early).await, Stopped::Tombstone { .. }));
    world.follow(&[&early]).ended().await;
    // Cleanup of all of it.
    let zero = "0s".parse().unwrap();
    let retention = Retention::default().jobs(Some(zero)).orphans(zero).evidence(zero);
    for _ in 0..2 {
        let inventory = Inventory::list(&world.cluster, &world.namespace).await.unwrap();
        for removal in plan(&inventory, &retention, jiff::Timestamp::now()) {
            let outcome = carry_out(&world.cluster, &removal, false).await.unwrap();
            assert!(matches!(outcome, cleanup::Outcome::Done | cleanup::Outcome::Gone), "{removal:?}: {outcome:?}");
        }
    }
    assert_eq!(world.count_jobs().await, 0);
    // The lease, of the submitter's own name.
    let seat = Candidacy::start(world.cluster.clone(), LeaseConfig::new(&world.namespace, "submitter", "a"));
    tokio::time::timeout(Duration::from_secs(10), seat.elected()).await.unwrap();
    seat.shutdown().await;
    world.finish().await;
}

#[tokio::test]
async fn a_follower_without_the_right_to_watch_says_so() {
    let mut world = World::start("nowatch").await;
    match &world.scripted {
        Some(server) => server.allow_only(Vec::new()),
        None => world.cluster = acting_as("nobody"),
    }
    let journal: std::sync::Arc<keruta_submitter::journal::MemoryJournal> = std::sync::Arc::clone(&world.journal);
    let follower = keruta_submitter::follow::Follower::new(world.cluster.clone(), journal, world.options());
    let error = follower.run(tokio_util::sync::CancellationToken::new()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("list") && (text.contains("jobs") || text.contains("pods")), "{text}");
    world.finish().await;
}

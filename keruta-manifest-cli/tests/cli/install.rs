//! `install`.

use super::world::World;

#[test]
fn the_whole_installation_and_its_parts() {
    let world = World::new();
    let names = |args: &[&str]| {
        let run = world.run(&[&["install", "-o", "name"], args].concat());
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{args:?}");
        run.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let all = names(&[]);
    assert!(all.contains(&"namespace/keruta-tasks".to_owned()), "{all:?}");
    assert!(all.iter().any(|name| name.starts_with("networkpolicy.networking.k8s.io/")), "{all:?}");
    let rbac = names(&["--only", "rbac,service-account"]);
    assert!(rbac.len() > 2 && rbac.iter().all(|name| name.starts_with("role") || name.starts_with("serviceaccount/")));
    let two = names(&["--only", "namespace", "-n", "team-a", "-n", "team-b", "--system-namespace", "sys"]);
    assert_eq!(two.len(), 3, "{two:?}");
    // Not part of the whole, because their numbers suit no two clusters; there for who asks.
    assert!(!all.iter().any(|name| name.starts_with("resourcequota/") || name.starts_with("limitrange/")), "{all:?}");
    let limits = names(&["--only", "resource-quota,limit-range"]);
    assert!(limits.len() == 2 && limits[0].starts_with("resourcequota/"), "{limits:?}");
    assert!(two.contains(&"namespace/team-b".to_owned()) && two.contains(&"namespace/sys".to_owned()));
}

#[test]
fn manifests_in_every_form() {
    let world = World::new();
    let yaml = world.run(&["install", "--pod-security", "restricted"]).stdout;
    assert!(yaml.contains("pod-security.kubernetes.io/enforce: restricted"));
    let json = world.run(&["install", "-o", "json"]).stdout;
    let list: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(list["items"].as_array().unwrap().len(), yaml.split("---\n").count());
}

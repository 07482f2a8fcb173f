//! `schema`.

use serde_json::Value;

use super::world::World;

#[test]
fn every_schema_is_one() {
    let world = World::new();
    for (of, title, field) in [
        ("task", "keruta task", "repository"),
        ("settings", "keruta settings", "defaultImage"),
        ("report", "keruta report", "diagnostics"),
    ] {
        let run = world.run(&["schema", of]);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        let schema: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["title"], title);
        assert!(schema["properties"].get(field).is_some(), "{of}");
        assert!(!run.stdout.contains("PhantomData") && !run.stdout.contains("crate::"), "{of}");
    }
}

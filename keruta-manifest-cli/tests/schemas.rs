//! The schemas that `keruta-manifest schema` prints are those of `fixtures/schemas/`, with which an editor checks files.

use std::path::Path;
use std::process::Command;

#[test]
fn the_committed_schemas_are_those_that_are_printed() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/schemas");
    for name in ["task", "settings", "report"] {
        let output = Command::new(env!("CARGO_BIN_EXE_keruta-manifest")).args(["schema", name]).output().unwrap();
        assert!(output.status.success());
        let path = schemas.join(format!("{name}.schema.json"));
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            std::fs::write(&path, &output.stdout).unwrap();
        }
        let committed = std::fs::read(&path).unwrap_or_default();
        assert!(
            committed == output.stdout,
            "{name}.schema.json is not up to date: run this test with UPDATE_SCHEMAS=1"
        );
    }
}

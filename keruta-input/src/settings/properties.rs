//! Settings in Java properties, as [`crate::locate::properties`] reads them.

use serde_json::Value;

use super::text_value::{self, TextLeaf};
use crate::locate::properties::ours;

/// The settings in the text, as a tree, and the values in it that are texts of unknown type.
pub(crate) fn read(text: &str) -> (Value, Vec<TextLeaf>) {
    let mut tree = Value::Object(serde_json::Map::new());
    let mut leaves = Vec::new();
    for (path, entry) in ours(text) {
        // What is written as empty is not set, as in the documents' own file.
        if !entry.value.is_empty() {
            text_value::put(&mut tree, &path, &entry.value, &mut leaves);
        }
    }
    (tree, leaves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_any_of_springs_spellings() {
        let text = "keruta.kubernetes.default-namespace=a\nkeruta.kubernetes.workspace.mountPath = /w\n\
                    keruta.kubernetes.in_cluster=true\nspring.main.x=1\nkeruta.kubernetes.config-path=\n\
                    keruta.kubernetes.pod.image-pull-secrets[0]=s\nkeruta.kubernetes.pod.labels[a.b/c]=d\n";
        let (tree, _) = read(text);
        assert_eq!(
            tree,
            serde_json::json!({
                "defaultNamespace": "a", "inCluster": true, "workspace": {"mountPath": "/w"},
                "pod": {"imagePullSecrets": ["s"], "labels": {"a.b/c": "d"}},
            })
        );
    }
}

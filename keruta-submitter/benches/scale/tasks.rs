//! The tasks: each a repository checked out into a claim, and a script.

use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, render};
use keruta_manifest::{Settings, Task};
use keruta_submitter::bundle::Bundle;
use serde_json::json;

use crate::Outcome;
use crate::arguments::Arguments;

/// Makes the objects of the tasks.
pub(crate) struct Tasks {
    settings: Settings,
    namespace: String,
    storage_class: Option<String>,
}

impl Tasks {
    pub(crate) fn new(arguments: &Arguments, namespace: &str) -> Outcome<Self> {
        let settings = json!({"apiTokenSecret": null}).to_string();
        Ok(Self {
            settings: Settings::from_json(&settings)?,
            namespace: namespace.to_owned(),
            storage_class: arguments.storage_class.clone(),
        })
    }

    pub(crate) fn bundle(&self, number: usize) -> Outcome<Bundle> {
        let mut repository = json!({
            "url": "https://github.com/acme/shop.git", "ref": "main", "pvcStorageSize": "1Mi",
        });
        if let Some(class) = &self.storage_class {
            repository["pvcStorageClass"] = class.as_str().into();
        }
        let task = json!({
            "id": format!("fix-login-{number}"),
            "title": "Fix the login redirect",
            "description": "After logging in, the user lands on /undefined.\nSee the failing test in test/login.spec.ts.",
            "priority": 5,
            "status": "PENDING",
            "createdAt": "2025-04-01T09:00:00+09:00",
            "updatedAt": "2025-04-01T09:05:30+09:00",
            "image": "node:22-slim",
            "repository": repository,
            "script": "npm ci\nnpm test\n",
            "nodeSelector": {"keruta.dev/scale-benchmark": "no-such-node"},
            "ttlSecondsAfterFinished": 86400,
        });
        let task = Task::from_json(&task.to_string())?;
        let rendered = render(&task, &self.settings, &Lineage::of(&task), &RenderOptions::default())?;
        Ok(Bundle::of_rendered(rendered, &self.namespace)?)
    }
}

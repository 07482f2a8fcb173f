//! Tasks as they may come: each field there or not, each text plain or hostile.

use keruta_manifest::lineage::Lineage;
use keruta_manifest::render::{RenderOptions, Rendered, render};
use keruta_manifest::{Settings, Task, read};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// So many cases; a failing one is told, not kept in a file.
pub(crate) fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

/// A text that would like to be something else: an expansion, a command, another YAML value, an option.
pub(crate) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z0-9 .,]{0,30}",
        "\\PC{0,20}",
        "[$(){}`'\";|&<>\\\\!*?~# \n\ta-cA-C_-]{0,30}",
        prop::sample::select(vec![
            "$(touch pwned)",
            "`touch pwned`",
            "'; touch pwned; '",
            "\"; touch pwned; \"",
            "$(KERUTA_API_TOKEN)",
            "$$",
            "$$(A)",
            "--upload-pack=touch pwned",
            "-oProxyCommand=touch pwned",
            "on",
            "null",
            "~",
            "1e3",
            "a: b",
            "- a",
            "---",
            "#!/bin/sh\ntouch pwned\n",
            "|\n  x",
            "\n\n",
            " ",
            "\t",
            "\r\n",
            "\u{feff}x",
            "${IFS}touch${IFS}pwned",
            "%s%n",
            "\\\n",
            "x\u{85}y\u{2028}z",
        ])
        .prop_map(str::to_owned),
    ]
}

fn id() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z0-9]([-a-z0-9]{0,40}[a-z0-9])?", "[a-z0-9]{50,60}", "\\S{1,20}", "[A-Z]{1,5}-[0-9]{1,4}"]
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof![20 => "[a-z]([-a-z0-9]{0,20}[a-z0-9])?", 1 => "[a-z0-9]{60,64}", 1 => "\\PC{1,5}"]
}

fn arg() -> impl Strategy<Value = Value> {
    prop_oneof![4 => text().prop_map(Value::from), 1 => text().prop_map(|text| json!({ "expand": text }))]
}

fn env() -> impl Strategy<Value = Value> {
    let source = prop_oneof![
        5 => text().prop_map(Value::from),
        1 => text().prop_map(|text| json!({ "expand": text })),
        1 => label().prop_map(|name| json!({ "secret": { "name": name, "key": "key" } })),
        1 => Just(json!({ "field": "status.podIP" })),
        1 => Just(json!({ "resource": "limits.memory" })),
    ];
    let name = prop_oneof![30 => "[A-Z_][A-Z0-9_]{0,8}", 1 => "KERUTA_TASK_ID|GIT_CONFIG_COUNT|GIT_CONFIG_KEY_0", 1 => "\\PC{1,3}"];
    vec((name, source), 0..4).prop_map(|variables| Value::Object(variables.into_iter().collect()))
}

fn repository() -> impl Strategy<Value = Value> {
    let url = prop_oneof![
        16 => "https://git\\.example/[a-z]{1,8}/[a-z]{1,8}\\.git",
        1 => "git@git\\.example:[a-z]{1,8}/[a-z]{1,8}\\.git",
        2 => text(),
        2 => text().prop_map(|text| format!("https://git.example/{text}")),
    ];
    let git_ref = prop_oneof![3 => "[a-z]{1,8}(/[a-z]{1,8})?".prop_map(String::from), 1 => "[0-9a-f]{40}", 2 => text()];
    (url, of(git_ref), of(0_u32..5), any::<[bool; 3]>(), of(text()), vec(text(), 0..3), of(0_usize..2)).prop_map(
        |(url, git_ref, depth, [submodules, lfs, plain], path, sparse, credentials)| {
            let mut repository = json!({ "url": url, "submodules": submodules, "lfs": lfs });
            put(&mut repository, "ref", git_ref);
            put(&mut repository, "depth", depth);
            if !plain {
                put(&mut repository, "path", path);
                put(&mut repository, "sparse", Some(sparse));
                let kinds =
                    [json!({ "tokenSecret": { "name": "token" } }), json!({ "sshKeySecret": { "name": "key" } })];
                put(&mut repository, "credentials", credentials.and_then(|kind| kinds.get(kind).cloned()));
            }
            repository
        },
    )
}

fn step() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => label().prop_map(|service| json!({ "waitForService": { "service": service } })),
        1 => (text(), 0_u32..70000).prop_map(|(host, port)| json!({ "waitForTcp": { "host": host, "port": port } })),
        3 => (1_u32..65536).prop_map(|port| json!({ "waitForTcp": { "host": "db", "port": port } })),
        1 => text().prop_map(|path| json!({ "waitForHttp": { "url": format!("http://a.example/{path}") } })),
        3 => (0_u32..100).prop_map(|seconds| json!({ "sleep": { "duration": seconds } })),
        2 => (text(), arg(), env())
            .prop_map(|(name, content, env)| json!({ "writeFile": { "path": format!("/work/{name}"), "content": content, "env": env } })),
        2 => (arg(), "[ -~]{0,20}").prop_map(|(body, header)| {
            json!({ "callHttp": { "url": "http://a.example/", "body": body, "headers": { "X-Text": header, "X-Secret": { "secret": { "name": "s", "key": "k" } } } } })
        }),
        3 => (label(), vec(arg(), 0..3), env())
            .prop_map(|(name, args, env)| json!({ "run": { "name": name, "image": "busybox:1.37", "args": args, "env": env } })),
    ]
}

fn volume() -> impl Strategy<Value = Value> {
    let source = prop_oneof![
        Just(json!({ "emptyDir": { "sizeLimit": "1Gi" } })),
        Just(json!({ "pvc": { "claimName": "data" } })),
        Just(json!({ "secret": { "name": "s", "items": { "k": "f" } } })),
        Just(json!({ "ephemeral": { "size": "1Gi" } })),
    ];
    (label(), "(/[a-z]{1,6}){1,2}", source)
        .prop_map(|(name, path, source)| json!({ "name": name, "mountPath": path, "source": source }))
}

fn quantity() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[1-9][0-9]{0,2}(Mi|Gi|M|G)?", 1 => "[1-9][0-9]{0,3}m", 1 => text()]
}

fn put<T: Into<Value>>(object: &mut Value, key: &str, value: Option<T>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(key.to_owned(), value.into());
    }
}

/// A task's JSON; many of these are refused, which is an answer too.
pub(crate) fn task() -> impl Strategy<Value = Value> {
    let texts = (of(text()), of(text()), of(text()), vec(arg(), 0..3), vec(arg(), 0..3));
    let lists = (vec(step(), 0..4), vec(volume(), 0..3), vec(("(/[a-z]{1,6}){1,2}", text()), 0..3), env());
    let rest = (of(repository()), of(id()), of(1_u32..4), of(quantity()), of(label()), of(-2_i64..9));
    let kind = of(prop::sample::select(vec!["pvc", "emptyDir", "ephemeral"]));
    (id(), texts, lists, rest, kind).prop_map(|(id, texts, lists, rest, kind)| {
        let (title, description, script, command, args) = texts;
        let (steps, volumes, files, env) = lists;
        let (repository, parent, attempt, size, namespace, priority) = rest;
        let files: Vec<Value> = files.into_iter().map(|(path, content)| json!({ "path": path, "content": content })).collect();
        let mut task = json!({ "id": id, "image": "busybox:1.37", "initSteps": steps, "volumes": volumes, "files": files, "env": env });
        put(&mut task, "title", title);
        put(&mut task, "description", description);
        if script.is_none() {
            put(&mut task, "command", Some(command));
            put(&mut task, "args", Some(args));
        }
        put(&mut task, "script", script);
        put(&mut task, "repository", repository);
        put(&mut task, "parentId", parent);
        put(&mut task, "attempt", attempt);
        put(&mut task, "namespace", namespace);
        put(&mut task, "priority", priority);
        let mut workspace = Map::new();
        workspace.extend(size.map(|size| ("size".to_owned(), size.into())));
        workspace.extend(kind.map(|kind| ("kind".to_owned(), kind.into())));
        put(&mut task, "workspace", Some(Value::Object(workspace)));
        task
    })
}

pub(crate) fn settings() -> impl Strategy<Value = Value> {
    let profile = prop::sample::select(vec!["none", "baseline", "restricted"]);
    (profile, prop::sample::select(vec!["strict", "hashed"]), any::<bool>()).prop_map(
        |(profile, names, setup)| json!({ "security": { "profile": profile }, "names": names, "setup": setup }),
    )
}

/// The objects, where task and settings are accepted.
pub(crate) fn rendered(task: &Value, settings: &Value) -> Option<(Task, Rendered)> {
    let task: Task = read::from_value(task.clone()).ok()?;
    let settings: Settings = read::from_value(settings.clone()).unwrap();
    let rendered = render(&task, &settings, &Lineage::of(&task), &RenderOptions::default()).ok()?;
    Some((task, rendered))
}

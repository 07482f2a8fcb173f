//! Wrong tasks, settings and flags: each with its exit code and its message, and nothing on standard output.

use std::fmt::Write as _;

use super::world::{GOOD, World};

/// One wrong input.
struct Case {
    name: &'static str,
    /// Files beside `task.json`, which is a good task where the case has none of its own.
    files: Vec<(&'static str, String)>,
    variables: Vec<(&'static str, &'static str)>,
    args: Vec<&'static str>,
    code: i32,
}

const RENDER: [&str; 3] = ["render", "--task", "task.json"];

/// A task that is wrong in one field.
fn task(name: &'static str, fields: &str) -> Case {
    whole_task(name, format!("{{\n  \"id\": \"task-1\",\n  \"image\": \"a/b:1\",\n  {fields}\n}}\n"))
}

fn whole_task(name: &'static str, text: impl Into<String>) -> Case {
    Case { name, files: vec![("task.json", text.into())], variables: vec![], args: RENDER.to_vec(), code: 3 }
}

/// A settings file that is wrong.
fn settings(name: &'static str, file: &'static str, text: &str) -> Case {
    let args = [&RENDER[..], &["--settings", file]].concat();
    Case { name, files: vec![(file, text.to_owned())], variables: vec![], args, code: 3 }
}

/// Flags that are wrong.
fn flags(name: &'static str, code: i32, args: &[&'static str]) -> Case {
    Case { name, files: vec![], variables: vec![], args: args.to_vec(), code }
}

/// A variable that is wrong.
fn variable(name: &'static str, pair: (&'static str, &'static str)) -> Case {
    Case { name, files: vec![], variables: vec![pair], args: RENDER.to_vec(), code: 3 }
}

fn check(snapshot: &str, cases: Vec<Case>) {
    let mut page = String::new();
    for case in cases {
        let mut world = World::new().file("task.json", GOOD);
        for (name, text) in &case.files {
            world = world.file(name, text);
        }
        for (name, value) in &case.variables {
            world = world.variable(name, value);
        }
        let run = world.run(&case.args);
        assert_eq!(run.stdout, "", "{}: standard output is not empty", case.name);
        write!(page, "## {}\n$ ", case.name).unwrap();
        for (name, value) in &case.variables {
            write!(page, "{name}={value} ").unwrap();
        }
        writeln!(page, "keruta-manifest {}", case.args.join(" ")).unwrap();
        writeln!(page, "exit {}\n{}", run.code, run.stderr).unwrap();
        assert_eq!(run.code, case.code, "{}: {}", case.name, run.stderr);
    }
    insta::with_settings!({prepend_module_to_snapshot => false, omit_expression => true}, {
        insta::assert_snapshot!(snapshot, page);
    });
}

#[test]
fn tasks_that_are_no_tasks() {
    check(
        "bad_documents",
        vec![
            whole_task("an empty file", ""),
            whole_task("blanks only", " \n\t\n"),
            whole_task("YAML instead of JSON", "id: task-1\nimage: python\n"),
            whole_task("an object that is not closed", "{\"id\": \"task-1\", \"image\": \"a:1\"\n"),
            whole_task("a trailing comma", "{\"id\": \"task-1\", \"image\": \"a:1\",}\n"),
            whole_task("an array that is not closed", format!("[{GOOD}")),
            whole_task("a text", "\"task-1\"\n"),
            whole_task("a number in an array", "[1]\n"),
            whole_task("a field given twice", "{\"id\": \"task-1\",\n \"image\": \"a:1\", \"image\": \"b:1\"}\n"),
            whole_task("a field and its alias", "{\"id\": \"t\", \"parentId\": \"a\", \"parentTaskId\": \"b\"}\n"),
            whole_task("no id", "{\"image\": \"a:1\"}\n"),
            whole_task("no image anywhere", "{\"id\": \"task-1\"}\n"),
            whole_task(
                "nested too deep",
                format!("{{\"id\": \"t\", \"logs\": {}1{}}}", "[".repeat(200), "]".repeat(200)),
            ),
            whole_task("a control character in a text", "{\"id\": \"t\", \"title\": \"a\tb\"}\n"),
            whole_task(
                "several problems at once",
                "{\"id\": \"A b\", \"image\": \"No Such\", \"prority\": 1,\n \"env\": {\"1\": 2}}\n",
            ),
        ],
    );
}

#[test]
fn tasks_with_wrong_values() {
    check(
        "bad_values",
        vec![
            task("two fields that are nearly known", "\"id2\": 1, \"titel\": \"x\""),
            whole_task("an id that is no name", "{\"id\": \"Task_1\", \"image\": \"a/b:1\"}\n"),
            whole_task(
                "an id that is too long for a Job",
                format!("{{\"id\": \"{}\", \"image\": \"a/b:1\"}}\n", "x".repeat(64)),
            ),
            whole_task("a reference that is no image", "{\"id\": \"t\", \"image\": \"a/B:1\"}\n"),
            task("a number for a text", "\"title\": 5"),
            task("a text for a number", "\"priority\": \"high\""),
            task("an unknown status", "\"status\": \"DONE\""),
            task("a time that is none", "\"createdAt\": \"yesterday\""),
            task("a NUL", "\"title\": \"a\\u0000b\""),
            task("a misspelt field", "\"repositroy\": {}"),
            task("a namespace that is no label", "\"namespace\": \"Team_A\""),
            task("a parent that is the task itself", "\"parentId\": \"task-1\""),
            task("an attempt of nought", "\"attempt\": 0"),
            task("a negative backoffLimit", "\"backoffLimit\": -1"),
            task("an env name that is none", "\"env\": {\"A=B\": \"x\"}"),
            task("a reserved env name", "\"env\": {\"KERUTA_TASK_ID\": \"x\"}"),
            task("an env value that is a number", "\"env\": {\"A\": 1}"),
            task("a secret without its key", "\"env\": {\"A\": {\"secret\": {\"name\": \"s\"}}}"),
            task("a quantity that is none", "\"resources\": {\"requests\": {\"cpu\": \"one\"}}"),
            task(
                "a request above its limit",
                "\"resources\": {\"requests\": {\"cpu\": \"2\"}, \"limits\": {\"cpu\": \"1\"}}",
            ),
            task("an unknown size class", "\"size\": \"huge\""),
            task("a size and resources", "\"size\": \"small\", \"resources\": {}"),
            task("a script and a command", "\"script\": \"true\", \"command\": [\"true\"]"),
            task("a relative working directory", "\"workingDir\": \"work\""),
            task("a URL of a command transport", "\"repository\": {\"url\": \"ext::sh -c id\"}"),
            task("a URL that is an option", "\"repository\": {\"url\": \"--upload-pack=x\"}"),
            task("a URL with a password", "\"repository\": {\"url\": \"https://a:b@example.com/x.git\"}"),
            task(
                "a ref that is an option",
                "\"repository\": {\"url\": \"https://example.com/x.git\", \"ref\": \"--x\"}",
            ),
            task(
                "a checkout outside of the workspace",
                "\"repository\": {\"url\": \"https://example.com/x.git\", \"path\": \"../x\"}",
            ),
            task("an unknown access mode", "\"workspace\": {\"accessMode\": \"ReadWriteSometimes\"}"),
            task("a workspace of nothing", "\"workspace\": {\"size\": \"0\"}"),
            task("a step of an unknown kind", "\"initSteps\": [{\"nap\": {}}]"),
            task(
                "a probe on an init step",
                "\"initSteps\": [{\"run\": {\"name\": \"a\", \"image\": \"a:1\", \"livenessProbe\": {}}}]",
            ),
            task("a port that is none", "\"initSteps\": [{\"waitForTcp\": {\"host\": \"db\", \"port\": 70000}}]"),
            task(
                "two volumes of one name",
                "\"volumes\": [{\"name\": \"a\", \"mountPath\": \"/a\", \"source\": {\"emptyDir\": {}}}, {\"name\": \"a\", \"mountPath\": \"/b\", \"source\": {\"configMap\": {\"name\": \"c\"}}}]",
            ),
            task("a patch with an unknown field", "\"podPatch\": {\"strategic\": {\"spec\": {\"hostNetwrk\": true}}}"),
            task(
                "a patch that breaks the security profile",
                "\"podPatch\": {\"strategic\": {\"spec\": {\"hostNetwork\": true}}}",
            ),
        ],
    );
}

#[test]
fn settings_that_are_wrong() {
    check(
        "bad_settings",
        vec![
            settings("TOML syntax", "s.toml", "defaultImage = \n"),
            settings("TOML: a misspelt setting", "s.toml", "[workspace]\nsiez = \"1Gi\"\n"),
            settings("TOML: a wrong value", "s.toml", "[job]\nbackoffLimit = \"many\"\n"),
            settings("TOML: a key given twice", "s.toml", "enabled = true\nenabled = false\n"),
            settings("YAML syntax", "s.yaml", "a: [1\nb: 2\n"),
            settings("YAML: a list", "s.yaml", "- a\n"),
            settings("YAML: a word for a boolean", "s.yaml", "# c\ninCluster: yes\n"),
            settings("YAML: a key given twice", "s.yaml", "workspace:\n  size: 1Gi\n  size: 2Gi\n"),
            settings("JSON syntax", "s.json", "{\"enabled\": tru}\n"),
            settings("JSON: a wrong image", "s.json", "{\n  \"images\": {\n    \"git\": \"Not An Image\"\n  }\n}\n"),
            settings(
                "properties: a misspelt setting",
                "application.properties",
                "keruta.kubernetes.default-namespce=a\n",
            ),
            settings(
                "properties: a wrong namespace",
                "application.properties",
                "a=b\nkeruta.kubernetes.default-namespace = Not_A_Label\n",
            ),
            Case { code: 2, ..settings("a file of no known format", "s.ini", "a=1\n") },
            Case { code: 5, files: vec![], ..settings("a file that is not there", "missing.toml", "") },
            variable("a variable with a wrong value", ("KERUTA_JOB__BACKOFF_LIMIT", "many")),
            variable("a variable with an unknown field", ("KERUTA_WORKSPACE__SIEZ", "1Gi")),
            variable("a variable that names no file", ("KERUTA_SETTINGS", "missing.yaml")).with_code(5),
            flags("--set with a wrong value", 3, &["render", "--task", "task.json", "--set", "workspace.size=big"]),
            flags(
                "--set with an unknown setting",
                3,
                &["render", "--task", "task.json", "--set", "workspaec.size=1Gi"],
            ),
            flags("--namespace that is no label", 3, &["render", "--task", "task.json", "-n", "Team A"]),
        ],
    );
}

#[test]
fn flags_that_are_wrong() {
    check(
        "bad_flags",
        vec![
            flags("no command", 2, &[]),
            flags("an unknown command", 2, &["rendr"]),
            flags("an unknown flag", 2, &["render", "--tsk", "task.json"]),
            flags("no task", 2, &["render"]),
            flags("a file and an id", 2, &["render", "--task", "task.json", "--id", "a"]),
            flags("an image without an id", 2, &["render", "--image", "a:1"]),
            flags("--keep-going without a file", 2, &["render", "--id", "a", "--keep-going"]),
            flags("an unknown output", 2, &["render", "--task", "task.json", "-o", "xml"]),
            flags("an unknown preset", 2, &["render", "--task", "task.json", "--preset", "java"]),
            flags("an unknown security profile", 2, &["render", "--task", "task.json", "--security", "high"]),
            flags(
                "an unknown version of Kubernetes",
                2,
                &["render", "--task", "task.json", "--kubernetes-version", "1.2"],
            ),
            flags("--set without a value", 2, &["render", "--task", "task.json", "--set", "workspace.size"]),
            flags("names into a directory", 2, &["render", "--task", "task.json", "-o", "name", "--output-dir", "out"]),
            flags("an unknown report format", 2, &["validate", "--task", "task.json", "--format", "xml"]),
            flags("a diff with nothing", 2, &["diff", "--task", "task.json"]),
            flags("a diff of standard input with itself", 2, &["diff", "--task", "-", "--against", "-"]),
            flags("tasks and lineage from standard input", 2, &["render", "--task", "-", "--lineage", "-"]),
            flags("an unknown schema", 2, &["schema", "job"]),
            flags("an unknown part of an installation", 2, &["install", "--only", "networkpolicy"]),
            flags("an installation into kube-system", 3, &["install", "-n", "kube-system"]),
            flags("an unknown shell", 2, &["completion", "tcsh"]),
            flags("verbose and quiet", 2, &["render", "--task", "task.json", "-v", "-q"]),
            flags("a file that is not there", 5, &["render", "--task", "missing.json"]),
            flags("a directory", 5, &["render", "--task", "."]),
            flags("a lineage that is not there", 5, &["render", "--task", "task.json", "--lineage", "missing.json"]),
            flags("an image that is none", 3, &["render", "--id", "a", "--image", "No Such"]),
            flags("a URL that is none", 3, &["render", "--id", "a", "--image", "a:1", "--repo", "nowhere"]),
            flags(
                "a size and a mode that are none",
                3,
                &["render", "--id", "a", "--image", "a:1", "--storage", "1Go", "--access-mode", "RWO"],
            ),
            flags("a parent that is no id", 3, &["render", "--id", "a", "--image", "a:1", "--parent", "a b"]),
            Case {
                files: vec![("lineage.json", "{\"a\": \"b\", \"b\": 1}\n".to_owned())],
                ..flags("a lineage that is none", 3, &["render", "--task", "task.json", "--lineage", "lineage.json"])
            },
            Case {
                files: vec![("lineage.json", "{\"b\": \"c\", \"c\": \"task-1\"}".to_owned())],
                ..flags(
                    "a lineage in a circle",
                    3,
                    &["render", "--id", "task-1", "--image", "a:1", "--parent", "b", "--lineage", "lineage.json"],
                )
            },
            Case {
                files: vec![("old.yaml", "a: [\n".to_owned())],
                ..flags("a diff with what is no YAML", 3, &["diff", "--task", "task.json", "--against", "old.yaml"])
            },
            Case {
                files: vec![("out", String::new())],
                ..flags("a directory that is a file", 5, &["render", "--task", "task.json", "--output-dir", "out"])
            },
        ],
    );
}

impl Case {
    fn with_code(self, code: i32) -> Self {
        Self { code, ..self }
    }
}

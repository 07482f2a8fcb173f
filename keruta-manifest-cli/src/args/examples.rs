//! The long help: what a command does and how it is used.

pub(super) const TOP: &str = "\
Examples:
  keruta-manifest render --task task.json | kubectl apply -f -
  keruta-manifest validate --task tasks.ndjson --settings keruta.toml

Try a command with --help for its examples, or `keruta-manifest man | man -l -`.";

pub(super) const TOP_LONG: &str = "\
Examples:
  keruta-manifest render --task task.json | kubectl apply -f -
  keruta-manifest render --id task-1 --image python:3.12 -- python -c 'print(1)'
  keruta-manifest validate --task tasks.ndjson --settings keruta.toml
  keruta-manifest explain --task task.json
  keruta-manifest install -n team-a | kubectl apply -f -

Exit codes:
  0   fine
  1   findings (validate, render --strict), or differences (diff)
  2   the command line makes no sense
  3   a task or the settings are invalid
  5   a file could not be read or written
  70  a bug of keruta

Environment:
  KERUTA_SETTINGS   settings files, separated as in PATH; those of --settings come after them
  KERUTA_…          a setting: KERUTA_DEFAULT_IMAGE is defaultImage,
                    KERUTA_WORKSPACE__SIZE is workspace.size
  NO_COLOR          no colour, also on a terminal";

pub(super) const RENDER_USAGE: &str = "\
keruta-manifest render [OPTIONS] --task <FILE>
       keruta-manifest render [OPTIONS] --id <ID> [-- <COMMAND>...]";

pub(super) const RENDER_ABOUT: &str = "\
Write the manifests of tasks.

Each task becomes a Job, after its PersistentVolumeClaim and ConfigMap where it needs them. A file of tasks is read \
as a stream, in any length, and written in its order. Of a single task nothing is written if anything is wrong. Of \
several tasks, those before the first wrong one are written; --keep-going also writes those after it. A JSON List \
that was stopped is left without its end, so that no reader takes it for whole.

A task that a cluster would refuse is an error. Warnings are told on standard error, those that many tasks have for the \
first three; --strict refuses them too.

Settings come from built-in defaults, then the files of KERUTA_SETTINGS and --settings, then KERUTA_… variables, \
then flags; later wins.";

pub(super) const RENDER: &str = "\
Examples:
  Apply one task:
    keruta-manifest render --task task.json | kubectl apply -f -

  A whole queue, one task a line, going on where one is wrong:
    curl -s $API/tasks | jq -c '.[]' | keruta-manifest render --task - --keep-going > jobs.yaml

  Without a file:
    keruta-manifest render --id task-1 --repo https://github.com/acme/app.git --image node:22 -- npm test

  With settings from a file and a flag, one manifest file for each task:
    keruta-manifest render -t tasks.json -s keruta.toml --set job.backoffLimit=0 --output-dir out";

pub(super) const VALIDATE_USAGE: &str = "\
keruta-manifest validate [OPTIONS] --task <FILE>
       keruta-manifest validate [OPTIONS] --id <ID> [-- <COMMAND>...]";

pub(super) const VALIDATE_ABOUT: &str = "\
Tell what is wrong with tasks, settings and the manifests they would become.

All problems are told at once, each with its place in the file, the rule it breaks and how to mend it: values that \
Kubernetes refuses, fields that are misspelt, images without a tag, secrets in plain text, volumes that two Pods \
cannot share, Pods that a namespace's Pod Security level refuses.

The report goes to standard output. The exit code is 3 if a task or the settings are invalid, else 1 if there is a \
warning or an error, else 0; notes do not count.

Where many tasks have the same finding, people and GitHub, which shows ten annotations of a kind, are told those of the \
first three tasks and how many more there are. Errors are always told, --verbose tells all, and JSON and SARIF are \
complete.";

pub(super) const VALIDATE: &str = "\
Examples:
  keruta-manifest validate --task task.json
  keruta-manifest validate --task tasks.ndjson --security restricted --kubernetes-version 1.34
  keruta-manifest validate --task tasks.json --format sarif > keruta.sarif
  keruta-manifest validate --task tasks.json --format github";

pub(super) const EXPLAIN_USAGE: &str = "\
keruta-manifest explain [OPTIONS] --task <FILE>
       keruta-manifest explain [OPTIONS] --id <ID> [-- <COMMAND>...]";

pub(super) const EXPLAIN_ABOUT: &str = "\
Write the manifests with the origin of every field.

Each line bears a comment that says where its value came from: a field of the task, a setting and the file, variable \
or flag that set it, a size class, the lineage, a patch, or a rule of keruta's own.";

pub(super) const EXPLAIN: &str = "\
Examples:
  keruta-manifest explain --task task.json --settings keruta.yaml
  keruta-manifest explain --task task.json -o json | jq '.items[].fields'";

pub(super) const DIFF_USAGE: &str = "\
keruta-manifest diff [OPTIONS] --against <FILE> --task <FILE>
       keruta-manifest diff [OPTIONS] --against <FILE> --id <ID> [-- <COMMAND>...]";

pub(super) const DIFF_ABOUT: &str = "\
Compare the manifests of tasks with a file.

Objects are matched by kind, namespace and name; what only a cluster writes (status, uid, managed fields) is left \
out. Changes that Kubernetes refuses on an existing object, such as another Pod template of a Job, are told. The exit \
code is 0 if there is no difference and 1 if there is one.";

pub(super) const DIFF: &str = "\
Examples:
  keruta-manifest diff --task task.json --against manifests/keruta-job-task-1.yaml
  kubectl get job,pvc -l app=keruta -o yaml | keruta-manifest diff --task tasks.json --against -";

pub(super) const SCHEMA: &str = "\
Examples:
  keruta-manifest schema task > task.schema.json
  keruta-manifest schema settings > keruta.schema.json";

pub(super) const INSTALL_ABOUT: &str = "\
Write what a cluster needs to run keruta, with the least rights.

Namespaces with their Pod Security labels, ServiceAccounts, the submitter's Roles, and NetworkPolicies that let task \
Pods reach DNS, the keruta API and git servers, and nothing else.";

pub(super) const INSTALL: &str = "\
Examples:
  keruta-manifest install | kubectl apply -f -
  keruta-manifest install --only rbac,network-policy -n team-a -n team-b";

pub(super) const COMPLETION: &str = "\
Examples:
  keruta-manifest completion bash > ~/.local/share/bash-completion/completions/keruta-manifest
  keruta-manifest completion zsh > ~/.zfunc/_keruta-manifest
  keruta-manifest completion fish > ~/.config/fish/completions/keruta-manifest.fish";

pub(super) const MAN: &str = "\
Examples:
  keruta-manifest man | man -l -
  keruta-manifest man --output-dir ~/.local/share/man/man1";

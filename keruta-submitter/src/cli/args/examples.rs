//! The long help: what a command does and how it is used.

pub(super) const TOP: &str = "\
Examples:
  keruta-submitter submit --task task.json --wait --logs
  keruta-submitter status
  keruta-submitter doctor

Try a command with --help for its examples, or `keruta-submitter man | man -l -`.";

pub(super) const TOP_LONG: &str = "\
Examples:
  keruta-submitter submit --task task.json --wait --logs
  keruta-manifest render --task task.json | keruta-submitter submit -f - --wait
  keruta-submitter status task-1
  keruta-submitter logs -f task-1
  keruta-submitter cancel task-1
  keruta-submitter doctor -n team-a

Exit codes:
  0    fine; the tasks are completed
  1    a task failed, or a check of doctor did (with --exit-code-from-task the container's own code)
  2    the command line makes no sense
  3    a task or the settings are invalid
  4    a task was cancelled or timed out
  5    the cluster could not or would not, or a file could not be read or written
  70   a bug of keruta
  130  detached by Ctrl-C: the tasks go on

Environment:
  KUBECONFIG        kubeconfigs, as kubectl reads them
  HTTPS_PROXY, NO_PROXY
                    the way to the API server, as kubectl goes it
  KERUTA_SETTINGS   settings files, separated as in PATH; those of --settings come after them
  KERUTA_…          a setting: KERUTA_DEFAULT_IMAGE is defaultImage, KERUTA_WORKSPACE__SIZE is workspace.size
  KERUTA_LOG        as --log-level
  KERUTA_STATE_DIR  as --state-dir
  KERUTA_REDACT_FILE, KERUTA_REDACT_ENV
                    as --redact-file and --redact-env
  NO_COLOR          no colour, also on a terminal";

pub(super) const SUBMIT_USAGE: &str = "\
keruta-submitter submit [OPTIONS] --task <FILE>
       keruta-submitter submit [OPTIONS] --manifests <FILE>
       keruta-submitter submit [OPTIONS] --id <ID> [-- <COMMAND>...]";

pub(super) const SUBMIT_ABOUT: &str = "\
Submit tasks, and follow them to their end with --wait.

Tasks are read and rendered as keruta-manifest does, or come as its manifests with -f. Everything is checked before \
anything is submitted; --keep-going submits what is valid and leaves out the rest. Submitting the same attempt again \
changes nothing, and an attempt that has had a Job is never run a second time: see retry.

Of several tasks, parents come before their children. With --wait a child is submitted when its parent has completed, \
and left out where the parent has not; without it, right after its parent.

With --wait, Ctrl-C detaches: the tasks go on. The same command again comes back to them, and logs -f looks on. A \
second Ctrl-C cancels them.";

pub(super) const SUBMIT: &str = "\
Examples:
  Run a task and see it through:
    keruta-submitter submit --task task.json --wait --logs

  In a pipeline, with a time limit, and the exit code of the task's own command:
    keruta-submitter submit --task task.json --wait --timeout 30m --exit-code-from-task

  What keruta-manifest rendered:
    keruta-manifest render --task task.json | keruta-submitter submit -f - --wait

  A whole queue, one task a line, twenty at once, with what happens as JSON lines:
    keruta-submitter submit --task tasks.ndjson --wait --max-in-flight 20 --keep-going -o ndjson

  In CI, where a step's secrets are variables, and with those that the tasks refer to:
    keruta-submitter submit --task task.json --wait --logs --redact-env DEPLOY_TOKEN,NPM_TOKEN --redact-secrets

  Without a file:
    keruta-submitter submit --id task-1 --image busybox:1.37 --wait --logs -- echo hello";

pub(super) const STATUS_ABOUT: &str = "\
Tell where tasks stand, and how they ended.

A task that has ended is told by the verdict that is recorded on its Job, with its evidence; any other by what its Job \
and Pods show now.";

pub(super) const STATUS: &str = "\
Examples:
  keruta-submitter status
  keruta-submitter status task-1 --all-attempts
  keruta-submitter status -o json | jq -r '.tasks[] | select(.status == \"FAILED\") | .task'";

pub(super) const LOGS_ABOUT: &str = "\
Write a task's log: the lines of all its containers, those of the init steps too, in the order of time.

They come from the cluster. With --journal, what was kept there by submit or follow is read where the cluster has the \
Pods no more.

It only looks, with --follow too: the rights to get, list and watch Jobs and Pods and to get pods/log are enough. How a \
task ended is recorded by whoever sees it through: submit --wait, or follow.";

pub(super) const LOGS: &str = "\
Examples:
  keruta-submitter logs -f task-1
  keruta-submitter logs task-1 --level warn --since 10m
  keruta-submitter logs task-1 --container git-clone --timestamps
  keruta-submitter logs task-1 --attempt 1 --journal ./journal";

pub(super) const CANCEL_ABOUT: &str = "\
End tasks, also before they start.

The Job's Pods are ended and it is noted on the Job why; nothing is deleted, so that logs stay readable. A task that \
was not submitted yet will not start: whoever submits it later is told that it was cancelled. A task that has ended \
stays as it is.";

pub(super) const CANCEL: &str = "\
Examples:
  keruta-submitter cancel task-1
  keruta-submitter cancel task-1 task-2 --wait --reason 'superseded by task-3'";

pub(super) const RETRY_ABOUT: &str = "\
Submit a task that has ended once more, as a new attempt.

The new Job does what the last one did, under the next attempt's name; workspace and logs of earlier attempts stay.";

pub(super) const RETRY: &str = "\
Examples:
  keruta-submitter retry task-1
  keruta-submitter retry task-1 --wait --logs";

pub(super) const CLEANUP_ABOUT: &str = "\
Delete what nobody needs any more.

Jobs that ended longer ago than the settings keep them, their ConfigMaps, and claims that the settings do not keep. \
Nothing is touched that keruta does not own, that a living task uses, or that has no labels of a task.";

pub(super) const CLEANUP: &str = "\
Examples:
  keruta-submitter cleanup --dry-run
  keruta-submitter cleanup --older-than 72h -n team-a";

pub(super) const DOCTOR_ABOUT: &str = "\
Look for what would keep tasks from running: the way to the cluster, rights, storage, quota, Pod Security, Secrets, \
images, clocks.

Each check is ok, a warning or a failure, and tells how to mend it. The exit code is 1 if one failed.";

pub(super) const DOCTOR: &str = "\
Examples:
  keruta-submitter doctor
  keruta-submitter doctor -n team-a --settings keruta.toml --probe
  keruta-submitter doctor -o json | jq '.checks[] | select(.result != \"ok\")'";

pub(super) const FOLLOW_ABOUT: &str = "\
Follow all tasks of namespaces, for as long as it runs.

Every task is followed, also those that others submit: its logs and statuses are kept in the journal, its end is \
judged and recorded on its Job, and a Job that cannot go on is ended. It can be stopped and started at any time: it \
goes on where it was.";

pub(super) const FOLLOW: &str = "\
Examples:
  keruta-submitter follow -n team-a -n team-b --journal /var/lib/keruta
  keruta-submitter follow --journal ./journal --metrics 127.0.0.1:9090 --log-format json";

pub(super) const COMPLETION: &str = "\
Examples:
  keruta-submitter completion bash > ~/.local/share/bash-completion/completions/keruta-submitter
  keruta-submitter completion zsh > ~/.zfunc/_keruta-submitter
  keruta-submitter completion fish > ~/.config/fish/completions/keruta-submitter.fish";

pub(super) const MAN: &str = "\
Examples:
  keruta-submitter man | man -l -
  keruta-submitter man --output-dir ~/.local/share/man/man1";

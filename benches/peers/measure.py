"""Runs keruta and its peers in turn and prints tables in Markdown: measure.py KERUTA-BINARY INPUTS PYTHON

Each round runs every command once, so that all of them meet the same noise; the medians of the rounds count. What
takes long is run in fewer rounds. Every output is compared with keruta's before anything is measured.
"""

import os
import statistics
import subprocess
import sys
import time

from compare import compare

BINARY, INPUTS, PYTHON = (os.path.abspath(path) for path in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS_EACH = float(os.environ.get("SECONDS_EACH", "4"))


def here(name):
    return os.path.join(HERE, name)


def made(name):
    return os.path.join(INPUTS, name)


def keruta(tasks, *options):
    return [BINARY, "render", "--quiet", *options, "--task", made(tasks)]


def python(script, *arguments):
    return [PYTHON, here(script), *arguments]


def jsonnet(program, *files):
    return ["jsonnet", "-y", here(program), *(word for file in files for word in ("--tla-code-file", file))]


def commands(count):
    """The commands that make the objects of the preset kotlin, by name; the first is keruta's."""
    lines, array = f"tasks-{count}.jsonl", f"tasks-{count}.json"
    overlay = "all" if count > 1 else "task-000001"
    found = {
        "keruta-manifest": keruta(lines, "--preset", "kotlin"),
        "jsonnet -y": jsonnet("kotlin.jsonnet", f"tasks={made(array)}"),
        "rjsonnet": python("dump_rjsonnet.py", here("kotlin.jsonnet"), f"tasks={made(array)}"),
        "PyYAML (C)": python("dump_pyyaml.py", made(lines)),
        "npm yaml": ["node", here("dump_yaml.cjs"), made(lines)],
        "kubernetes-models": ["node", here("dump_models.cjs"), made(lines)],
        "cdk8s": ["node", here("dump_cdk8s.cjs"), made(lines)],
        "kubernetes (Python)": python("dump_kubernetes.py", made(lines)),
        "lightkube": python("dump_lightkube.py", made(lines)),
        "cdk8s (Python)": python("dump_cdk8s.py", made(lines)),
        "kubectl kustomize": ["kubectl", "kustomize", made(f"kustomize/{overlay}")],
    }
    if count == 1:
        # One Job without a claim, labels or an init container is all that it can make.
        create = ["kubectl", "create", "job", "keruta-job-task-000001", "--image=nginx:1.27"]
        found["kubectl create job"] = [*create, "--dry-run=client", "-o", "yaml"]
    return found


def pipeline_commands(count):
    lines, array = f"tasks-{count}.jsonl", f"tasks-{count}.json"
    template = made("template.json")
    files = f"tasks={made(array)}", f"template={template}"
    return {
        "keruta-manifest": keruta(lines),
        "jsonnet -y": jsonnet("pipeline.jsonnet", *files),
        "rjsonnet": python("dump_rjsonnet.py", here("pipeline.jsonnet"), *files),
        "PyYAML (C)": python("dump_pyyaml.py", made(lines), template),
    }


def run(command, out):
    """Wall time in ms of a command that must succeed."""
    start = time.perf_counter()
    actions = [(os.POSIX_SPAWN_DUP2, out, 1)]
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status = os.waitpid(process, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return (time.perf_counter() - start) * 1e3


def memory(command):
    """The greatest memory of a command in MiB, as Linux tells it while it runs.

    What wait4 tells counts the memory of this process too, whose child it was before it became the command.
    """
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        greatest = 0
        while process.poll() is None:
            with open(f"/proc/{process.pid}/status", encoding="utf-8") as status:
                found = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
            greatest = max([greatest, *found])
            time.sleep(0.005)
    return greatest / 1024


def write(command, name):
    out = os.open(made(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    run(command, out)
    os.close(out)
    return made(name)


def check(found):
    expected = None
    for name, command in found.items():
        output = write(command, "output.yaml" if expected else "expected.yaml")
        if expected is None:
            expected = output
        elif name != "kubectl create job" and (wrong := compare(expected, output)):
            sys.exit(f"{name} makes something else:\n" + "\n".join(wrong))


def measure(found):
    """Medians of wall time by name."""
    null = os.open(os.devnull, os.O_WRONLY)
    times = {name: [] for name in found}
    for _ in range(60):
        for name, command in found.items():
            if len(times[name]) < 3 or sum(times[name]) < SECONDS_EACH * 1e3:
                times[name].append(run(command, null))
    os.close(null)
    return {name: statistics.median(taken) for name, taken in times.items()}


def table(title, one, many):
    first = next(iter(many))
    print(f"\n{title}\n\n| | 1 task, ms | 1,000 tasks, ms | times keruta's |\n|---|---:|---:|---:|")
    for name, taken in sorted(one.items(), key=lambda item: many.get(item[0], 1e9)):
        if name in many:
            print(f"| {name} | {taken:,.1f} | {many[name]:,.0f} | {many[name] / many[first]:,.0f} |")
        else:
            print(f"| {name} | {taken:,.1f} | – | – |")


def main():
    write([*keruta("tasks-1.jsonl"), "-o", "json"], "template.json")
    for title, of in [("Claim and Job of the preset kotlin", commands), ("The whole pipeline", pipeline_commands)]:
        for count in (1, 1000):
            check(of(count))
        table(title, measure(of(1)), measure(of(1000)))
    alone()


def alone():
    def both(tasks):
        return {"kotlin": keruta(tasks, "--preset", "kotlin"), "pipeline": keruta(tasks)}

    def row(name, cells):
        print(f"| {name} | {' | '.join(cells)} |")

    true = "/bin/true"
    start = measure({true: [true], **both("tasks-1.jsonl")})
    stream = both("tasks-100000.jsonl")
    times = measure(stream)
    print("\nkeruta-manifest alone\n\n| | preset kotlin | the whole pipeline |\n|---|---:|---:|")
    row(f"one task, beyond {true} ({start[true]:.2f} ms)", [f"{start[name] - start[true]:.2f} ms" for name in stream])
    row("tasks a second of 100,000", [f"{100_000 / times[name] * 1e3:,.0f}" for name in stream])
    row("memory at 100,000", [f"{memory(stream[name]):.1f} MiB" for name in stream])


main()

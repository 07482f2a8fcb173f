"""Runs keruta and its peers in turn and prints tables in Markdown: measure.py KERUTA-BINARY INPUTS PYTHON

Each round runs every command once, so that all of them meet the same noise; the medians of the rounds count. What
takes long is run in fewer rounds. Every output is compared with keruta's before anything is measured.
"""

import os
import statistics
import sys
import time

from compare import compare

BINARY, INPUTS, PYTHON = (os.path.abspath(path) for path in sys.argv[1:4])
HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS_EACH = float(os.environ.get("SECONDS_EACH", "15"))


def here(name):
    return os.path.join(HERE, name)


def made(name):
    return os.path.join(INPUTS, name)


def keruta(tasks, *options):
    return [BINARY, "render", "--quiet", *options, "--task", made(tasks)]


def python(script, *arguments):
    return [PYTHON, here(script), *arguments]


def jsonnet(program, *arguments):
    return ["jsonnet", "-y", here(program), *arguments]


def commands(count):
    """The commands that make the objects of the preset kotlin, by name; the first is keruta's."""
    lines, array = f"tasks-{count}.jsonl", f"tasks-{count}.json"
    overlay = "all" if count > 1 else "task-000001"
    found = {
        "keruta-manifest": keruta(lines, "--preset", "kotlin"),
        "jsonnet -y": jsonnet("kotlin.jsonnet", "--tla-code-file", f"tasks={made(array)}"),
        "rjsonnet": python("dump_rjsonnet.py", made(array)),
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
    tasks = ("--tla-code-file", f"tasks={made(array)}")
    return {
        "keruta-manifest": keruta(lines),
        "jsonnet -y": jsonnet("pipeline.jsonnet", *tasks, "--tla-code-file", f"template={template}"),
        "PyYAML (C)": python("dump_pyyaml.py", made(lines), template),
    }


def run(command, out):
    """Wall time in ms and greatest memory in MiB of a command that must succeed."""
    start = time.perf_counter()
    actions = [(os.POSIX_SPAWN_DUP2, out, 1)]
    process = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(process, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return (time.perf_counter() - start) * 1e3, usage.ru_maxrss / 1024


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
    """Medians of wall time, and memory, by name."""
    null = os.open(os.devnull, os.O_WRONLY)
    times, memory = {name: [] for name in found}, {}
    for _ in range(60):
        for name, command in found.items():
            if len(times[name]) < 3 or sum(times[name]) < SECONDS_EACH * 1e3 / 4:
                taken, used = run(command, null)
                times[name].append(taken)
                memory[name] = max(memory.get(name, 0), used)
    os.close(null)
    return {name: (statistics.median(taken), memory[name]) for name, taken in times.items()}


def table(title, one, many):
    first = next(iter(many))
    print(f"\n{title}\n\n| | 1 task, ms | 1,000 tasks, ms | times keruta's |\n|---|---:|---:|---:|")
    for name, (taken, _) in sorted(one.items(), key=lambda item: many.get(item[0], (1e9,))[0]):
        if name in many:
            ratio = f"{many[name][0] / many[first][0]:,.0f}"
            print(f"| {name} | {taken:,.1f} | {many[name][0]:,.0f} | {ratio} |")
        else:
            print(f"| {name} | {taken:,.1f} | – | – |")


def main():
    write([*keruta("tasks-1.jsonl"), "-o", "json"], "template.json")
    for title, of in [("Claim and Job of the preset kotlin", commands), ("The whole pipeline", pipeline_commands)]:
        for count in (1, 1000):
            check(of(count))
        table(title, measure(of(1)), measure(of(1000)))

    start = {"true": ["/bin/true"], "kotlin": keruta("tasks-1.jsonl", "--preset", "kotlin"), "whole": keruta("tasks-1.jsonl")}
    start = measure(start)
    stream = {"kotlin": keruta("tasks-100000.jsonl", "--preset", "kotlin"), "whole": keruta("tasks-100000.jsonl")}
    stream = measure(stream)
    print("\nkeruta-manifest alone\n\n| | preset kotlin | the whole pipeline |\n|---|---:|---:|")
    beyond = [f"{start[name][0] - start['true'][0]:.2f} ms" for name in ("kotlin", "whole")]
    print(f"| one task, beyond /bin/true ({start['true'][0]:.2f} ms) | {beyond[0]} | {beyond[1]} |")
    rates = [f"{100_000 / stream[name][0] * 1e3:,.0f}" for name in stream]
    print(f"| tasks a second of 100,000 | {rates[0]} | {rates[1]} |")
    memory = [f"{stream[name][1]:.1f} MiB" for name in stream]
    print(f"| memory at 100,000 | {memory[0]} | {memory[1]} |")


main()

"""Makes the tasks of 1, 1,000 and 100,000, and the overlays of kustomize, in a folder: inputs.py FOLDER"""

import json
import os
import sys

import yaml

from objects import IMAGE, REPOSITORY, kotlin

FOLDER = sys.argv[1]
COUNTS = {1: "1", 1_000: "1000", 100_000: "100000"}


def write(name, text):
    path = os.path.join(FOLDER, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def name_of(index):
    return f"task-{index:06}"


for count, name in COUNTS.items():
    tasks = [
        {"id": name_of(index), "image": IMAGE, "repository": {"url": REPOSITORY}} for index in range(1, count + 1)
    ]
    write(f"tasks-{name}.jsonl", "".join(json.dumps(task) + "\n" for task in tasks))
    write(f"tasks-{name}.json", json.dumps(tasks))

# kustomize gives each overlay its name as a suffix and its label, to copies of one base.
claim, job = kotlin("id")
for made, name in [(claim, "git-repo-pvc"), (job, "keruta-job")]:
    made["metadata"] = {"name": name, "labels": {"app": "keruta"}}
job["spec"]["template"]["metadata"]["labels"] = {"app": "keruta"}
job["spec"]["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"] = "git-repo-pvc"
write("kustomize/base/objects.yaml", yaml.safe_dump_all([claim, job]))
write("kustomize/base/kustomization.yaml", yaml.safe_dump({"resources": ["objects.yaml"]}))
for index in range(1, 1_001):
    overlay = {
        "resources": ["../base"],
        "nameSuffix": f"-{name_of(index)}",
        "labels": [{"pairs": {"task-id": name_of(index)}, "includeTemplates": True}],
    }
    write(f"kustomize/{name_of(index)}/kustomization.yaml", yaml.safe_dump(overlay))
everything = {"resources": [f"../{name_of(index)}" for index in range(1, 1_001)]}
write("kustomize/all/kustomization.yaml", yaml.safe_dump(everything))

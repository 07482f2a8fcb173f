"""The claim and the Job of the preset kotlin as plain dicts, and the tasks they are made for."""

import json

REPOSITORY = "https://github.com/example/repo.git"
IMAGE = "nginx:1.27"


def tasks(path):
    """The ids of a file of tasks, one a line."""
    with open(path, encoding="utf-8") as lines:
        return [json.loads(line)["id"] for line in lines]


def claim_name(task):
    return f"git-repo-pvc-{task}"


def job_name(task):
    return f"keruta-job-{task}"


def labels(task):
    return {"app": "keruta", "task-id": task}


def kotlin(task):
    mounts = [{"name": "repo-volume", "mountPath": "/repo"}]
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": claim_name(task), "labels": labels(task)},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": job_name(task), "labels": labels(task)},
        "spec": {
            "backoffLimit": 4,
            "template": {
                "metadata": {"labels": labels(task)},
                "spec": {
                    "restartPolicy": "Never",
                    "initContainers": [
                        {
                            "name": "git-clone",
                            "image": "alpine/git",
                            "command": ["git", "clone", REPOSITORY, "/repo"],
                            "volumeMounts": mounts,
                        }
                    ],
                    "containers": [{"name": "main", "image": IMAGE, "volumeMounts": mounts}],
                    "volumes": [
                        {"name": "repo-volume", "persistentVolumeClaim": {"claimName": claim_name(task)}}
                    ],
                },
            },
        },
    }
    return [claim, job]


def pipeline(template, task):
    """The objects of the whole pipeline, from those of another task: only what differs is set.

    That is less than keruta does, which plans and reviews each task; the spec hash is left as it is.
    """
    claim, job = template
    named = {"app": "keruta", "task-id": task, "app.kubernetes.io/managed-by": "keruta", "keruta.dev/workspace": task}
    claim = {**claim, "metadata": {**claim["metadata"], "name": claim_name(task), "labels": named}}
    pod = job["spec"]["template"]["spec"]
    main, *sidecars = pod["containers"]
    env = [{"name": "KERUTA_TASK_ID", "value": task}, *main["env"][1:]]
    volume = {"name": "work-volume", "persistentVolumeClaim": {"claimName": claim_name(task)}}
    pod = {**pod, "containers": [{**main, "env": env}, *sidecars], "volumes": [volume, *pod["volumes"][1:]]}
    template = {"metadata": {**job["spec"]["template"]["metadata"], "labels": named}, "spec": pod}
    job = {
        **job,
        "metadata": {**job["metadata"], "name": job_name(task), "labels": named},
        "spec": {**job["spec"], "template": template},
    }
    return [claim, job]

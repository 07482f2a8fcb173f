"""lightkube's models and its own YAML writer: dump_lightkube.py TASKS"""

import sys

from lightkube import codecs
from lightkube.models import batch_v1, core_v1, meta_v1
from lightkube.resources.batch_v1 import Job
from lightkube.resources.core_v1 import PersistentVolumeClaim

from objects import IMAGE, REPOSITORY, claim_name, job_name, labels, tasks


def objects(task):
    mounts = [core_v1.VolumeMount(name="repo-volume", mountPath="/repo")]
    yield PersistentVolumeClaim(
        apiVersion="v1",
        kind="PersistentVolumeClaim",
        metadata=meta_v1.ObjectMeta(name=claim_name(task), labels=labels(task)),
        spec=core_v1.PersistentVolumeClaimSpec(
            accessModes=["ReadWriteOnce"],
            resources=core_v1.VolumeResourceRequirements(requests={"storage": "1Gi"}),
        ),
    )
    source = core_v1.PersistentVolumeClaimVolumeSource(claimName=claim_name(task))
    clone = core_v1.Container(
        name="git-clone",
        image="alpine/git",
        command=["git", "clone", REPOSITORY, "/repo"],
        volumeMounts=mounts,
    )
    pod = core_v1.PodSpec(
        restartPolicy="Never",
        initContainers=[clone],
        containers=[core_v1.Container(name="main", image=IMAGE, volumeMounts=mounts)],
        volumes=[core_v1.Volume(name="repo-volume", persistentVolumeClaim=source)],
    )
    template = core_v1.PodTemplateSpec(metadata=meta_v1.ObjectMeta(labels=labels(task)), spec=pod)
    yield Job(
        apiVersion="batch/v1",
        kind="Job",
        metadata=meta_v1.ObjectMeta(name=job_name(task), labels=labels(task)),
        spec=batch_v1.JobSpec(backoffLimit=4, template=template),
    )


sys.stdout.write(codecs.dump_all_yaml([made for task in tasks(sys.argv[1]) for made in objects(task)]))

"""The models of the official `kubernetes` client, written by PyYAML with libyaml: dump_kubernetes.py TASKS"""

import sys

import yaml
from kubernetes import client as k8s

from objects import IMAGE, REPOSITORY, claim_name, job_name, labels, tasks


class Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data):
        return True


def objects(task):
    mounts = [k8s.V1VolumeMount(name="repo-volume", mount_path="/repo")]
    claim = k8s.V1PersistentVolumeClaim(
        api_version="v1",
        kind="PersistentVolumeClaim",
        metadata=k8s.V1ObjectMeta(name=claim_name(task), labels=labels(task)),
        spec=k8s.V1PersistentVolumeClaimSpec(
            access_modes=["ReadWriteOnce"],
            resources=k8s.V1VolumeResourceRequirements(requests={"storage": "1Gi"}),
        ),
    )
    source = k8s.V1PersistentVolumeClaimVolumeSource(claim_name=claim_name(task))
    clone = k8s.V1Container(
        name="git-clone",
        image="alpine/git",
        command=["git", "clone", REPOSITORY, "/repo"],
        volume_mounts=mounts,
    )
    pod = k8s.V1PodSpec(
        restart_policy="Never",
        init_containers=[clone],
        containers=[k8s.V1Container(name="main", image=IMAGE, volume_mounts=mounts)],
        volumes=[k8s.V1Volume(name="repo-volume", persistent_volume_claim=source)],
    )
    template = k8s.V1PodTemplateSpec(metadata=k8s.V1ObjectMeta(labels=labels(task)), spec=pod)
    job = k8s.V1Job(
        api_version="batch/v1",
        kind="Job",
        metadata=k8s.V1ObjectMeta(name=job_name(task), labels=labels(task)),
        spec=k8s.V1JobSpec(backoff_limit=4, template=template),
    )
    return claim, job


api = k8s.ApiClient()
plain = (api.sanitize_for_serialization(made) for task in tasks(sys.argv[1]) for made in objects(task))
yaml.dump_all(plain, sys.stdout, Dumper=Dumper, allow_unicode=True)

"""Validate the manifests of a directory of insta snapshots against Kubernetes' schemas, strictly.

Prints what is wrong and exits with 1 if anything is.
"""

import copy
import functools
import sys
from pathlib import Path

import kubernetes_validate
import yaml
from kubernetes_validate import utils

VERSIONS = ["1.33", "1.34", "1.35", "1.36", "1.37"]
# What is no manifest.
OTHERS = {"findings.snap"}

# The schemas are read once, not once a document.
utils.schema_contents = functools.cache(utils.schema_contents)


def documents_of(path):
    """The documents of a snapshot, without insta's own head."""
    text = path.read_text().split("\n---\n", 1)[1]
    return list(yaml.load_all(text, Loader=yaml.CSafeLoader))


def problem_of(document, version):
    """What a version has against a document; a kind that it does not know counts."""
    try:
        validated = kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.path))}: {error.message[:300]}"
    except (kubernetes_validate.SchemaNotFoundError, kubernetes_validate.InvalidSchemaError) as error:
        return error.message
    return None if validated == version else f"there is no schema of {version}"


def pod_of(job):
    return job["spec"]["template"]["spec"]


def mistakes(job):
    """The Job with one mistake each."""

    def a_misspelt_field(job):
        pod_of(job)["hostNetwrok"] = True

    def a_misspelt_field_of_a_container(job):
        pod_of(job)["containers"][0]["securityContext"]["allowPrivilegeEscalaton"] = False

    def a_wrong_type(job):
        job["spec"]["backoffLimit"] = "four"

    def a_number_in_the_environment(job):
        pod_of(job)["containers"][0]["env"][0]["value"] = 5

    def a_container_without_a_name(job):
        del pod_of(job)["containers"][0]["name"]

    for mistake in [a_misspelt_field, a_misspelt_field_of_a_container, a_wrong_type, a_number_in_the_environment,
                    a_container_without_a_name]:
        wrong = copy.deepcopy(job)
        mistake(wrong)
        yield mistake.__name__.replace("_", " "), wrong


def main():
    paths = [path for path in sorted(Path(sys.argv[1]).glob("*.snap")) if path.name not in OTHERS]
    manifests = {path.name: documents_of(path) for path in paths}
    wrong, checked = [], 0
    for name, documents in manifests.items():
        for document in documents:
            checked += 1
            for version in VERSIONS:
                if problem := problem_of(document, version):
                    wrong.append(f"{name}: {document['kind']} in {version}: {problem}")
    (job,) = manifests["minimal.snap"]
    refused = 0
    for mistake, document in mistakes(job):
        for version in VERSIONS:
            if problem_of(document, version):
                refused += 1
            else:
                wrong.append(f"{version} takes a Job with {mistake}")
    print("\n".join(wrong), end="\n" if wrong else "")
    if wrong or not checked:
        sys.exit(1)
    print(f"kubernetes-validate --strict: {checked} documents of {len(manifests)} goldens valid for "
          f"{', '.join(VERSIONS)}; {refused} of {refused} with a mistake refused")


if __name__ == "__main__":
    main()

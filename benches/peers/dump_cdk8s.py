"""cdk8s for Python, which calls node for everything: dump_cdk8s.py TASKS"""

import sys

from cdk8s import ApiObject, ApiObjectMetadata, App, Chart, JsonPatch

from objects import kotlin, tasks

app = App()
chart = Chart(app, "chart", disable_resource_name_hashes=True)
for task in tasks(sys.argv[1]):
    for plain in kotlin(task):
        metadata = ApiObjectMetadata(name=plain["metadata"]["name"], labels=plain["metadata"]["labels"])
        made = ApiObject(
            chart,
            f"{plain['kind']}-{task}",
            api_version=plain["apiVersion"],
            kind=plain["kind"],
            metadata=metadata,
        )
        made.add_json_patch(JsonPatch.add("/spec", plain["spec"]))
sys.stdout.write(app.synth_yaml())

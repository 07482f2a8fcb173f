"""PyYAML with libyaml over plain dicts: dump_pyyaml.py TASKS [PIPELINE-TEMPLATE]"""

import json
import sys

import yaml

from objects import kotlin, pipeline, tasks


class Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data):
        return True


if len(sys.argv) > 2:
    with open(sys.argv[2], encoding="utf-8") as file:
        template = json.load(file)["items"]
    objects = (made for task in tasks(sys.argv[1]) for made in pipeline(template, task))
else:
    objects = (made for task in tasks(sys.argv[1]) for made in kotlin(task))
yaml.dump_all(objects, sys.stdout, Dumper=Dumper, allow_unicode=True)

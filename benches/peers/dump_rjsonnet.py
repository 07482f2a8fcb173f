"""The Rust jsonnet from PyPI over kotlin.jsonnet: dump_rjsonnet.py TASKS.json

Its result is one JSON text, of which std.manifestYamlStream would make YAML at a multiple of the time; JSON documents
between `---` are YAML as well.
"""

import json
import os
import sys

import rjsonnet

with open(sys.argv[1], encoding="utf-8") as file:
    tasks = file.read()
program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kotlin.jsonnet")
for made in json.loads(rjsonnet.evaluate_file(program, tla_codes={"tasks": tasks})):
    sys.stdout.write("---\n")
    json.dump(made, sys.stdout, ensure_ascii=False, separators=(",", ":"))
    sys.stdout.write("\n")

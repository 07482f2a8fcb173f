"""The Rust jsonnet from PyPI: dump_rjsonnet.py PROGRAM NAME=FILE...

Its result is JSON, which is YAML as well: it is wrapped as a List as it is, because std.manifestYamlStream takes many
times as long.
"""

import sys

import rjsonnet

codes = {}
for argument in sys.argv[2:]:
    name, path = argument.split("=", 1)
    with open(path, encoding="utf-8") as file:
        codes[name] = file.read()
items = rjsonnet.evaluate_file(sys.argv[1], tla_codes=codes)
sys.stdout.write('{"apiVersion":"v1","kind":"List","items":' + items + "}\n")

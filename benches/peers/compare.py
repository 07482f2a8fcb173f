"""Whether two streams hold the same objects, as a YAML 1.1 reader reads them: compare.py EXPECTED OTHER

The order of objects and keys does not count, and neither does the spec hash, which no peer computes.
"""

import sys

import yaml

HASH = "keruta.dev/spec-hash"


def unlisted(documents):
    for document in documents:
        if document is not None:
            yield from document["items"] if document["kind"] == "List" else [document]


def objects(path):
    found = {}
    with open(path, encoding="utf-8") as stream:
        for document in unlisted(yaml.load_all(stream, Loader=yaml.CSafeLoader)):
            document["metadata"].get("annotations", {}).pop(HASH, None)
            key = (document["kind"], document["metadata"]["name"])
            if key in found:
                sys.exit(f"{path}: {key} is there twice")
            found[key] = document
    return found


def differences(expected, other, place=""):
    if isinstance(expected, dict) and isinstance(other, dict):
        for key in sorted(set(expected) | set(other)):
            yield from differences(expected.get(key), other.get(key), f"{place}/{key}")
    elif isinstance(expected, list) and isinstance(other, list) and len(expected) == len(other):
        for index, pair in enumerate(zip(expected, other)):
            yield from differences(*pair, f"{place}/{index}")
    elif expected != other:
        yield f"{place}: {expected!r:.80} is {other!r:.80}"


def compare(expected_path, other_path):
    """The first few differences of two streams."""
    expected, other = objects(expected_path), objects(other_path)
    if expected.keys() != other.keys():
        missing, added = expected.keys() - other.keys(), other.keys() - expected.keys()
        return [f"missing {sorted(missing)[:3]}, added {sorted(added)[:3]}"]
    found = []
    for key, object in expected.items():
        if object != other[key]:
            found += [f"{key} {line}" for line in differences(object, other[key])]
    return found[:5]


if __name__ == "__main__":
    found = compare(sys.argv[1], sys.argv[2])
    print("\n".join(found) or "equal")
    sys.exit(bool(found))

#!/usr/bin/env python3
"""Read YAML streams back and compare them with the JSON they must mean.

    read_back.py pyyaml DIR     PyYAML's SafeLoader and CSafeLoader (YAML 1.1)
    read_back.py c DIR          CSafeLoader alone; `py` is the other alone
    read_back.py kubectl DIR    Go's parser, inside kubectl

Prints each misread string once and exits with 1 if there is any.
"""

import json
import subprocess
import sys
from pathlib import Path

import yaml


def documents_of(stream):
    """The documents' texts, each with all of its line breaks; no line of their content begins with ---."""
    return ["---\n" + text + "\n" for text in ("\n" + stream.removesuffix("\n")).split("\n---\n")[1:]]


def with_loader(loader):
    def read(stream):
        return list(yaml.load_all(stream, Loader=loader))

    return read


def with_kubectl(stream):
    done = subprocess.run(
        ["kubectl", "annotate", "--local", "-f", "-", "__probe=1", "-o", "json"],
        input=stream.encode(), capture_output=True, timeout=300,
    )
    if done.returncode != 0:
        raise ValueError(done.stderr.decode(errors="replace")[:300])
    text, found, at = done.stdout.decode(), [], 0
    decoder = json.JSONDecoder()
    while at < len(text):
        document, at = decoder.raw_decode(text, at)
        found.append(document)
        while at < len(text) and text[at].isspace():
            at += 1
    for document in found:
        annotations = document["metadata"]["annotations"]
        del annotations["__probe"]
        if not annotations:
            del document["metadata"]["annotations"]
    return found


def same_number(found, expected, go):
    """Go prints 1.0 as 1; elsewhere a float must come back as one."""
    if isinstance(found, bool) or isinstance(expected, bool):
        return found is expected
    if not isinstance(found, (int, float)) or not isinstance(expected, (int, float)):
        return False
    return found == expected and (go or type(found) is type(expected))


def differences(found, expected, go, path=""):
    if isinstance(expected, dict):
        if not isinstance(found, dict) or found.keys() != expected.keys():
            yield f"{path}: {found!r} for {expected!r}"
            return
        for key, value in expected.items():
            yield from differences(found[key], value, go, f"{path}.{key!r}")
    elif isinstance(expected, list):
        if not isinstance(found, list) or len(found) != len(expected):
            yield f"{path}: {found!r} for {expected!r}"
            return
        for index, value in enumerate(expected):
            yield from differences(found[index], value, go, f"{path}[{index}]")
    elif isinstance(expected, str):
        if type(found) is not str or found != expected:
            yield f"{path}: {found!r} for {expected!r}"
    elif expected is None:
        if found is not None:
            yield f"{path}: {found!r} for null"
    elif not same_number(found, expected, go):
        yield f"{path}: {found!r} for {expected!r}"


def check(read, stream, expected, go):
    """Yield what is wrong, halving a stream that cannot be read until one document is left."""
    try:
        found = read("".join(stream))
    except Exception as error:
        if len(stream) == 1:
            yield f"unreadable: {str(error)[:300]}\n{stream[0][:600]}"
            return
        half = len(stream) // 2
        yield from check(read, stream[:half], expected[:half], go)
        yield from check(read, stream[half:], expected[half:], go)
        return
    if len(found) != len(expected):
        yield f"{len(found)} documents for {len(expected)}"
        return
    for one_found, one_expected in zip(found, expected):
        yield from differences(one_found, one_expected, go)


def main():
    readers = {
        "pyyaml": {"PyYAML": with_loader(yaml.SafeLoader), "PyYAML C": with_loader(yaml.CSafeLoader)},
        "py": {"PyYAML": with_loader(yaml.SafeLoader)},
        "c": {"PyYAML C": with_loader(yaml.CSafeLoader)},
        "kubectl": {"kubectl": with_kubectl},
    }[sys.argv[1]]
    wrong = 0
    for name, read in readers.items():
        count = documents = 0
        for path in sorted(Path(sys.argv[2]).glob("*.yaml")):
            expected = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().split("\n") if line]
            stream = documents_of(path.read_bytes().decode())
            if len(stream) != len(expected):
                raise SystemExit(f"{path}: a document holds a separator")
            documents += len(stream)
            for difference in check(read, stream, expected, go=name == "kubectl"):
                count += 1
                if count <= 40:
                    print(f"{path.name}: {difference[:1200]}")
        print(f"{name}: {count} misreads in {documents} documents", flush=True)
        wrong += count
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

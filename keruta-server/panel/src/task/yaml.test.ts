import { test } from "node:test";
import assert from "node:assert/strict";
import { annotate } from "./yaml.ts";

const manifest = `apiVersion: batch/v1
kind: Job
metadata:
  name: keruta-job-a
  annotations:
    keruta.dev/spec-hash: "1"
spec:
  template:
    spec:
      containers:
        - name: main
          image: busybox
          command:
            - sh
            - |-
              image: not a field
              - nor this
          env:
            - name: A
              value: "1"
            - name: B
              value: "2"
---
apiVersion: v1
kind: PersistentVolumeClaim
spec:
  modes:
  - One
  - Two
  items:
  - name: a
    value: b
  - name: c
  size: 1Gi
`;

test("each line has the origin of its field", () => {
  const note = (pointer: string, origin: string, kind = "Job") => ({ kind, pointer, origin });
  const lines = annotate(manifest, [
    note("/metadata/name", "name"),
    note("/metadata/annotations/keruta.dev~1spec-hash", "hash"),
    note("/spec/template/spec/containers/0/image", "image"),
    note("/spec/template/spec/containers/0/command/1", "script"),
    note("/spec/template/spec/containers/0/env/1", "second"),
    note("/spec", "settings", "PersistentVolumeClaim"),
    note("/spec/modes/1", "two", "PersistentVolumeClaim"),
    note("/spec/items/1/name", "named", "PersistentVolumeClaim"),
  ]);
  const told = Object.fromEntries(lines.filter((line) => line.origin).map((line) => [line.text.trim(), line.origin]));
  assert.deepEqual(told, {
    "name: keruta-job-a": "name",
    'keruta.dev/spec-hash: "1"': "hash",
    "image: busybox": "image",
    "- |-": "script",
    "- name: B": "second",
    "spec:": "settings",
    "- Two": "two",
    "items:": "settings",
    "- name: c": "named",
    "size: 1Gi": "settings",
  });
  assert.equal(lines.map((line) => `${line.text}\n`).join(""), manifest);
});

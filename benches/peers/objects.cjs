// The claim and the Job of the preset kotlin as plain objects, and the tasks they are made for.
const fs = require("node:fs");

exports.tasks = (path) =>
  fs.readFileSync(path, "utf8").trimEnd().split("\n").map((line) => JSON.parse(line).id);

exports.kotlin = (task) => {
  const claimName = `git-repo-pvc-${task}`;
  const labels = { app: "keruta", "task-id": task };
  const volumeMounts = [{ name: "repo-volume", mountPath: "/repo" }];
  const clone = {
    name: "git-clone",
    image: "alpine/git",
    command: ["git", "clone", "https://github.com/example/repo.git", "/repo"],
    volumeMounts,
  };
  const pod = {
    restartPolicy: "Never",
    initContainers: [clone],
    containers: [{ name: "main", image: "nginx:1.27", volumeMounts }],
    volumes: [{ name: "repo-volume", persistentVolumeClaim: { claimName } }],
  };
  const claim = {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: claimName, labels },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
  };
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: `keruta-job-${task}`, labels },
    spec: { backoffLimit: 4, template: { metadata: { labels }, spec: pod } },
  };
  return [claim, job];
};

// cdk8s with the typed constructs of cdk8s-plus: node dump_cdk8s.cjs TASKS
const { App, Chart } = require("cdk8s");
const { KubeJob, KubePersistentVolumeClaim, Quantity } = require("cdk8s-plus-33/lib/imports/k8s");
const { tasks, kotlin } = require("./objects.cjs");

const app = new App();
const chart = new Chart(app, "chart", { disableResourceNameHashes: true });
for (const task of tasks(process.argv[2])) {
  const [claim, job] = kotlin(task);
  claim.spec.resources.requests = { storage: Quantity.fromString("1Gi") };
  new KubePersistentVolumeClaim(chart, `claim-${task}`, { metadata: claim.metadata, spec: claim.spec });
  new KubeJob(chart, `job-${task}`, { metadata: job.metadata, spec: job.spec });
}
process.stdout.write(app.synthYaml());

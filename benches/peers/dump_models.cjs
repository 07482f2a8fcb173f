// kubernetes-models, which validates each object against its schema, written by `yaml`: node dump_models.cjs TASKS
const { stringify } = require("yaml");
const { Job } = require("kubernetes-models/batch/v1/Job");
const { PersistentVolumeClaim } = require("kubernetes-models/v1/PersistentVolumeClaim");
const { tasks, kotlin } = require("./objects.cjs");

const made = tasks(process.argv[2]).flatMap((task) => {
  const [claim, job] = kotlin(task);
  return [new PersistentVolumeClaim(claim), new Job(job)];
});
const text = (object) => {
  object.validate();
  return "---\n" + stringify(object.toJSON(), { version: "1.1", aliasDuplicateObjects: false });
};
process.stdout.write(made.map(text).join(""));

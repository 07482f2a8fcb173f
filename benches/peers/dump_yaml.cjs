// npm's `yaml` over plain objects: node dump_yaml.cjs TASKS. Version 1.1, so that kubectl reads `on` as a string.
const { stringify } = require("yaml");
const { tasks, kotlin } = require("./objects.cjs");

const text = (made) => "---\n" + stringify(made, { version: "1.1", aliasDuplicateObjects: false });
process.stdout.write(tasks(process.argv[2]).flatMap(kotlin).map(text).join(""));

// The whole pipeline, from the objects of another task, of which only what differs is set:
// jsonnet -y pipeline.jsonnet --tla-code-file tasks=tasks.json --tla-code-file template=template.json
local objects(template, id) =
  local claim = template.items[0];
  local job = template.items[1];
  local pod = job.spec.template.spec;
  local main = pod.containers[0];
  local name = 'git-repo-pvc-' + id;
  local labels = {
    app: 'keruta',
    'task-id': id,
    'app.kubernetes.io/managed-by': 'keruta',
    'keruta.dev/workspace': id,
  };
  local env = [{ name: 'KERUTA_TASK_ID', value: id }] + main.env[1:];
  [
    claim { metadata+: { name: name, labels: labels } },
    job {
      metadata+: { name: 'keruta-job-' + id, labels: labels },
      spec+: {
        template+: {
          metadata+: { labels: labels },
          spec+: {
            containers: [main { env: env }] + pod.containers[1:],
            volumes: [{ name: 'work-volume', persistentVolumeClaim: { claimName: name } }] + pod.volumes[1:],
          },
        },
      },
    },
  ];

function(tasks, template) std.flattenArrays([objects(template, task.id) for task in tasks])

// The claim and the Job of the preset kotlin: jsonnet -y kotlin.jsonnet --tla-code-file tasks=tasks.json
local objects(id) =
  local claim = 'git-repo-pvc-' + id;
  local labels = { app: 'keruta', 'task-id': id };
  local mounts = [{ name: 'repo-volume', mountPath: '/repo' }];
  [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: claim, labels: labels },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'keruta-job-' + id, labels: labels },
      spec: {
        backoffLimit: 4,
        template: {
          metadata: { labels: labels },
          spec: {
            restartPolicy: 'Never',
            initContainers: [{
              name: 'git-clone',
              image: 'alpine/git',
              command: ['git', 'clone', 'https://github.com/example/repo.git', '/repo'],
              volumeMounts: mounts,
            }],
            containers: [{ name: 'main', image: 'nginx:1.27', volumeMounts: mounts }],
            volumes: [{ name: 'repo-volume', persistentVolumeClaim: { claimName: claim } }],
          },
        },
      },
    },
  ];

function(tasks) std.flattenArrays([objects(task.id) for task in tasks])

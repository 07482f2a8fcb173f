// A task's ancestors and children as a tree.
import { get } from "../api/client.ts";
import type { Task } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { taskPath } from "../router.ts";
import { Loading, StatusBadge, Trouble } from "../ui/bits.tsx";
import { useLoad } from "../ui/load.ts";

const MOST = 200;

export function Family({ task }: { task: Task }) {
  const family = useLoad(`family/${task.rootTaskId}/${task.version}`, async (signal) => {
    const query = { rootTaskId: task.rootTaskId, limit: MOST };
    return (await get("/api/v1/tasks", { query, signal })).data.items as Task[];
  }, true);
  if (family.failure) return <Trouble failure={family.failure} again={family.again} />;
  if (!family.data) return <Loading />;
  const children = new Map<string, Task[]>();
  const ids = new Set(family.data.map((one) => one.id));
  const roots: Task[] = [];
  for (const one of [...family.data].reverse()) {
    if (one.parentId && ids.has(one.parentId)) children.set(one.parentId, [...(children.get(one.parentId) ?? []), one]);
    else roots.push(one);
  }
  if (family.data.length < 2) return <p class="soft small">{m().task.familyAlone}</p>;
  return (
    <ul class="tree">
      {roots.map((root) => (
        <Node key={root.id} task={root} of={children} here={task.id} />
      ))}
    </ul>
  );
}

function Node({ task, of, here }: { task: Task; of: Map<string, Task[]>; here: string }) {
  const children = of.get(task.id) ?? [];
  return (
    <li>
      <span class="row tree-node">
        {task.id === here ? <strong class="break" aria-current="true">{task.title || task.id}</strong> : <a class="break" href={taskPath(task.id)}>{task.title || task.id}</a>}
        <StatusBadge status={task.status} />
      </span>
      {children.length > 0 && (
        <ul>
          {children.map((child) => (
            <Node key={child.id} task={child} of={of} here={here} />
          ))}
        </ul>
      )}
    </li>
  );
}

// The keys, for people.
import { signal } from "@preact/signals";
import { m } from "../i18n/index.ts";
import { Dialog } from "../ui/dialog.tsx";

export const shortcuts = signal(false);

export function ShortcutsDialog() {
  const k = m().keys;
  const groups: [string, [string, string][]][] = [
    [m().shell.menu, [["T", k.goTasks], ["S", k.goSettings], ["?", k.help], ["Esc", k.close]]],
    [m().tasks.title, [["/", k.search], ["n", k.newTask], ["j k", k.move], ["Enter", k.open], ["l", k.openLogs]]],
    [
      m().task.logs,
      [["/", k.search], ["n", k.next], ["p", k.previous], ["f", k.follow], ["w", k.wrap], ["t", k.time], ["#", k.numbers], ["g", k.top], ["G", k.bottom]],
    ],
  ];
  return (
    <Dialog
      title={k.title}
      onClose={() => {
        shortcuts.value = false;
      }}
    >
      {groups.map(([title, keys]) => (
        <section key={title} class="stack tight">
          <h3>{title}</h3>
          <dl class="keys">
            {keys.map(([key, what]) => (
              <div key={key}>
                <dt>
                  {key.split(" ").map((one) => (
                    <kbd key={one}>{one}</kbd>
                  ))}
                </dt>
                <dd>{what}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <div class="buttons">
        <button
          type="button"
          class="button"
          onClick={() => {
            shortcuts.value = false;
          }}
        >
          {m().common.close}
        </button>
      </div>
    </Dialog>
  );
}

// A button that shows a list of links and actions.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface MenuProps {
  /** What it is called, where its content does not say so. */
  label?: string;
  button: ComponentChildren;
  kind?: string;
  children: ComponentChildren;
  /** Whether it stays open after a choice. */
  stays?: boolean;
}

export function Menu({ label, button, kind = "", children, stays = false }: MenuProps) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    box.current?.querySelector<HTMLElement>(".list a, .list button, .list input, .list select")?.focus();
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (!open) return;
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      setOpen(false);
      opener.current?.focus();
      return;
    }
    if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
    if (event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
    event.preventDefault();
    const all = [...(box.current?.querySelectorAll<HTMLElement>(".list a, .list button:not(:disabled), .list input") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    all[(at + (event.key === "ArrowDown" ? 1 : -1) + all.length) % all.length]?.focus();
  };
  return (
    <div class="menu" ref={box} onKeyDown={onKeyDown}>
      <button type="button" ref={opener} class={`button ${kind}`} aria-expanded={open} aria-label={label} title={label} onClick={() => setOpen(!open)}>
        {button}
      </button>
      {open && (
        <div
          class="list"
          onClick={(event) => {
            if (!stays && event.target instanceof Element && event.target.closest("a, button")) setOpen(false);
          }}
        >
          {children}
        </div>
      )}
    </div>
  );
}

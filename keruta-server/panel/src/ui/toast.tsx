// Short notices that go by themselves. They are in the top layer, so that an open dialog does not hide them.
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Failure } from "../api/failure.ts";

interface Toast {
  id: number;
  text: string;
  kind: "ok" | "bad";
}

const shown = signal<Toast[]>([]);
let last = 0;

export function toast(text: string, kind: Toast["kind"] = "ok"): void {
  last += 1;
  const id = last;
  shown.value = [...shown.value.slice(-3), { id, text, kind }];
  setTimeout(() => {
    shown.value = shown.value.filter((other) => other.id !== id);
  }, kind === "bad" ? 8000 : 4000);
}

export function toastFailure(error: unknown): void {
  toast(Failure.of(error).message, "bad");
}

export function Toasts() {
  const box = useRef<HTMLDivElement>(null);
  const any = shown.value.length > 0;
  const newest = shown.value.at(-1)?.id;
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    if (element.matches(":popover-open")) element.hidePopover();
    if (any) element.showPopover();
  }, [any, newest]);
  return (
    <div class="toasts" popover="manual" ref={box} role="status" aria-live="polite">
      {shown.value.map((one) => (
        <div key={one.id} class={`toast ${one.kind}`}>
          {one.text}
        </div>
      ))}
    </div>
  );
}

// What differs between two documents of settings, value by value. Pure.
import { isObject, valueAt } from "../schema/schema.ts";

export interface Change {
  name: string;
  before: unknown;
  after: unknown;
  /** What holds where nothing is set. */
  usual: unknown;
}

export function changesOf(before: Record<string, unknown>, after: Record<string, unknown>, usual: Record<string, unknown>, path: string[] = []): Change[] {
  const found: Change[] = [];
  for (const name of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [before[name], after[name]];
    if (JSON.stringify(old) === JSON.stringify(now)) continue;
    const here = [...path, name];
    if ((isObject(old) || old === undefined) && (isObject(now) || now === undefined)) {
      found.push(...changesOf(isObject(old) ? old : {}, isObject(now) ? now : {}, usual, here));
    } else found.push({ name: here.join("."), before: old, after: now, usual: valueAt(usual, here) });
  }
  return found;
}

declare module "*.svg";
declare module "*.css";
// What the unit tests stand on; they run in Node.
declare module "node:test" {
  export function test(name: string, act: () => void | Promise<void>): void;
}
declare module "node:assert/strict" {
  interface Assert {
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    ok(value: unknown, message?: string): void;
  }
  const assert: Assert;
  export default assert;
}

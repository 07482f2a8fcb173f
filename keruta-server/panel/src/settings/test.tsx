// Whether the cluster can be used with the settings as they are: the submitter's own checks.
import { useState } from "preact/hooks";
import { Failure } from "../api/failure.ts";
import { loose } from "../api/loose.ts";
import { m } from "../i18n/index.ts";
import { Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";

interface Tested {
  ok: boolean;
  checks: { check: string; result: "ok" | "skip" | "warn" | "fail"; message: string; cure?: string }[];
}

const KIND = { ok: "ok", skip: "", warn: "warn", fail: "bad" } as const;

export function ClusterTest() {
  const t = m().settings;
  const [busy, setBusy] = useState(false);
  const [tested, setTested] = useState<Tested | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const test = async () => {
    setBusy(true);
    setFailure(null);
    try {
      setTested(await loose<Tested>("POST", "/api/v1/settings/kubernetes/test"));
    } catch (error) {
      setTested(null);
      setFailure(Failure.of(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="card stack tight">
      <div class="row apart">
        <span class="soft small">{t.testHint}</span>
        <button type="button" class="button" disabled={busy} onClick={() => void test()}>
          <Icon name="check" /> {busy ? t.testing : t.test}
        </button>
      </div>
      <div aria-live="polite" class="stack tight">
        {failure && <Trouble failure={failure} />}
        {tested && (
          <div class={`notice ${tested.ok ? "ok" : "bad"}`}>
            <strong>{tested.ok ? t.testOk : t.testBad}</strong>
            <ul class="checks">
              {tested.checks.map((one) => (
                <li key={one.check + one.message}>
                  <span class={`badge ${KIND[one.result]}`}>{one.check}</span>
                  <span>
                    {one.message}
                    {one.cure && <span class="soft"> — {one.cure}</span>}
                  </span>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
    </section>
  );
}

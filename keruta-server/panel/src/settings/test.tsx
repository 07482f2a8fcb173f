// Whether the cluster can be used with the settings as they are, or as they would be: the submitter's own checks.
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import type { ClusterTest as Tested } from "../api/types.ts";
import { m } from "../i18n/index.ts";
import { Trouble } from "../ui/bits.tsx";
import { Icon } from "../ui/icon.tsx";

const KIND = { ok: "ok", skip: "", warn: "warn", fail: "bad" } as const;

/** `draft` is what is changed and not saved yet. */
export function ClusterTest({ draft }: { draft: Record<string, unknown> | undefined }) {
  const t = m().settings;
  const [busy, setBusy] = useState(false);
  const [tested, setTested] = useState<Tested | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const test = async () => {
    setBusy(true);
    setFailure(null);
    setTested(null);
    try {
      setTested((await send("post", "/api/v1/settings/kubernetes/test", { body: draft ? { settings: draft as never } : {} })).data);
    } catch (error) {
      setFailure(Failure.of(error));
    }
    setBusy(false);
  };
  return (
    <section class="card stack tight" aria-label={t.test}>
      <div class="row apart">
        <span class="soft small">{draft ? t.testDraftHint : t.testHint}</span>
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
                  <span class={`badge ${KIND[one.result]}`}>
                    {one.check} <span class="hidden-text">{t.checkResults[one.result]}</span>
                  </span>
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

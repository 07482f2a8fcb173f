// Signing in, and the first account of all.
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import { choose, language, languages, m, type Language } from "../i18n/index.ts";
import { path, query, setQuery } from "../router.ts";
import { firstAccount, signIn } from "../session.ts";
import { Trouble, useTitle } from "../ui/bits.tsx";
import { Mark } from "./side.tsx";

/** What the server told of a sign-in by a provider that let nobody in. */
const REFUSED = "signIn";

/** The name of the OpenID provider, where one is set. */
function useProvider(): string | null {
  const [name, setName] = useState<string | null>(null);
  useEffect(() => {
    const stop = new AbortController();
    // Without an answer there are passwords still.
    get("/api/v1/sign-in-methods", { signal: stop.signal }).then(
      (answer) => setName(answer.data.oidc?.name ?? null),
      () => undefined,
    );
    return () => stop.abort();
  }, []);
  return name;
}

/** Where the browser goes to sign in, and from there back to where it is. */
function byProvider(): string {
  const back = new URLSearchParams(query.value);
  back.delete(REFUSED);
  const to = back.size ? `${path.value}?${back}` : path.value;
  return `/api/v1/sessions/oidc?path=${encodeURIComponent(to)}`;
}

export function SignIn() {
  const provider = useProvider();
  const refused = query.value.get(REFUSED);
  const [first, setFirst] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const t = m().session;
  useTitle(t.title);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const text = (name: string) => String(fields.get(name) ?? "");
    setBusy(true);
    setQuery({ [REFUSED]: null }, { replace: true });
    try {
      if (first) await firstAccount(text("token").trim(), text("name"), text("password"));
      else await signIn(text("name"), text("password"));
    } catch (error) {
      setFailure(Failure.of(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="sign">
      <form class="card" onSubmit={submit}>
        <div class="brand">
          <Mark /> keruta
        </div>
        <h1>{first ? t.first : t.title}</h1>
        {first && <p class="soft small">{t.firstHint}</p>}
        {first && (
          <label class="field">
            <span class="label">{t.token}</span>
            <input class="input mono" name="token" required autocomplete="off" spellcheck={false} />
          </label>
        )}
        <label class="field">
          <span class="label">{t.name}</span>
          <input class="input" name="name" required autocomplete="username" autocapitalize="none" spellcheck={false} />
        </label>
        <label class="field">
          <span class="label">{first ? t.newPassword : t.password}</span>
          <input class="input" type="password" name="password" required minLength={first ? 12 : undefined} autocomplete={first ? "new-password" : "current-password"} />
        </label>
        {failure &&
          (failure.status === 401 && !first ? (
            <p class="error-text" role="alert">
              {t.wrong}
            </p>
          ) : failure.status === 429 ? (
            <p class="error-text" role="alert">
              {t.tooMany}
            </p>
          ) : (
            <Trouble failure={failure} />
          ))}
        <button type="submit" class="button primary" disabled={busy}>
          {first ? t.makeAccount : t.submit}
        </button>
        {!first && provider !== null && (
          <>
            <p class="or soft small">{t.or}</p>
            <a class="button" href={byProvider()}>
              {t.by(provider)}
            </a>
          </>
        )}
        {refused !== null && !failure && (
          <p class="error-text" role="alert">
            {t.refused[refused] ?? t.refused.server}
          </p>
        )}
        <div class="tools">
          <button
            type="button"
            class="button quiet small"
            onClick={() => {
              setFirst(!first);
              setFailure(null);
            }}
          >
            {first ? t.haveAccount : t.first}
          </button>
        </div>
        <select aria-label={m().shell.language} value={language.value} onChange={(event) => choose(event.currentTarget.value as Language)}>
          {Object.entries(languages).map(([code, messages]) => (
            <option key={code} value={code} lang={code}>
              {messages.name}
            </option>
          ))}
        </select>
      </form>
    </main>
  );
}

// The navigation at the side, the cluster's state, and the account.
import { signOut, me, may } from "../session.ts";
import { choose, language, languages, m, type Language } from "../i18n/index.ts";
import { path } from "../router.ts";
import { theme, type Theme } from "../theme.ts";
import { Icon, type IconName } from "../ui/icon.tsx";
import { Menu } from "../ui/menu.tsx";
import { toastFailure } from "../ui/toast.tsx";
import { Cluster } from "./cluster.tsx";
import { passwordDialog, PasswordDialog } from "./password.tsx";
import { shortcuts } from "./shortcuts.tsx";

export function Mark() {
  return (
    <span class="mark">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <path d="M10 7v18M22 8 11 16l11 9" />
      </svg>
    </span>
  );
}

function Item({ to, icon, text }: { to: string; icon: IconName; text: string }) {
  const here = path.value === to || path.value.startsWith(`${to}/`) || (to === "/tasks" && path.value === "/");
  return (
    <a href={to} aria-current={here ? "page" : undefined}>
      <Icon name={icon} /> {text}
    </a>
  );
}

export function Side({ open }: { open: boolean }) {
  const t = m().shell;
  return (
    <div class={`side ${open ? "open" : ""}`}>
      <a class="brand" href="/tasks">
        <Mark /> keruta
      </a>
      <nav aria-label={t.menu}>
        <Item to="/tasks" icon="tasks" text={t.tasks} />
        <Item to="/repositories" icon="repository" text={t.repositories} />
        <Item to="/documents" icon="document" text={t.documents} />
        <Item to="/settings" icon="gear" text={t.settings} />
        <Item to="/storage" icon="disk" text={t.storage} />
        <Item to="/notifications" icon="bell" text={t.notifications} />
        {may("admin") && (
          <>
            <Item to="/audit" icon="shield" text={t.audit} />
            <Item to="/access" icon="key" text={t.access} />
          </>
        )}
      </nav>
      <div class="foot">
        <Cluster />
        <Account />
      </div>
      {passwordDialog.value && <PasswordDialog />}
    </div>
  );
}

function Account() {
  const t = m().shell;
  const who = me.value;
  if (!who) return null;
  return (
    <Menu
      kind="quiet account"
      stays
      button={
        <>
          <Icon name="user" /> <span class="hidden-text">{t.account}: </span>
          <span class="break">{who.user ?? who.actor}</span>{" "}
          <span class="soft small">{m().session.role[who.role]}</span>
        </>
      }
    >
      <label class="field head">
        <span>{t.language}</span>
        <select value={language.value} onChange={(event) => choose(event.currentTarget.value as Language)}>
          {Object.entries(languages).map(([code, messages]) => (
            <option key={code} value={code} lang={code}>
              {messages.name}
            </option>
          ))}
        </select>
      </label>
      <label class="field head">
        <span>{t.theme}</span>
        <select
          value={theme.value}
          onChange={(event) => {
            theme.value = event.currentTarget.value as Theme;
          }}
        >
          <option value="auto">{t.themeAuto}</option>
          <option value="light">{t.themeLight}</option>
          <option value="dark">{t.themeDark}</option>
        </select>
      </label>
      <hr />
      <button
        type="button"
        class="item"
        onClick={() => {
          shortcuts.value = true;
        }}
      >
        {t.shortcuts}
      </button>
      {who.user && (
        <button
          type="button"
          class="item"
          onClick={() => {
            passwordDialog.value = true;
          }}
        >
          {m().session.changePassword}
        </button>
      )}
      <button type="button" class="item" onClick={() => void signOut().catch(toastFailure)}>
        {t.signOut}
      </button>
    </Menu>
  );
}

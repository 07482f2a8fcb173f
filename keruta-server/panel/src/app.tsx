// The frame around all screens, and which screen a path has.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { AccessPage } from "./admin/access.tsx";
import { AuditPage } from "./admin/audit.tsx";
import { NotificationsPage } from "./admin/notifications.tsx";
import { StoragePage } from "./admin/storage.tsx";
import { DocumentPage, DocumentsPage } from "./catalog/documents.tsx";
import { RepositoriesPage, RepositoryPage } from "./catalog/repositories.tsx";
import { m } from "./i18n/index.ts";
import { LogPage } from "./logs/page.tsx";
import { match, navigate, path } from "./router.ts";
import { me, restore, trouble } from "./session.ts";
import { SettingsPage } from "./settings/page.tsx";
import { ShortcutsDialog, shortcuts } from "./shell/shortcuts.tsx";
import { Side } from "./shell/side.tsx";
import { SignIn } from "./shell/sign-in.tsx";
import { TaskFormPage } from "./task/form.tsx";
import { TaskPage } from "./task/page.tsx";
import { TasksPage } from "./tasks/page.tsx";
import { Empty, Loading, Trouble, useTitle } from "./ui/bits.tsx";
import { Questions } from "./ui/dialog.tsx";
import { Icon } from "./ui/icon.tsx";
import { useKeys } from "./ui/keys.ts";
import { Toasts } from "./ui/toast.tsx";

type Screen = (parameters: Record<string, string>) => ComponentChildren;

const screens: [string, Screen][] = [
  ["/", () => <TasksPage />],
  ["/tasks", () => <TasksPage />],
  ["/tasks/new", () => <TaskFormPage />],
  ["/tasks/:id", ({ id = "" }) => <TaskPage key={id} id={id} tab="overview" />],
  ["/tasks/:id/edit", ({ id = "" }) => <TaskFormPage key={id} id={id} />],
  ["/tasks/:id/logs", ({ id = "" }) => <LogPage key={id} id={id} />],
  ["/tasks/:id/manifest", ({ id = "" }) => <TaskPage key={id} id={id} tab="manifest" />],
  ["/tasks/:id/artifacts", ({ id = "" }) => <TaskPage key={id} id={id} tab="artifacts" />],
  ["/tasks/:id/history", ({ id = "" }) => <TaskPage key={id} id={id} tab="history" />],
  ["/settings", () => <SettingsPage />],
  ["/repositories", () => <RepositoriesPage />],
  ["/repositories/:id", ({ id = "" }) => <RepositoryPage key={id} id={id} />],
  ["/documents", () => <DocumentsPage />],
  ["/documents/:id", ({ id = "" }) => <DocumentPage key={id} id={id} />],
  ["/notifications", () => <NotificationsPage />],
  ["/storage", () => <StoragePage />],
  ["/audit", () => <AuditPage />],
  ["/access", () => <AccessPage />],
];

function screenOf(where: string): ComponentChildren {
  for (const [pattern, screen] of screens) {
    const parameters = match(pattern, where);
    if (parameters) return screen(parameters);
  }
  return <Nothing />;
}

export function App() {
  return (
    <>
      {me.value === undefined ? <Starting /> : me.value === null ? <SignIn /> : <Shell />}
      <Questions />
      <Toasts />
    </>
  );
}

function Starting() {
  const failure = trouble.value;
  useEffect(() => {
    if (!failure) return;
    const timer = setTimeout(() => void restore(), 3000);
    return () => clearTimeout(timer);
  }, [failure]);
  return (
    <main class="sign">
      <h1 class="hidden-text">keruta</h1>
      {failure ? <Trouble failure={failure} again={() => void restore()} /> : <Loading />}
    </main>
  );
}

function Shell() {
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const where = path.value;
  useEffect(() => setOpen(false), [where]);
  useKeys({
    "?": () => {
      shortcuts.value = true;
    },
    T: () => navigate("/tasks"),
    S: () => navigate("/settings"),
  });
  return (
    <>
      <a
        class="skip"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        {m().common.skip}
      </a>
      <header class="top">
        <button type="button" class="button quiet icon" aria-label={m().shell.menu} aria-expanded={open} onClick={() => setOpen(true)}>
          <Icon name="menu" />
        </button>
        <a class="brand" href="/tasks">
          keruta
        </a>
        <span />
      </header>
      <div class="shell">
        {open && <button type="button" class="scrim" aria-label={m().common.close} onClick={() => setOpen(false)} />}
        <Side open={open} />
        <main id="content" tabIndex={-1} ref={main}>
          {screenOf(where)}
        </main>
      </div>
      {shortcuts.value && <ShortcutsDialog />}
    </>
  );
}

function Nothing() {
  useTitle(m().common.notFound);
  return (
    <>
      <h1 class="hidden-text">{m().common.notFound}</h1>
      <Empty title={m().common.notFound}>
        <p class="soft">{m().common.notFoundHint}</p>
        <a class="button" href="/tasks">
          {m().shell.tasks}
        </a>
      </Empty>
    </>
  );
}

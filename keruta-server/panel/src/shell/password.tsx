// Changing one's own password.
import { signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { send } from "../api/client.ts";
import { Failure } from "../api/failure.ts";
import { m } from "../i18n/index.ts";
import { Trouble } from "../ui/bits.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { toast } from "../ui/toast.tsx";

export const passwordDialog = signal(false);

export function PasswordDialog() {
  const [failure, setFailure] = useState<Failure | null>(null);
  const close = () => {
    passwordDialog.value = false;
  };
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    try {
      const body = { current: String(fields.get("current")), new: String(fields.get("new")) };
      await send("put", "/api/v1/me/password", { body });
      toast(m().session.passwordChanged);
      close();
    } catch (error) {
      setFailure(Failure.of(error));
    }
  };
  return (
    <Dialog title={m().session.changePassword} onClose={close}>
      <form class="stack" onSubmit={submit}>
        <label class="field">
          <span class="label">{m().session.currentPassword}</span>
          <input class="input" type="password" name="current" required autocomplete="current-password" />
        </label>
        <label class="field">
          <span class="label">{m().session.newPassword}</span>
          <input class="input" type="password" name="new" required minLength={12} autocomplete="new-password" />
        </label>
        {failure && <Trouble failure={failure} />}
        <div class="buttons">
          <button type="button" class="button" onClick={close}>
            {m().common.cancel}
          </button>
          <button type="submit" class="button primary">
            {m().common.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

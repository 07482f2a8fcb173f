import { m } from "../i18n/index.ts";
import { Empty, PageHead } from "../ui/bits.tsx";

export function NotificationsPage() {
  return (
    <>
      <PageHead title={m().notifications.title} />
      <Empty icon="bell" title={m().common.unavailable} />
    </>
  );
}

// Changes that would be lost are asked about before the page is left.
import { useEffect, useRef } from "preact/hooks";
import { m } from "../i18n/index.ts";
import { guard } from "../router.ts";

/** Asks as long as `dirty`; the returned function lets one leave. */
export function useUnsaved(dirty: boolean): () => void {
  const asks = useRef(dirty);
  asks.current = dirty;
  useEffect(() => {
    const before = (event: BeforeUnloadEvent) => {
      if (asks.current) event.preventDefault();
    };
    window.addEventListener("beforeunload", before);
    guard.ask = () => !asks.current || window.confirm(m().common.unsaved);
    return () => {
      window.removeEventListener("beforeunload", before);
      guard.ask = () => true;
    };
  }, []);
  return () => {
    asks.current = false;
    guard.ask = () => true;
  };
}

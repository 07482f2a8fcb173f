// Looking for a text in a list of the catalogue.
import { m } from "../i18n/index.ts";
import { Typed } from "../tasks/filters.tsx";

export function Filters() {
  return (
    <div class="filter-row">
      <Typed name="q" label={m().common.search} kind="search" />
    </div>
  );
}

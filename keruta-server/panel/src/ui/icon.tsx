// Line icons, drawn here so that nothing is fetched.
const paths = {
  tasks: "M4 6h16M4 12h16M4 18h10",
  log: "M5 4h14v16H5zM8 9h8M8 13h8M8 17h5",
  gear: "M12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM19 12l2-1-1-4-2 .2-1.4-1.4L17 3.6 13 3l-1 2-1-2-4 .6.4 2.2L6 7.2 4 7l-1 4 2 1-2 1 1 4 2-.2 1.4 1.4-.4 2.2 4 .6 1-2 1 2 4-.6-.4-2.2 1.4-1.4 2 .2 1-4z",
  repository: "M6 3v18M6 8a4 4 0 0 0 4 4h4a4 4 0 0 1 4 4M18 3v4M18 3a2 2 0 1 1 0 4 2 2 0 0 1 0-4z",
  document: "M6 3h8l4 4v14H6zM14 3v4h4M9 12h6M9 16h6",
  bell: "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4",
  disk: "M4 7c0-2 3.6-3 8-3s8 1 8 3-3.6 3-8 3-8-1-8-3zM4 7v10c0 2 3.6 3 8 3s8-1 8-3V7M4 12c0 2 3.6 3 8 3s8-1 8-3",
  shield: "M12 3 5 6v6c0 4 3 7 7 9 4-2 7-5 7-9V6zM9 12l2 2 4-4",
  key: "M15 9a4 4 0 1 1-4 4L4 20v-3h3v-3h3M16 8h.01",
  menu: "M4 7h16M4 12h16M4 17h16",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21a8 8 0 0 1 16 0",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  more: "M5 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M11 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0M17 12a1 1 0 1 0 2 0a1 1 0 1 0-2 0",
  copy: "M9 9h11v11H9zM5 15H4V4h11v1",
  check: "M5 13l4 4L19 7",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  up: "M6 15l6-6 6 6",
  down: "M6 9l6 6 6-6",
  first: "M6 5h12M12 19V9M7 13l5-5 5 5",
  last: "M6 19h12M12 5v10M7 11l5 5 5-5",
  expand: "M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5",
  search: "M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4",
  pause: "M9 5v14M15 5v14",
  play: "M7 5l11 7-11 7z",
  retry: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  stop: "M6 6h12v12H6z",
  trash: "M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13",
  edit: "M4 20h4L19 9l-4-4L4 16z",
  link: "M10 14a4 4 0 0 0 6 0l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-3 3a4 4 0 0 0 6 6l1-1",
  inbox: "M4 13l3-8h10l3 8v6H4zM4 13h5l1 3h4l1-3h5",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

import "./styles/index.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { listen } from "./router.ts";
import { restore } from "./session.ts";

const root = document.getElementById("app");
if (root) {
  listen();
  void restore();
  render(<App />, root);
}

import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { parse } from "./address";
import { App } from "./shell/App";
import { begin } from "./shell/routes";
import "./style.css";

begin(parse(location.hash));
const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}

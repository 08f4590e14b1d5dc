import { ControlButton } from "@xyflow/react";
import type { Definition } from "./definition";
import type { Layout } from "./layout";
import { svgOf } from "./svg";

/** Keeps the picture as a file. */
export function SvgButton({
  definition,
  layout,
  name,
}: {
  definition: Definition;
  layout: Layout;
  name: string;
}) {
  const keep = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([svgOf(definition, layout)], { type: "image/svg+xml" }));
    link.download = `${name}.svg`;
    link.click();
    URL.revokeObjectURL(link.href);
  };
  return (
    <ControlButton onClick={keep} title="Save as SVG" aria-label="Save as SVG">
      <svg viewBox="0 0 24 24" aria-hidden="true">
        <path d="M12 3v11m0 0 4.5-4.5M12 14 7.5 9.5M4 17v3h16v-3" className="stroke" />
      </svg>
    </ControlButton>
  );
}

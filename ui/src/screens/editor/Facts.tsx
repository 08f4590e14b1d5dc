/** What a node is set to, to be read: members by the titles of their schema. */
import type { DefinitionNode } from "../../canvas/definition";
import type { Language } from "../../parts/highlight";
import { LongText } from "../../parts/LongText";
import { isChoice, isFree, type Schema } from "./model/form";
import { type NodeTypeBody, settingsOf } from "./model/settings";

/** What texts of a format are written in. */
const LANGUAGES: Record<string, Language> = { code: "python", multiline: "template" };

export function Facts({ node, type }: { node: DefinitionNode; type: NodeTypeBody }) {
  const settings = settingsOf(node, type.settings_key);
  return (
    <div className="stack">
      <header>
        <h2>{node.name}</h2>
        <p className="quiet">
          {type.title}: {type.description}
        </p>
      </header>
      <Members schema={type.settings as Schema} values={settings} />
      <PortsTold title="Inputs" ports={node.inputs} />
      <PortsTold title="Outputs" ports={node.outputs} />
    </div>
  );
}

function PortsTold({ title, ports }: { title: string; ports: DefinitionNode["inputs"] }) {
  if (!ports?.length) return null;
  return (
    <section className="facts-section">
      <h3>{title}</h3>
      <ul className="facts-ports">
        {ports.map(({ name, type, expression, category }) => (
          <li key={name}>
            <code>{name}</code> <span className="quiet">{type}</span>
            {expression && expression !== "$.data" && <code className="quiet"> {expression}</code>}
            {category && <span className="quiet"> · {category}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Members({ schema, values }: { schema: Schema; values: Record<string, unknown> }) {
  const shown = Object.entries(schema.properties ?? {}).filter(
    ([name, inner]) =>
      values[name] !== undefined &&
      !inner["x-follows"] &&
      inner.enum?.length !== 1 &&
      inner.format !== "flow",
  );
  return (
    <dl className="node-facts">
      {shown.map(([name, inner]) => (
        <Fact key={name} name={inner.title ?? name} schema={inner} value={values[name]} />
      ))}
    </dl>
  );
}

function Fact({ name, schema, value }: { name: string; schema: Schema; value: unknown }) {
  const isNested = schema.type === "object" && !isFree(schema) && typeof value === "object" && value !== null;
  if (isNested) {
    const values = value as Record<string, unknown>;
    if (isChoice(schema)) return <Members schema={schema} values={values} />;
    return (
      <div>
        <dt>{name}</dt>
        <dd>
          <Members schema={schema} values={values} />
        </dd>
      </div>
    );
  }
  const isPlain = typeof value !== "object";
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {isPlain && !schema.format ? (
          <span className="mono">{String(value)}</span>
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard
          <pre tabIndex={0}>
            {isPlain ? (
              <LongText text={String(value)} language={LANGUAGES[schema.format ?? ""]} />
            ) : (
              <LongText text={JSON.stringify(value, null, 2)} language="json" />
            )}
          </pre>
        )}
      </dd>
    </div>
  );
}

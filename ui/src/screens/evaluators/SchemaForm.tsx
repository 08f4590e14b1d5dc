/** A form made of a JSON Schema: a new type of evaluators needs no file here. */
import { useId } from "react";
import { MessagesField } from "../../parts/MessagesField";
import { ModelInput } from "../../parts/ModelInput";
import { Button } from "../../parts/simple";
import "../../parts/groups.css";
import { Told } from "../../parts/Told";
import { membersOf, type Schema, type Value, withMember, worded } from "./schema";

export interface SchemaFormProps {
  schema: Schema;
  value: Value;
  onChange: (value: Value) => void;
  isReadOnly?: boolean;
}

export function SchemaForm({ schema, value, onChange, isReadOnly = false }: SchemaFormProps) {
  const required = schema.required ?? [];
  return (
    <div className="stack schema-form">
      {membersOf(schema, value).map(([name, member]) => (
        <Member
          key={name}
          name={name}
          schema={member}
          value={value[name]}
          isRequired={required.includes(name)}
          isReadOnly={isReadOnly}
          onChange={(said) => onChange(withMember(value, name, said))}
        />
      ))}
    </div>
  );
}

interface MemberProps {
  name: string;
  schema: Schema;
  value: unknown;
  isRequired: boolean;
  isReadOnly: boolean;
  onChange: (value: unknown) => void;
}

function Member(props: MemberProps) {
  const { name, schema, value, onChange, isReadOnly } = props;
  const title = schema.title ?? worded(name);
  if (schema["x-form"] === "messages") {
    return <MessagesField {...{ title, value, onChange, isReadOnly }} about={schema.description} />;
  }
  if (schema.type === "array" && schema.items?.properties) {
    return (
      <Rows
        title={title}
        about={schema.description}
        {...{ schema: schema.items, value, onChange, isReadOnly }}
      />
    );
  }
  if (schema.properties) {
    return (
      <fieldset className="group">
        <legend>{title}</legend>
        {schema.description && (
          <p className="quiet about">
            <Told text={schema.description} />
          </p>
        )}
        <SchemaForm
          schema={schema}
          value={(value as Value) ?? {}}
          isReadOnly={isReadOnly}
          onChange={(said) => onChange(Object.keys(said).length > 0 ? said : undefined)}
        />
      </fieldset>
    );
  }
  return <Single {...props} title={title} />;
}

function Single({ schema, title, ...rest }: MemberProps & { title: string }) {
  const named = useId();
  return (
    <div className="field">
      <label className="name" htmlFor={named}>
        {title}
      </label>
      <Entry schema={schema} id={named} {...rest} />
      {schema.description && (
        <span className="about">
          <Told text={schema.description} />
        </span>
      )}
    </div>
  );
}

function Entry({ schema, id, value, isRequired, isReadOnly, onChange }: MemberProps & { id: string }) {
  const text = value === undefined || value === null ? "" : String(value);
  const shared = { id, className: "input", value: text, required: isRequired };
  if (schema.enum) {
    return (
      <select {...shared} disabled={isReadOnly} onChange={(event) => onChange(event.target.value)}>
        {!isRequired && <option value="">–</option>}
        {schema.enum.map((one) => (
          <option key={one} value={one}>
            {schema["x-words"]?.[one] ?? worded(one)}
          </option>
        ))}
      </select>
    );
  }
  if (schema["x-form"] === "model")
    return <ModelInput {...shared} readOnly={isReadOnly} onModel={onChange} />;
  const isCode = schema["x-form"] === "code";
  if (schema["x-form"]) {
    return (
      <textarea
        {...shared}
        className={isCode ? "input code" : "input"}
        rows={isCode ? Math.min(28, Math.max(8, text.split("\n").length + 1)) : 4}
        spellCheck={!isCode}
        readOnly={isReadOnly}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  const isNumber = schema.type === "number" || schema.type === "integer";
  return (
    <input
      {...shared}
      type={isNumber ? "number" : "text"}
      step={schema.type === "integer" ? 1 : "any"}
      readOnly={isReadOnly}
      onChange={(event) => onChange(isNumber ? numberOf(event.target.value) : event.target.value)}
    />
  );
}

function numberOf(text: string): number | undefined {
  return text === "" ? undefined : Number(text);
}

interface RowsProps {
  title: string;
  about?: string;
  schema: Schema;
  value: unknown;
  isReadOnly: boolean;
  onChange: (value: unknown) => void;
}

/** A list of small things, each on a line. */
function Rows({ title, about, schema, value, isReadOnly, onChange }: RowsProps) {
  const rows = Array.isArray(value) ? (value as Value[]) : [];
  const put = (place: number, row: Value) => onChange(rows.map((one, at) => (at === place ? row : one)));
  return (
    <fieldset className="group">
      <legend>{title}</legend>
      {about && (
        <p className="quiet about">
          <Told text={about} />
        </p>
      )}
      {rows.map((row, place) => (
        <div key={place} className="row list-line">
          {Object.entries(schema.properties ?? {}).map(([name, member]) => (
            <Single
              key={name}
              name={name}
              title={worded(name)}
              schema={member}
              value={row[name]}
              isRequired={schema.required?.includes(name) ?? false}
              isReadOnly={isReadOnly}
              onChange={(said) => put(place, withMember(row, name, said))}
            />
          ))}
          {!isReadOnly && (
            <Button
              look="bare"
              aria-label={`Remove line ${place + 1}`}
              onClick={() => onChange(rows.filter((_, at) => at !== place))}
            >
              ✕
            </Button>
          )}
        </div>
      ))}
      {!isReadOnly && <Button onClick={() => onChange([...rows, {}])}>Add</Button>}
    </fieldset>
  );
}

/** A form made from a JSON Schema that the server gives: it knows the types, and this only how to ask. */
import { Button } from "../../parts/simple";
import { Items } from "./Items";
import { initial, isChoice, isFree, onlyWay, type Schema, type Values, withMember } from "./model/form";
import { ScalarField } from "./ScalarField";

/** Takes a changed value, and where in the settings it was changed. */
export type Change<Value> = (value: Value, place: string) => void;

interface MembersProps {
  schema: Schema;
  values: Values;
  onChange: Change<Values>;
  place: string;
}

/** The members of an object; what may be left out and is not there can be added. */
export function Members({ schema, values, onChange, place }: MembersProps) {
  const members = Object.entries(schema.properties ?? {}).filter(([, inner]) => isAsked(inner));
  const isShown = (name: string, inner: Schema) =>
    values[name] !== undefined || schema.required?.includes(name) || isScalar(inner);
  const hidden = members.filter(([name, inner]) => !isShown(name, inner));
  const set = (name: string, value: unknown, where: string) =>
    onChange(withMember(schema, values, name, value), where);
  return (
    <>
      {members
        .filter(([name, inner]) => isShown(name, inner))
        .map(([name, inner]) => (
          <Member
            key={name}
            name={name}
            schema={inner}
            value={values[name]}
            isRequired={schema.required?.includes(name) ?? false}
            onChange={(value, where) => set(name, value, where)}
            place={`${place}.${name}`}
          />
        ))}
      {hidden.length > 0 && (
        <div className="row wrap more-members">
          {hidden.map(([name, inner]) => (
            <Button key={name} look="bare" onClick={() => set(name, initial(inner), `${place}.${name}`)}>
              + {inner.title ?? name}
            </Button>
          ))}
        </div>
      )}
    </>
  );
}

/** What follows from other members, or is edited elsewhere, is not asked for. */
function isAsked(schema: Schema): boolean {
  return !schema["x-follows"] && schema.format !== "flow" && schema.enum?.length !== 1;
}

export function isScalar(schema: Schema): boolean {
  return !isFree(schema) && schema.type !== "object" && schema.type !== "array";
}

export interface MemberProps {
  name: string;
  schema: Schema;
  value: unknown;
  isRequired: boolean;
  onChange: Change<unknown>;
  place: string;
}

function Member({ name, schema, value, isRequired, onChange, place }: MemberProps) {
  const title = schema.title ?? name;
  if (isScalar(schema) || isFree(schema)) {
    return <ScalarField {...{ title, schema, value, isRequired, onChange, place }} />;
  }
  const inner = { schema, onChange, place };
  return (
    <fieldset>
      <legend>
        {title}
        {!isRequired && (
          <Button look="bare" aria-label={`Remove ${title}`} onClick={() => onChange(undefined, place)}>
            ✕
          </Button>
        )}
      </legend>
      {schema.description && <p className="quiet">{schema.description}</p>}
      {schema.type === "array" ? (
        <Items {...inner} values={(value as unknown[] | undefined) ?? []} />
      ) : isChoice(schema) ? (
        <Choice {...inner} values={(value as Values | undefined) ?? {}} title={title} />
      ) : (
        <Members {...inner} values={(value as Values | undefined) ?? {}} />
      )}
    </fieldset>
  );
}

/** Exactly one of several members. */
export function Choice({ schema, values, onChange, place, title }: MembersProps & { title: string }) {
  const only = onlyWay(schema);
  const ways = Object.entries(schema.properties ?? {});
  const chosen = only?.[0] ?? Object.keys(values)[0] ?? "";
  const inner = schema.properties?.[chosen];
  const isPlain = inner?.type === "object" && !isFree(inner) && !isChoice(inner);
  return (
    <>
      {!only && (
        <select
          className="input"
          aria-label={`Kind of ${title}`}
          value={chosen}
          onChange={(event) => {
            const way = schema.properties?.[event.target.value];
            if (way) onChange({ [event.target.value]: initial(way) }, place);
          }}
        >
          {!inner && <option value={chosen}>Choose …</option>}
          {ways.map(([name, way]) => (
            <option key={name} value={name}>
              {way.title ?? name}
            </option>
          ))}
        </select>
      )}
      {inner && isPlain && (
        <Members
          schema={inner}
          values={(values[chosen] as Values | undefined) ?? {}}
          onChange={(value, where) => onChange({ [chosen]: value }, where)}
          place={`${place}.${chosen}`}
        />
      )}
      {inner && !isPlain && (
        <Member
          name={chosen}
          schema={inner}
          value={values[chosen]}
          isRequired
          onChange={(value, where) => onChange({ [chosen]: value }, where)}
          place={`${place}.${chosen}`}
        />
      )}
    </>
  );
}

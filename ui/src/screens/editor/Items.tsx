/** A list in a form: its items, one by one. */
import { Button } from "../../parts/simple";
import { initial, isChoice, isFree, type Schema, type Values } from "./model/form";
import { ScalarField } from "./ScalarField";
import { type Change, Choice, isScalar, type MemberProps, Members } from "./SchemaForm";

interface ItemsProps {
  schema: Schema;
  values: unknown[];
  onChange: Change<unknown[]>;
  place: string;
}

export function Items({ schema, values, onChange, place }: ItemsProps) {
  const inner = schema.items ?? {};
  const isFull = schema.maxItems !== undefined && values.length >= schema.maxItems;
  const isLeast = values.length <= (schema.minItems ?? 0);
  return (
    <>
      {values.map((value, index) => (
        <div className="form-item" key={index}>
          <div className="stack grow">
            <Item
              schema={inner}
              value={value}
              title={`${schema.title ?? "Item"} ${index + 1}`}
              onChange={(next, where) =>
                onChange(
                  values.map((one, at) => (at === index ? next : one)),
                  where,
                )
              }
              place={`${place}.${index}`}
            />
          </div>
          <Button
            look="bare"
            disabled={isLeast}
            aria-label={`Remove ${schema.title ?? "item"} ${index + 1}`}
            onClick={() =>
              onChange(
                values.filter((_, at) => at !== index),
                place,
              )
            }
          >
            ✕
          </Button>
        </div>
      ))}
      <Button look="bare" disabled={isFull} onClick={() => onChange([...values, initial(inner)], place)}>
        + Add to {(schema.title ?? "list").toLowerCase()}
      </Button>
    </>
  );
}

function Item({
  schema,
  value,
  title,
  onChange,
  place,
}: Omit<MemberProps, "name" | "isRequired"> & { title: string }) {
  if (isScalar(schema) || isFree(schema)) {
    return <ScalarField {...{ title, schema, value, isRequired: true, onChange, place }} />;
  }
  const inner = { schema, values: (value as Values | undefined) ?? {}, onChange, place };
  return isChoice(schema) ? <Choice {...inner} title={title} /> : <Members {...inner} />;
}

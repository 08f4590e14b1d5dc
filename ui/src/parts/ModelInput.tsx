import { useId } from "react";
import { useLoaded } from "../loaded";
import { askModels } from "./models";

export interface ModelInputProps
  extends Omit<React.InputHTMLAttributes<HTMLInputElement>, "onChange" | "type" | "list"> {
  value: string;
  onModel: (model: string) => void;
}

/** The name of a model, with those to choose from that the server has routes for; any other may be typed. */
export function ModelInput({ value, onModel, ...rest }: ModelInputProps) {
  const list = useId();
  const models = useLoaded("models", askModels);
  return (
    <>
      <input {...rest} list={list} value={value} onChange={(event) => onModel(event.target.value)} />
      <datalist id={list}>
        {(models.value ?? []).map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  );
}

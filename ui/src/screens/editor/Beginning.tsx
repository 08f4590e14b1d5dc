import { useState } from "react";
import { Button, Empty, Failure } from "../../parts/simple";
import { ask, type Body } from "../../server";

export interface BeginningProps {
  file: string;
  types: Body<"NodeTypeList">;
  mayEdit: boolean;
  onBegun: () => void;
}

/** A flow that has no graph of nodes yet: how to begin one. */
export function Beginning({ file, types, mayEdit, onBegun }: BeginningProps) {
  const [error, setError] = useState<Error | null>(null);
  const begin = async (definition: unknown) => {
    try {
      const headers = { "if-match": '"nothing"' };
      await ask("PUT", ["files", file, "draft"], { body: { definition }, headers });
      onBegun();
    } catch (failure) {
      setError(failure as Error);
    }
  };
  return (
    <Empty title="This flow has no graph of nodes">
      <p className="quiet">
        It is written and run by a program, which tells its steps as logs. It may get a graph besides, which
        this server runs.
      </p>
      {error && <Failure error={error} />}
      {mayEdit && (
        <div className="row wrap">
          <Button look="main" onClick={() => begin(types.example)}>
            Begin with an example
          </Button>
          <Button onClick={() => begin(types.empty)}>Begin empty</Button>
        </div>
      )}
    </Empty>
  );
}

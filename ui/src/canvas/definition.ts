/** A flow's definition as the canvas draws it: nodes with ports, and connections between ports. */

export interface Definition {
  nodes?: DefinitionNode[];
  connections?: DefinitionConnection[];
}

export interface DefinitionNode {
  name: string;
  type: string;
  configuration?: Record<string, unknown>;
  inputs?: { name: string; type?: string; expression?: string; category?: string }[];
  outputs?: { name: string; type?: string }[];
}

export interface DefinitionConnection {
  name: string;
  type: string;
  source: string;
  target: string;
  configuration?: {
    data?: { sourceOutput?: string; targetInput?: string };
    conditional?: { condition?: string };
  };
}

export interface Port {
  id: string;
  name: string;
  /** What flows through it, such as `String`; conditions have none. */
  type?: string;
}

interface Conditions {
  condition?: { conditions?: { name: string; expression?: string }[] };
}

/** Whether something has the shape of a graph of nodes. */
export function isGraph(content: unknown): content is Definition {
  return typeof content === "object" && content !== null && Array.isArray((content as Definition).nodes);
}

export function inputsOf(node: DefinitionNode): Port[] {
  return (node.inputs ?? []).map(({ name, type }) => ({ id: `in ${name}`, name, type }));
}

/** The outputs of a node; a condition's are its conditions. */
export function outputsOf(node: DefinitionNode): Port[] {
  const { condition } = (node.configuration ?? {}) as Conditions;
  const conditions = (condition?.conditions ?? []).map(({ name }) => ({ id: `when ${name}`, name }));
  return [
    ...(node.outputs ?? []).map(({ name, type }) => ({ id: `out ${name}`, name, type })),
    ...conditions,
  ];
}

export function isConditional(connection: DefinitionConnection): boolean {
  return connection.type === "Conditional";
}

/** The ids of the ports that a connection joins; a conditional one ends at the node itself. */
export function portsOf(connection: DefinitionConnection): { source: string; target: string | null } {
  const { data, conditional } = connection.configuration ?? {};
  return isConditional(connection)
    ? { source: `when ${conditional?.condition ?? ""}`, target: null }
    : { source: `out ${data?.sourceOutput ?? ""}`, target: `in ${data?.targetInput ?? ""}` };
}

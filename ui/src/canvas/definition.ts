/** A flow's definition as the canvas draws it: nodes with ports, connections between ports, loops with a body. */

export interface Definition {
  nodes?: DefinitionNode[];
  connections?: DefinitionConnection[];
}

export interface DefinitionNode {
  name: string;
  type: string;
  configuration?: Record<string, unknown>;
  inputs?: NodeInput[];
  outputs?: NodeOutput[];
}

export interface NodeInput {
  name: string;
  type?: string;
  expression?: string;
  category?: string;
}

export interface NodeOutput {
  name: string;
  type?: string;
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
  loop?: { definition?: unknown };
}

/** Whether something has the shape of a graph of nodes. */
export function isGraph(content: unknown): content is Definition {
  return typeof content === "object" && content !== null && Array.isArray((content as Definition).nodes);
}

/** The graph in a version's content: of a flow it is its `definition`. */
export function graphIn(content: unknown): Definition | null {
  if (isGraph(content)) return content;
  const inner = (content as { definition?: unknown } | null)?.definition;
  return isGraph(inner) ? inner : null;
}

/** What a loop repeats; null for every other node. */
export function bodyOf(node: DefinitionNode): Definition | null {
  const { loop } = (node.configuration ?? {}) as Conditions;
  return node.type === "Loop" && isGraph(loop?.definition) ? loop.definition : null;
}

/** The name of a node among all: those in loops have the loop's before them. */
export function pathOf(within: string, name: string): string {
  return within ? `${within}/${name}` : name;
}

export interface Placed {
  path: string;
  within: string;
  node: DefinitionNode;
}

/** All nodes, each loop followed by what is in it. */
export function allNodes(definition: Definition, within = ""): Placed[] {
  return (definition.nodes ?? []).flatMap((node) => {
    const path = pathOf(within, node.name);
    const body = bodyOf(node);
    return [{ path, within, node }, ...(body ? allNodes(body, path) : [])];
  });
}

export interface Joined {
  path: string;
  within: string;
  connection: DefinitionConnection;
}

/** All connections whose ends are there, those in loops too. */
export function allConnections(definition: Definition, within = ""): Joined[] {
  const names = new Set((definition.nodes ?? []).map((node) => node.name));
  const own = (definition.connections ?? [])
    .filter(({ source, target }) => names.has(source) && names.has(target))
    .map((connection) => ({ path: pathOf(within, connection.name), within, connection }));
  const inner = (definition.nodes ?? []).flatMap((node) => {
    const body = bodyOf(node);
    return body ? allConnections(body, pathOf(within, node.name)) : [];
  });
  return [...own, ...inner];
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

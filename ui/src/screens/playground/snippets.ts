/** The same call from elsewhere: as a command, and in a program. */

export interface CallOfFlow {
  /** Where the server is. */
  origin: string;
  flow: string;
  /** What clients of Amazon Bedrock name the flow by. */
  shortId: string;
  path: string;
  node: string;
  target: { ref: string; name: string; kind: string; aliasId: string | null } | null;
  input: unknown;
}

export interface Snippet {
  name: string;
  text: string;
}

/** A word for a shell, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function curl({ origin, flow, target, input }: CallOfFlow): string {
  const body = JSON.stringify({ input, target: target?.ref });
  return [
    `curl -N ${origin}/api/files/${encodeURIComponent(flow)}/run \\`,
    `  -H "X-API-KEY: \${HEADRACE_API_KEY:-any}" -H 'content-type: application/json' \\`,
    `  -d ${quoted(body)}`,
  ].join("\n");
}

function command({ path, target, input }: CallOfFlow): string {
  const options: Record<string, string> = {
    environment: `--alias ${target?.name}`,
    alias: `--alias ${target?.ref}`,
    version: `--version ${target?.ref}`,
    draft: "--draft",
  };
  const option = target ? (options[target.kind] ?? "") : "";
  return `headrace run ${quoted(path)} --input ${quoted(JSON.stringify(input))} ${option}`.trim();
}

function python({ origin, shortId, node, target, input }: CallOfFlow): string {
  return `import boto3

client = boto3.client("bedrock-agent-runtime", endpoint_url="${origin}", region_name="us-east-1")
answer = client.invoke_flow(
    flowIdentifier="${shortId}",
    flowAliasIdentifier="${target?.aliasId}",
    inputs=[
        {
            "nodeName": ${JSON.stringify(node)},
            "nodeOutputName": "document",
            "content": {"document": ${literal(input)}},
        }
    ],
)
for event in answer["responseStream"]:
    print(event)`;
}

/** A JSON value as Python writes it. */
function literal(value: unknown): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).map(([name, one]) => `${JSON.stringify(name)}: ${literal(one)}`);
    return `{${members.join(", ")}}`;
  }
  return JSON.stringify(value);
}

/** The ways to make a call; Amazon Bedrock's clients can't name a version that no alias points at. */
export function snippets(call: CallOfFlow): Snippet[] {
  const all = [
    { name: "curl", text: curl(call) },
    { name: "headrace run", text: command(call) },
  ];
  return call.target?.aliasId ? [...all, { name: "boto3", text: python(call) }] : all;
}

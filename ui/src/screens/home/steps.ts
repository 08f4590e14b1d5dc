/** How to make a first flow from elsewhere: programs and commands with this server's own address in them. */

export interface Step {
  name: string;
  about: string;
  install: string;
  code: string;
}

/** The server's address, with the prefix that a proxy has put before it, and no slash behind. */
export function serverAddress(href: string): string {
  return new URL(".", href.split("#")[0]).href.replace(/\/$/, "");
}

/** A flow that answers with what it was given. */
const DEFINITION = {
  nodes: [
    { name: "Input", type: "Input", outputs: [{ name: "document", type: "String" }] },
    {
      name: "Output",
      type: "Output",
      inputs: [{ name: "document", type: "String", expression: "$.data" }],
    },
  ],
  connections: [
    {
      name: "Through",
      type: "Data",
      source: "Input",
      target: "Output",
      configuration: { data: { sourceOutput: "document", targetInput: "document" } },
    },
  ],
};
const WHAT = "It answers with what it was given";
const WIDTH = 88;

function onLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(onLine).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, one]) => `"${name}": ${onLine(one)}`);
  return `{${members.join(", ")}}`;
}

/** Lists and objects on a line where there is room; it is JSON, and without truths and nulls Python, too. */
export function written(value: unknown, indent = ""): string {
  const line = onLine(value);
  if (typeof value !== "object" || value === null || indent.length + line.length < WIDTH) return line;
  const inner = `${indent}    `;
  if (Array.isArray(value)) {
    const items = value.map((one) => inner + written(one, inner));
    return `[\n${items.join(",\n")}\n${indent}]`;
  }
  const members = Object.entries(value).map(([name, one]) => `${inner}"${name}": ${written(one, inner)}`);
  return `{\n${members.join(",\n")}\n${indent}}`;
}

/** @param isOpen whether the server has no keys yet: then any will do. */
export function steps(server: string, isOpen: boolean): Step[] {
  return [humanloop(server, isOpen), boto3(server, isOpen), awsCli(server, isOpen), push(server, isOpen)];
}

function humanloop(server: string, isOpen: boolean): Step {
  return {
    name: "humanloop",
    about: "A flow is made with its first version. Each other content is another version.",
    install: "pip install humanloop",
    code: [
      ...(isOpen ? [] : ["import os", ""]),
      "from humanloop import Humanloop",
      "",
      `definition = ${written(DEFINITION)}`,
      "client = Humanloop(",
      `    api_key=${isOpen ? '"any"' : 'os.environ["HEADRACE_API_KEY"]'},`,
      `    base_url="${server}/v5",`,
      ")",
      "client.flows.upsert(",
      '    path="My first flow",',
      '    attributes={"definition": definition},',
      `    version_description="${WHAT}",`,
      ")",
    ].join("\n"),
  };
}

function boto3(server: string, isOpen: boolean): Step {
  const keys = isOpen ? ['    aws_access_key_id="any",', '    aws_secret_access_key="any",'] : [];
  return {
    name: "boto3",
    about: "A flow is made as a draft, which is prepared and then given a number.",
    install: "pip install boto3",
    code: [
      ...(isOpen
        ? []
        : ["# AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are those of a key of this server.", ""]),
      "import boto3",
      "",
      `definition = ${written(DEFINITION)}`,
      "client = boto3.client(",
      '    "bedrock-agent",',
      `    endpoint_url="${server}",`,
      '    region_name="us-east-1",',
      ...keys,
      ")",
      "flow = client.create_flow(",
      '    name="MyFirstFlow",',
      '    executionRoleArn="arn:aws:iam::000000000000:role/flows",',
      "    definition=definition,",
      ")",
      'client.prepare_flow(flowIdentifier=flow["id"])',
      'client.create_flow_version(flowIdentifier=flow["id"])',
    ].join("\n"),
  };
}

function awsCli(server: string, isOpen: boolean): Step {
  const key = isOpen ? "any" : "…";
  return {
    name: "aws",
    about: "The same from the command line.",
    install: "pip install awscli",
    code: [
      `export AWS_ENDPOINT_URL=${server} AWS_DEFAULT_REGION=us-east-1`,
      `export AWS_ACCESS_KEY_ID=${key} AWS_SECRET_ACCESS_KEY=${key}`,
      "cat > first.json <<'END'",
      written(DEFINITION),
      "END",
      "aws bedrock-agent create-flow --name MyFlowByCommand --definition file://first.json \\",
      "    --execution-role-arn arn:aws:iam::000000000000:role/flows",
    ].join("\n"),
  };
}

function push(server: string, isOpen: boolean): Step {
  return {
    name: "headrace push",
    about: "Flows as files of a directory, to be kept in git: pull writes them, push brings changes back.",
    install: "pip install 'headrace[yaml]'",
    code: [
      `export HEADRACE_URL=${server}`,
      ...(isOpen ? [] : ["export HEADRACE_API_KEY=…   # with the right editor"]),
      "mkdir -p flows && cat > flows/pushed.yaml <<'END'",
      "definition:",
      "  nodes:",
      "    - name: Input",
      "      type: Input",
      "      outputs: [{name: document, type: String}]",
      "    - name: Output",
      "      type: Output",
      "      inputs: [{name: document, type: String, expression: $.data}]",
      "  connections:",
      "    - name: Through",
      "      type: Data",
      "      source: Input",
      "      target: Output",
      "      configuration: {data: {sourceOutput: document, targetInput: document}}",
      "END",
      `headrace push -m "${WHAT}"`,
    ].join("\n"),
  };
}

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

const AN_INPUT = '{"name": "Input", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}';
const AN_OUTPUT =
  '{"name": "Output", "type": "Output", "inputs": [{"name": "document", "type": "String", "expression": "$.data"}]}';
const A_CONNECTION =
  '{"name": "Through", "type": "Data", "source": "Input", "target": "Output", "configuration": {"data": {"sourceOutput": "document", "targetInput": "document"}}}';

/** A definition that answers with what it was given, as JSON that is Python as well. */
function definition(indent: string): string {
  const inner = `${indent}    `;
  return [
    "{",
    `${inner}"nodes": [`,
    `${inner}    ${AN_INPUT},`,
    `${inner}    ${AN_OUTPUT},`,
    `${inner}],`,
    `${inner}"connections": [`,
    `${inner}    ${A_CONNECTION},`,
    `${inner}],`,
    `${indent}}`,
  ].join("\n");
}

/** @param isOpen whether the server has no keys yet: then any will do. */
export function steps(server: string, isOpen: boolean): Step[] {
  const key = isOpen ? '"any"' : 'os.environ["HEADRACE_API_KEY"]';
  const aws = isOpen ? '"any"' : null;
  return [humanloop(server, key, isOpen), boto3(server, aws), awsCli(server, isOpen), push(server, isOpen)];
}

function humanloop(server: string, key: string, isOpen: boolean): Step {
  return {
    name: "humanloop",
    about: "A flow is made with its first version. Each other content is another version.",
    install: "pip install humanloop",
    code: [
      ...(isOpen ? [] : ["import os", ""]),
      "from humanloop import Humanloop",
      "",
      `client = Humanloop(api_key=${key}, base_url="${server}/v5")`,
      "client.flows.upsert(",
      '    path="My first flow",',
      `    attributes={"definition": ${definition("    ")}},`,
      '    version_description="It answers with what it was given",',
      ")",
    ].join("\n"),
  };
}

function boto3(server: string, key: string | null): Step {
  const credentials = key ? [`    aws_access_key_id=${key},`, `    aws_secret_access_key=${key},`] : [];
  return {
    name: "boto3",
    about: "A flow is made as a draft, which is prepared and then given a number.",
    install: "pip install boto3",
    code: [
      "import boto3",
      "",
      "client = boto3.client(",
      '    "bedrock-agent",',
      `    endpoint_url="${server}",`,
      '    region_name="us-east-1",',
      ...credentials,
      ")",
      `definition = ${definition("")}`,
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
  const json = `{"nodes": [${AN_INPUT}, ${AN_OUTPUT}], "connections": [${A_CONNECTION}]}`;
  return {
    name: "aws",
    about: "The same from the command line.",
    install: "pip install awscli",
    code: [
      isOpen
        ? "export AWS_ACCESS_KEY_ID=any AWS_SECRET_ACCESS_KEY=any AWS_DEFAULT_REGION=us-east-1"
        : "export AWS_ACCESS_KEY_ID=… AWS_SECRET_ACCESS_KEY=… AWS_DEFAULT_REGION=us-east-1",
      `export AWS_ENDPOINT_URL=${server}`,
      "aws bedrock-agent create-flow --name MyFirstFlow \\",
      "    --execution-role-arn arn:aws:iam::000000000000:role/flows \\",
      `    --definition '${json}'`,
    ].join("\n"),
  };
}

/** A flow in YAML, as `headrace pull` writes it. */
function push(server: string, isOpen: boolean): Step {
  return {
    name: "headrace push",
    about: "Flows as files of a directory, to be kept in git: pull writes them, push brings changes back.",
    install: "pip install 'headrace[yaml]'",
    code: [
      `export HEADRACE_URL=${server}`,
      ...(isOpen ? [] : ["export HEADRACE_API_KEY=…   # with the right editor"]),
      "mkdir -p flows",
      "cat > flows/first.yaml <<'END'",
      "attributes:",
      "  definition:",
      "    nodes:",
      `      - ${AN_INPUT}`,
      `      - ${AN_OUTPUT}`,
      "    connections:",
      `      - ${A_CONNECTION}`,
      "END",
      'headrace push -m "It answers with what it was given"',
    ].join("\n"),
  };
}

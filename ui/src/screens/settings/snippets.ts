/** How clients are pointed at this server, ready to be copied. */

export interface Snippet {
  name: string;
  about: string;
  text: string;
}

export interface Where {
  /** The server's own address, without a slash at its end. */
  url: string;
  region: string;
  endpoints: { humanloop: string; bedrock: string; otel: string; native: string };
  /** An API key; anything while there are none. */
  key: string;
  /** The halves of the AWS pair. */
  access: string;
  secret: string;
}

/** The address of this page without what it is itself: what is before `#`, `?` and the page's name. */
export function serverUrl(href: string): string {
  return href.replace(/[#?].*$/s, "").replace(/\/(index\.html)?$/, "");
}

export function snippets(where: Where): Snippet[] {
  const { url, endpoints } = where;
  const humanloop = `${url}${endpoints.humanloop}`;
  const bedrock = `${url}${endpoints.bedrock}`;
  return [
    {
      name: "humanloop, Python",
      about: "pip install humanloop==0.8.38 requests",
      text: `from humanloop import Humanloop

client = Humanloop(api_key="${where.key}", base_url="${humanloop}")
print([flow.path for flow in client.flows.list()])`,
    },
    {
      name: "humanloop, TypeScript",
      about: "npm install humanloop@0.8.20",
      text: `import { HumanloopClient } from "humanloop";

const client = new HumanloopClient({ apiKey: "${where.key}", environment: "${humanloop}" });
for await (const flow of await client.flows.list({})) console.log(flow.path);`,
    },
    { name: "boto3", about: "pip install boto3", text: boto3(where, bedrock) },
    { name: "AWS command line", about: "Any AWS SDK reads the same variables.", text: aws(where, bedrock) },
    {
      name: "OpenTelemetry",
      about: "Traces of any program become logs.",
      text: `export OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=${url}${endpoints.otel}
export OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf
export OTEL_EXPORTER_OTLP_TRACES_HEADERS=authorization=Bearer%20${where.key}
export OTEL_SERVICE_NAME=my-service`,
    },
    {
      name: "headrace",
      about: "The command line, from another machine.",
      text: `export HEADRACE_URL=${url} HEADRACE_API_KEY=${where.key}
headrace live support/triage`,
    },
  ];
}

function boto3({ region, access, secret }: Where, endpoint: string): string {
  return `import boto3

settings = dict(
    endpoint_url="${endpoint}",
    region_name="${region}",
    aws_access_key_id="${access}",
    aws_secret_access_key="${secret}",
)
flows = boto3.client("bedrock-agent", **settings)
runtime = boto3.client("bedrock-agent-runtime", **settings)
print(flows.list_flows()["flowSummaries"])`;
}

function aws({ region, access, secret }: Where, endpoint: string): string {
  return `export AWS_ENDPOINT_URL_BEDROCK_AGENT=${endpoint}
export AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME=${endpoint}
export AWS_DEFAULT_REGION=${region}
export AWS_ACCESS_KEY_ID=${access} AWS_SECRET_ACCESS_KEY=${secret}
aws bedrock-agent list-flows`;
}

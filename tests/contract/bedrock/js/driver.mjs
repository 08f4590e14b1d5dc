// Carries out commands of the AWS SDK for JavaScript: one JSON line in, one JSON line out.
//
//   {"command": "GetFlow", "input": {...}}         -> {"output": {...}} or {"error": {...}}
//   {"paginate": "ListFlowVersions", "input": {}}  -> {"output": [page, ...]}
//   {"invoke": {...}}                              -> {"output": {"executionId", "events", "error"?}}

import { createInterface } from "node:readline";
import * as agentSdk from "@aws-sdk/client-bedrock-agent";
import * as runtimeSdk from "@aws-sdk/client-bedrock-agent-runtime";

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const options = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
  maxAttempts: 1,
};
const client = new agentSdk.BedrockAgentClient(options);
const runtime = new runtimeSdk.BedrockAgentRuntimeClient(options);

function sideOf(command) {
  return `${command}Command` in agentSdk ? { sdk: agentSdk, client } : { sdk: runtimeSdk, client: runtime };
}

async function invokeFlow(input) {
  const { executionId, responseStream } = await runtime.send(new runtimeSdk.InvokeFlowCommand(input));
  const events = [];
  try {
    for await (const event of responseStream) events.push(event);
  } catch (error) {
    return { executionId, events, error: { name: error.name, message: error.message } };
  }
  return { executionId, events };
}

async function carryOut({ command, paginate, invoke, input }) {
  if (invoke) return invokeFlow(invoke);
  const side = sideOf(command ?? paginate);
  if (paginate) {
    const pages = [];
    for await (const page of side.sdk[`paginate${paginate}`]({ client: side.client }, input)) pages.push(page);
    return pages;
  }
  return side.client.send(new side.sdk[`${command}Command`](input));
}

function describe(error) {
  const kinds = [agentSdk[error.name], runtimeSdk[error.name]];
  return {
    name: error.name,
    message: error.message,
    status: error.$metadata?.httpStatusCode,
    requestId: error.$metadata?.requestId,
    fieldList: error.fieldList,
    isModelled: kinds.some((kind) => typeof kind === "function" && error instanceof kind),
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = { output: await carryOut(JSON.parse(line)) };
  } catch (error) {
    answer = { error: describe(error) };
  }
  console.log(JSON.stringify(answer));
}

// A stream that ended with an exception is not read to its end, and its connection would be kept as long as the
// server keeps it.
client.destroy();
runtime.destroy();

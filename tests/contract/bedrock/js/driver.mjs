// Carries out commands of the AWS SDK for JavaScript: one JSON line in, one JSON line out.
//
//   {"command": "GetFlow", "input": {...}}         -> {"output": {...}} or {"error": {...}}
//   {"paginate": "ListFlowVersions", "input": {}}  -> {"output": [page, ...]}
//   {"invoke": {...}}                              -> {"output": {"executionId", "events", "error"?}}

import { createInterface } from "node:readline";
import * as sdk from "@aws-sdk/client-bedrock-agent";

import { BedrockAgentRuntimeClient, InvokeFlowCommand } from "@aws-sdk/client-bedrock-agent-runtime";

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const options = {
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
  maxAttempts: 1,
};
const client = new sdk.BedrockAgentClient(options);
const runtime = new BedrockAgentRuntimeClient(options);

async function invokeFlow(input) {
  const { executionId, responseStream } = await runtime.send(new InvokeFlowCommand(input));
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
  if (paginate) {
    const pages = [];
    for await (const page of sdk[`paginate${paginate}`]({ client }, input)) pages.push(page);
    return pages;
  }
  return client.send(new sdk[`${command}Command`](input));
}

function describe(error) {
  const kind = sdk[error.name];
  return {
    name: error.name,
    message: error.message,
    status: error.$metadata?.httpStatusCode,
    requestId: error.$metadata?.requestId,
    fieldList: error.fieldList,
    isModelled: typeof kind === "function" && error instanceof kind,
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

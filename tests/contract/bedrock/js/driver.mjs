// Carries out commands of the AWS SDK for JavaScript: one JSON line in, one JSON line out.
//
//   {"command": "GetFlow", "input": {...}}         -> {"output": {...}} or {"error": {...}}
//   {"paginate": "ListFlowVersions", "input": {}}  -> {"output": [page, ...]}

import { createInterface } from "node:readline";
import * as sdk from "@aws-sdk/client-bedrock-agent";

const [endpoint, accessKeyId, secretAccessKey] = process.argv.slice(2);
const client = new sdk.BedrockAgentClient({
  endpoint,
  region: "us-east-1",
  credentials: { accessKeyId, secretAccessKey },
  maxAttempts: 1,
});

async function carryOut({ command, paginate, input }) {
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

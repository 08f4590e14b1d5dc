// Carries out methods of the TypeScript client: one JSON line in, one JSON line out.
//
//   {"call": "flows.get", "args": ["fl_…"]}        -> {"output": …} or {"error": {…}}
//   {"iterate": "flows.list", "args": [{…}]}       -> {"output": [item, …]}, every page of it

import { createInterface } from "node:readline";
import { Humanloop, HumanloopClient, HumanloopError } from "humanloop";

const [url, apiKey] = process.argv.slice(2);
const client = new HumanloopClient({ apiKey, baseUrl: `${url}/v5` });

async function carryOut({ call, iterate, args }) {
  const [resource, method] = (call ?? iterate).split(".");
  const answer = await client[resource][method](...args);
  if (call) return answer ?? null;
  const items = [];
  for await (const item of answer) items.push(item);
  return items;
}

function describe(error) {
  return {
    isKnown: error instanceof HumanloopError,
    isUnprocessable: error instanceof Humanloop.UnprocessableEntityError,
    status: error.statusCode,
    body: error.body,
    message: error.message,
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
process.exit(0); // the client's exporter of traces would keep the program for a while

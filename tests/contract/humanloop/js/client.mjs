// Carries out methods of the TypeScript client: one JSON line in, one JSON line out.
//
//   {"call": "flows.get", "args": ["fl_…"]}        -> {"output": …} or {"error": {…}}
//   {"iterate": "flows.list", "args": [{…}]}       -> {"output": [item, …]}, every page of it
//   {"methods": true}                              -> {"output": ["flow", "flows.get", …]}, all that there are
//
// {"$file": "text", "name": "points.csv"} among the arguments is a file. An answer has with it what the client
// warned of meanwhile, which it does of members that are not as it declares them.

import { createInterface } from "node:readline";
import { Humanloop, HumanloopClient, HumanloopError } from "humanloop";

const [url, apiKey] = process.argv.slice(2);
const client = new HumanloopClient({ apiKey, baseUrl: `${url}/v5` });

const warnings = [];
console.warn = (...words) => warnings.push(words.join(" "));

// What the declarations call private or protected; they are not there any more when the program runs.
const PRIVATE = ["constructor", "options", "assertAtLeastOneProviderModuleSet", "opentelemetryTracer"];

function members(thing) {
  const found = {};
  for (let owner = thing; owner && owner !== Object.prototype; owner = Object.getPrototypeOf(owner)) {
    for (const name of Object.getOwnPropertyNames(owner)) {
      if (!name.startsWith("_") && !PRIVATE.includes(name)) found[name] = thing[name];
    }
  }
  return Object.entries(found);
}

const methodsOf = (thing) =>
  members(thing).flatMap(([name, value]) => (typeof value === "function" ? [name] : []));

function methods() {
  const resources = members(client).filter(([, value]) => value?._options !== undefined);
  return [
    ...methodsOf(client),
    ...resources.flatMap(([resource, value]) => methodsOf(value).map((name) => `${resource}.${name}`)),
  ];
}

const argument = (one) => (one?.$file === undefined ? one : new File([one.$file], one.name));

async function carryOut({ call, iterate, args, methods: isAsked }) {
  if (isAsked) return methods();
  const [resource, method] = (call ?? iterate).split(".");
  const answer = await client[resource][method](...args.map(argument));
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
  warnings.length = 0;
  try {
    answer = { output: await carryOut(JSON.parse(line)) };
  } catch (error) {
    answer = { error: describe(error) };
  }
  console.log(JSON.stringify({ ...answer, warnings }));
}
process.exit(0); // the client's exporter of traces would keep the program for a while

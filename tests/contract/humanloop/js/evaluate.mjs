// Evaluates a function, as the client's documentation shows it. Prints the checks, last.
//
//     node evaluate.mjs SERVER_URL HOME SORT SUFFIX
//
// SORT is what is evaluated: `flow`, a function; `decorated`, a decorated function; `prompt`, a prompt that the
// server calls. SUFFIX is what the function adds.

import { HumanloopClient } from "humanloop";

const [url, home, sort, suffix] = process.argv.slice(2);
const humanloop = new HumanloopClient({ apiKey: "any", baseUrl: `${url}/v5` });
process.stdout.moveCursor ??= () => true; // the client takes its output for a terminal

const words = ["ant", "bear", "elephant", "dog"];
const datapoints = words.map((word) => ({ inputs: { word }, target: { length: word.length } }));
const onServer = [{ path: `${home}/Length`, threshold: 5 }];
const local = [
  {
    path: `${home}/Short`,
    argsType: "target_free",
    returnType: "boolean",
    threshold: 0.75,
    callable: ({ log }) => log.output.length < 6,
  },
  {
    path: `${home}/Distance`,
    argsType: "target_required",
    returnType: "number",
    callable: ({ log, datapoint }) => {
      if (log.output.startsWith("BEAR")) throw new Error("A bear!");
      return Math.abs(log.output.length - datapoint.target.length);
    },
  },
];
const shout = ({ word }) => word.toUpperCase() + suffix;
const sorts = {
  flow: { file: { type: "flow", path: `${home}/Shout`, version: { suffix }, callable: shout }, local },
  decorated: {
    file: {
      type: "flow",
      path: `${home}/Shout`, // the client does not see that there is one in the function
      version: { suffix },
      callable: humanloop.flow({ path: `${home}/Shout`, attributes: { suffix }, callable: shout }),
    },
    local: [],
  },
  prompt: {
    file: { type: "prompt", path: `${home}/Ask`, version: { model: "m", template: `{{word}}${suffix}` } },
    local: [],
  },
};

const { file, local: judges } = sorts[sort];
const checks = await humanloop.evaluations.run({
  file,
  name: "Shouting",
  dataset: { path: `${home}/Words`, datapoints },
  evaluators: [...onServer, ...judges],
});
console.log("\n" + JSON.stringify(checks));
process.exit(0); // the client's exporter of traces would keep the program for a while

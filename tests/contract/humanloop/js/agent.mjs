// A chat agent with a tool, decorated as the client's documentation shows it. Prints the answers.
//
//     node agent.mjs SERVER_URL MODEL_URL HOME

import { HumanloopClient } from "humanloop";
import { OpenAI } from "openai";

const [url, modelUrl, home] = process.argv.slice(2);
const humanloop = new HumanloopClient({
  apiKey: "any",
  baseUrl: `${url}/v5`,
  instrumentProviders: { OpenAI },
});
const openai = new OpenAI({ apiKey: "any", baseURL: modelUrl });

const calculator = humanloop.tool({
  path: `${home}/Calculator`,
  version: {
    function: {
      name: "calculator",
      description: "Calculates.",
      strict: true,
      parameters: {
        type: "object",
        properties: {
          operation: { type: "string" },
          first: { type: "integer" },
          second: { type: "integer", minimum: 0 },
        },
        required: ["operation", "first", "second"],
        additionalProperties: false,
      },
    },
    setupValues: { precision: 2 },
  },
  callable: ({ first, second }) => first + second,
});

const callModel = humanloop.prompt({
  path: `${home}/Call Model`,
  callable: async ({ messages }) => {
    const answer = await openai.chat.completions.create({
      model: "gpt-4o",
      messages,
      temperature: 0.5,
      max_tokens: 200,
      tools: [{ type: "function", function: calculator.jsonSchema }],
    });
    return answer.choices[0].message;
  },
});

const agent = humanloop.flow({
  path: `${home}/Agent`,
  attributes: { release: 7 },
  callable: async ({ question }) => {
    const messages = [{ role: "user", content: question }];
    for (;;) {
      const answer = await callModel({ messages });
      messages.push(answer);
      if (!answer.tool_calls) return answer.content;
      for (const call of answer.tool_calls) {
        const result = await calculator(JSON.parse(call.function.arguments));
        messages.push({ role: "tool", tool_call_id: call.id, content: String(result) });
      }
    }
  },
});

const fails = humanloop.flow({
  path: `${home}/Fails`,
  callable: async () => {
    throw new Error("it broke");
  },
});

const answers = await Promise.all(["1+2?", "3+4?"].map((question) => agent({ question })));
await fails({});
console.log(JSON.stringify(answers));

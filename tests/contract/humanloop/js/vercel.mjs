// A program that uses the Vercel AI SDK with telemetry, as its documentation shows it. Prints the answer.
//
//     node vercel.mjs SERVER_URL PATH METADATA
//
// PATH is where the traces go; METADATA is JSON.

import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchSpanProcessor, NodeTracerProvider } from "@opentelemetry/sdk-trace-node";
import { generateText, tool } from "ai";
import { MockLanguageModelV1 } from "ai/test";
import { z } from "zod";

const [url, path, metadata] = process.argv.slice(2);
const exporter = new OTLPTraceExporter({ url: url + path, headers: { "X-API-KEY": "any" } });
const provider = new NodeTracerProvider({
  resource: resourceFromAttributes({ "service.name": "vercel program" }),
  spanProcessors: [new BatchSpanProcessor(exporter)],
});
provider.register();

const call = { toolCallType: "function", toolCallId: "c1", toolName: "add", args: '{"first":1,"second":2}' };
const model = new MockLanguageModelV1({
  doGenerate: async ({ prompt }) => {
    const isTold = prompt.some((message) => message.role === "tool");
    return {
      rawCall: { rawPrompt: null, rawSettings: {} },
      finishReason: isTold ? "stop" : "tool-calls",
      usage: { promptTokens: 7, completionTokens: 3 },
      ...(isTold ? { text: "It is 3." } : { toolCalls: [call] }),
    };
  },
});

const { text } = await generateText({
  model,
  temperature: 0.5,
  maxSteps: 3,
  prompt: "1+2?",
  tools: {
    add: tool({
      description: "Adds.",
      parameters: z.object({ first: z.number(), second: z.number() }),
      execute: async ({ first, second }) => first + second,
    }),
  },
  experimental_telemetry: { isEnabled: true, metadata: JSON.parse(metadata) },
});
await provider.shutdown();
console.log(text);

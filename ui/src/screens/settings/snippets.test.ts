import { expect, test } from "vitest";
import { serverUrl, snippets } from "./snippets";

test("the server's address is that of the page, below any prefix", () => {
  expect(serverUrl("http://127.0.0.1:8321/#/settings?x=1")).toBe("http://127.0.0.1:8321");
  expect(serverUrl("https://tools.example.com/flows/#/settings")).toBe("https://tools.example.com/flows");
  expect(serverUrl("https://tools.example.com/flows/index.html?a#b")).toBe("https://tools.example.com/flows");
});

test("each client has its address and its credentials", () => {
  const endpoints = { humanloop: "/v5", bedrock: "", otel: "/v1/traces", native: "/api" };
  const told = snippets({
    url: "http://a",
    region: "eu-west-1",
    endpoints,
    key: "K",
    access: "A",
    secret: "S",
  });
  const text = told.map((one) => one.text).join("\n");
  for (const part of [
    "http://a/v5",
    'endpoint_url="http://a"',
    "http://a/v1/traces",
    "eu-west-1",
    "Bearer%20K",
  ]) {
    expect(text).toContain(part);
  }
});

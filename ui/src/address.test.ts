import { expect, test } from "vitest";
import { parse, to, withQuery } from "./address";

test("what a link says is what it was made of", () => {
  const link = to(["f", "a/b ü", "versions"], { from: "v 1", to: 2, none: undefined, empty: "" });
  const address = parse(link);
  expect(address.parts).toEqual(["f", "a/b ü", "versions"]);
  expect([...address.query]).toEqual([
    ["from", "v 1"],
    ["to", "2"],
  ]);
  expect(parse(withQuery(address, { to: null, more: "?x=1" })).query.toString()).toBe(
    "from=v+1&more=%3Fx%3D1",
  );
});

test("broken escapes stay as they are", () => {
  expect(parse("#/f/%zz").parts).toEqual(["f", "%zz"]);
  expect(parse("").parts).toEqual([]);
});

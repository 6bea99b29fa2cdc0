// What the wall believes of the server's answers is what the server's own document promises: each schema of it is turned into a type,
// and the compiler must find it assignable to the shape that the wall reads. A name that is not there, a null that nobody expects and
// a member that may be missing each fail here, and so does a member that the wall names and no answer has.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import ts from "typescript";
import { expect, it } from "vitest";

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: string;
  enum?: string[];
  oneOf?: Schema[];
  allOf?: Schema[];
  required?: string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  minItems?: number;
  maxItems?: number;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const document = JSON.parse(readFileSync(here("../../../../server/src/http/openapi/frame.json"), "utf8")) as {
  components: { schemas: Record<string, Schema> };
};

/** What the document leaves to a standard. */
const STANDARD: Record<string, string> = { Geometry: 'import("geojson").Geometry' };

function members({ properties = {}, required = [] }: Schema): string {
  const each = Object.entries(properties).map(
    ([name, one]) => `${name}${required.includes(name) ? "" : "?"}: ${typeOf(one)};`,
  );
  return `{ ${each.join(" ")} }`;
}

function listOf({ items = {}, minItems, maxItems }: Schema): string {
  const item = typeOf(items);
  return minItems !== undefined && minItems === maxItems
    ? `[${Array(minItems).fill(item).join(", ")}]`
    : `(${item})[]`;
}

function one(kind: string, schema: Schema): string {
  if (kind === "array") return listOf(schema);
  if (kind === "integer") return "number";
  if (kind !== "object") return kind;
  if (schema.properties !== undefined) return members(schema);
  // Properties of features: whatever the catalog names, as JSON.
  return `Record<string, ${schema.additionalProperties === undefined ? "Value" : typeOf(schema.additionalProperties)}>`;
}

function typeOf(schema: Schema): string {
  const { $ref, type, oneOf, allOf } = schema;
  if ($ref !== undefined) return $ref.replace("#/components/schemas/", "Served_");
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (oneOf !== undefined) return oneOf.map(typeOf).join(" | ");
  if (allOf !== undefined) return allOf.map(typeOf).join(" & ");
  return [type ?? "unknown"]
    .flat()
    .map((kind) => one(kind, schema))
    .join(" | ");
}

/** What the wall reads, by the schema that promises it; the first word is the module. */
const HELD: Record<string, string> = {
  OwnSession: "shapes.Session",
  Field: "shapes.CatalogField",
  Layer: "shapes.CatalogLayer",
  Catalog: "shapes.Catalog",
  TileJson: "shapes.TileSet",
  Feed: "shapes.Feed",
  Feeds: "shapes.Feeds",
  Scene: "shapes.Scene",
  Feature: "shapes.Found",
  FeatureCollection: "shapes.FoundCollection",
  Timeline: "replay.Timeline",
  LiveFeature: "messages.LiveFeature",
  Hello: "messages.Hello",
  Snapshot: "messages.Snapshot",
  Delta: "messages.Delta",
  Tiles: "messages.Tiles",
  Resync: "messages.Resync",
  Tick: "messages.Tick",
  Refused: "messages.RefusedMessage",
  LiveMessage: "messages.LiveMessage",
};

/** Whose members a standard names, and kinds of message of which each is held by itself. */
const NAMED_ELSEWHERE = ["Feature", "FeatureCollection", "LiveMessage"];

function complaints(schemas: Record<string, Schema>): string[] {
  const named = Object.entries(schemas).map(
    ([name, schema]) => `type Served_${name} = ${STANDARD[name] ?? typeOf(schema)};`,
  );
  const held = Object.entries(HELD).map(
    ([schema, shape]) => `export const ${schema} = (served: Served_${schema}): ${shape} => served;`,
  );
  const known = Object.entries(HELD)
    .filter(([schema]) => !NAMED_ELSEWHERE.includes(schema))
    .map(
      ([schema, shape]) =>
        `export const names_${schema} = (name: Exclude<keyof ${shape}, "bbox">): keyof Served_${schema} => name;`,
    );
  const source = [
    'import type * as shapes from "./shapes";',
    'import type * as messages from "../live/messages";',
    'import type * as replay from "../replay/shapes";',
    "type Value = messages.Value;",
    ...named,
    ...held,
    ...known,
  ].join("\n");
  const file = here("held-against-the-document.ts");
  const options: ts.CompilerOptions = {
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: [],
  };
  const host = ts.createCompilerHost(options);
  const onDisk = { exists: host.fileExists.bind(host), read: host.readFile.bind(host) };
  host.fileExists = (name) => name === file || onDisk.exists(name);
  host.readFile = (name) => (name === file ? source : onDisk.read(name));
  const program = ts.createProgram([file], options, host);
  const own = program.getSourceFile(file);
  const found = [...program.getSyntacticDiagnostics(own), ...program.getSemanticDiagnostics(own)];
  return found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, "\n"));
}

it("every answer that the document promises is one that the wall reads", () => {
  expect(complaints(document.components.schemas)).toEqual([]);
}, 60_000);

it("and one that promises less, or otherwise, is found out", () => {
  const { schemas } = document.components;
  const without = structuredClone(schemas);
  if (without["Scene"]?.properties !== undefined) delete without["Scene"].properties["dwell_s"];
  expect(complaints(without).join("\n")).toContain("dwell_s");
  const otherwise = structuredClone(schemas);
  if (otherwise["Tick"]?.properties !== undefined) otherwise["Tick"].properties["seq"] = { type: "string" };
  expect(complaints(otherwise).join("\n")).toContain("seq");
}, 60_000);

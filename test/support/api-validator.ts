import assert from "node:assert/strict";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import type { ControllerProcess, Method, Reply, SendOptions } from "./controller-process.ts";

interface Media {
  readonly schema?: object;
}

interface Described {
  readonly content?: Readonly<Record<string, Media>>;
}

interface Operation {
  readonly responses: Readonly<Record<string, Described>>;
}

interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** Holds every answer of a controller to the description that the controller itself gives. */
export class ApiValidator {
  readonly #document: Document;
  readonly #ajv: Ajv2020;
  readonly #compiled = new Map<string, ValidateFunction>();

  private constructor(document: Document) {
    this.#document = document;
    this.#ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(this.#ajv);
    this.#ajv.addSchema({ ...document, $id: "api" });
  }

  static async of(controller: ControllerProcess): Promise<ApiValidator> {
    return new ApiValidator((await controller.send("GET", "/openapi.json")).body as Document);
  }

  /** Sends a request, and fails unless the answer is one of those that the description has for it. */
  async send(
    controller: ControllerProcess,
    method: Method,
    path: string,
    body?: unknown,
    options?: SendOptions,
  ): Promise<Reply> {
    const reply = await controller.send(method, path, body, options);
    const type = reply.headers.get("content-type")?.split(";")[0] ?? "";
    this.expectDescribed({ method, path, status: String(reply.status), type }, reply.body);
    return reply;
  }

  expectDescribed(
    { method, path, status, type }: { method: Method; path: string; status: string; type: string },
    body: unknown,
  ): void {
    const template = this.#templateOf(path);
    const operation = this.#document.paths[template]?.[method.toLowerCase()];
    const answer = operation?.responses[status] === undefined ? "default" : status;
    const media = operation?.responses[answer]?.content?.[type];
    assert.ok(media, `${method} ${template} → ${status} ${type} is described`);
    const pointer = ["paths", template, method.toLowerCase(), "responses", answer, "content", type, "schema"];
    const validate = this.#validator(`api#/${pointer.map(escapePointer).join("/")}`);
    assert.ok(validate(body), `${method} ${template} → ${status}: ${JSON.stringify(validate.errors)}`);
  }

  #templateOf(path: string): string {
    const [bare = ""] = path.split("?", 1);
    const parts = bare.split("/");
    const fits = (template: string) => {
      const pattern = template.split("/");
      return (
        pattern.length === parts.length && pattern.every((part, index) => part.startsWith("{") || part === parts[index])
      );
    };
    const found = Object.keys(this.#document.paths).find(fits);
    assert.ok(found, `${path} is described`);
    return found;
  }

  #validator(reference: string): ValidateFunction {
    const known = this.#compiled.get(reference) ?? this.#ajv.compile({ $ref: reference });
    this.#compiled.set(reference, known);
    return known;
  }
}

const escapePointer = (part: string): string => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

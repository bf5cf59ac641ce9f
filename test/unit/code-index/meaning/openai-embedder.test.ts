import { expect, test } from "vitest";
import { remembering } from "../../../../src/code-index/meaning/remembered.ts";
import { EmbeddingsEndpoint } from "../../../support/embeddings-endpoint.ts";

const soon = () => AbortSignal.timeout(9_000);

test("texts are sent in bounded pieces, and their vectors come in the order of the texts, of unit length", async () => {
  await using endpoint = await EmbeddingsEndpoint.listen();
  const texts = Array.from({ length: 130 }, (_, at) => `word${at} word${at}`);
  const vectors = await endpoint.embedder().embed(texts, soon());
  expect(endpoint.requests.map(({ texts: some }) => some.length).toSorted((a, b) => a - b)).toEqual([2, 64, 64]);
  expect(endpoint.requests[0]).toMatchObject({ authorization: "Bearer secret-key", model: "words-1" });
  const [one] = await endpoint.embedder().embed([texts[100] ?? ""], soon());
  expect(vectors[100]).toEqual(one);
  expect(Math.hypot(...(one ?? []))).toBeCloseTo(1);
});

test("a refusal that passes is not seen", async () => {
  await using endpoint = await EmbeddingsEndpoint.listen((nth) => (nth === 0 ? { status: 503, body: "{}" } : "embed"));
  expect(await endpoint.embedder().embed(["a"], soon())).toHaveLength(1);
});

const embeddings = (...lengths: number[]) =>
  JSON.stringify({ data: lengths.map((length, index) => ({ index, embedding: Array.from({ length }, () => 1) })) });

test.each([
  ["refuses the key", { status: 401, body: '{"error":{"message":"no such key"}}' }, /no such key/],
  ["answers with something else", { status: 200, body: '{"data":"none"}' }, /its reply is no list of embeddings/],
  ["leaves a text out", { status: 200, body: embeddings(3) }, /not one embedding of one length for each text/],
  ["gives vectors of two lengths", { status: 200, body: embeddings(3, 4) }, /not one embedding of one length/],
])("an endpoint that %s is a failure of the infrastructure", async (_name, conduct, message) => {
  await using endpoint = await EmbeddingsEndpoint.listen(() => conduct);
  const embedded = endpoint.embedder().embed(["a", "b"], soon());
  await expect(embedded).rejects.toMatchObject({ code: "embeddings_failed", causedBy: "infra" });
  await expect(embedded).rejects.toThrow(message);
});

test("an endpoint that does not answer is given up", async () => {
  await using endpoint = await EmbeddingsEndpoint.listen(() => "hang");
  await expect(endpoint.embedder({ deadlineMs: 300 }).embed(["a"], soon())).rejects.toMatchObject({
    code: "embeddings_failed",
  });
});

test("a text that was embedded lately is not sent again", async () => {
  await using endpoint = await EmbeddingsEndpoint.listen();
  const embedder = remembering(endpoint.embedder());
  const first = await embedder.embed(["a", "b", "a"], soon());
  expect(first[0]).toEqual(first[2]);
  await embedder.embed(["b", "c"], soon());
  expect(endpoint.texts).toEqual(["a", "b", "c"]);
});

import { Client, StreamableHTTPClientTransport, type ClientOptions } from "@modelcontextprotocol/client";

/** The versions of the protocol that there are to speak, the newest of each kind. */
export const protocols = {
  "with sessions": { mode: "legacy" },
  "without sessions": { mode: { pin: "2026-07-28" } },
} as const satisfies Record<string, NonNullable<ClientOptions["versionNegotiation"]>>;

export type ProtocolKind = keyof typeof protocols;

/** The official client, connected; it goes away when its scope ends. */
export async function mcpClient(url: string, key: string, kind: ProtocolKind) {
  const client = new Client({ name: "berth-tests", version: "1" }, { versionNegotiation: protocols[kind] });
  const transport = new StreamableHTTPClientTransport(new URL(url), {
    requestInit: { headers: { authorization: `Bearer ${key}` } },
  });
  await client.connect(transport);
  return { client, transport, [Symbol.asyncDispose]: () => client.close() };
}

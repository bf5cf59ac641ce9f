import { BlockList, isIP } from "node:net";

/**
 * `never`: no configuration opens it (metadata services, link-local, multicast, and IPv6 forms that carry an IPv4 address).
 * `private`: only for names that the controller's operator lists. `public`: the rest.
 */
export type AddressKind = "public" | "private" | "never";

const never = blockList([
  "0.0.0.0/8", // this host, on this network
  "100.100.100.200/32", // metadata, Alibaba Cloud
  "168.63.129.16/32", // metadata and health, Azure
  "169.254.0.0/16", // link-local, and metadata of most clouds
  "192.0.0.0/24", // protocol assignments, with metadata of Oracle Cloud
  "192.0.2.0/24", // documentation
  "192.31.196.0/24", // AS112
  "192.52.193.0/24", // AMT
  "192.88.99.0/24", // 6to4 relays
  "192.175.48.0/24", // AS112
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, with broadcast
  "fd00:ec2::254/128", // metadata, Amazon
  "fd20:ce::254/128", // metadata, Google
  "2001::/23", // protocol assignments: Teredo, benchmarks, ORCHID
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4
  "2620:4f:8000::/48", // AS112
  "3fff::/20", // documentation
]);

const private4 = blockList([
  "10.0.0.0/8",
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
]);

// Apart from those of IPv4, which would match their mapped forms too.
const private6 = blockList([
  "::1/128",
  "fc00::/7", // unique local
]);

/** Of IPv6 nothing else is handed out: mapped, compatible, NAT64, link-local, site-local and multicast addresses lie outside. */
const public6 = blockList(["2000::/3"]);

/** Where an address of a DNS answer leads. What is no address, or one with a zone, is `never`. */
export function addressKind(address: string): AddressKind {
  const family = address.includes("%") ? 0 : isIP(address);
  if (family === 0) return "never";
  const type = family === 4 ? "ipv4" : "ipv6";
  if (never.check(address, type)) return "never";
  if (family === 4) return private4.check(address, type) ? "private" : "public";
  if (private6.check(address, type)) return "private";
  return public6.check(address, type) ? "public" : "never";
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    list.addSubnet(address, Number(prefix), isIP(address) === 4 ? "ipv4" : "ipv6");
  }
  return list;
}

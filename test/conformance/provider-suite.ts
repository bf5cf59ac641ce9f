import { providerFixtures } from "../support/providers.ts";
import { background } from "./behaviours/background.ts";
import { commandEnds } from "./behaviours/command-ends.ts";
import { commandOutput } from "./behaviours/command-output.ts";
import { commands } from "./behaviours/commands.ts";
import { egress } from "./behaviours/egress.ts";
import { fileConfinement } from "./behaviours/file-confinement.ts";
import { files } from "./behaviours/files.ts";
import { isolation } from "./behaviours/isolation.ts";
import { lifeCycle } from "./behaviours/life-cycle.ts";
import { limits } from "./behaviours/limits.ts";
import { listings } from "./behaviours/listings.ts";
import { readBack } from "./behaviours/read-back.ts";
import { rootCommands } from "./behaviours/root-commands.ts";
import { search } from "./behaviours/search.ts";
import { snapshots } from "./behaviours/snapshots.ts";
import { terminals } from "./behaviours/terminals.ts";
import { userNamespaces } from "./behaviours/user-namespaces.ts";
import { describeProvider } from "./suite.ts";

const groups = [
  lifeCycle,
  snapshots,
  commands,
  commandEnds,
  commandOutput,
  background,
  limits,
  files,
  fileConfinement,
  listings,
  search,
  rootCommands,
  isolation,
  userNamespaces,
  readBack,
  egress,
  terminals,
];

/** The whole suite for one provider; each has a file of its own, so that two run at the same time where there are processors for it. */
export async function providerSuite(name: (typeof providerFixtures)[number]["name"]): Promise<void> {
  const fixture = providerFixtures.find((each) => each.name === name);
  if (fixture === undefined) throw new Error(`There is no provider ${name}.`);
  await describeProvider(fixture, groups);
}

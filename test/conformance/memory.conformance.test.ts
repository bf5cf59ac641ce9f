import { providerSuite } from "./provider-suite.ts";

await providerSuite("memory");

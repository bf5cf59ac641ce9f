/** The providers that faults are brought about on. */
export const backendNames = ["oci", "docker", "kubernetes"] as const;
/** Those of one machine; a cluster is asked for by name, and has kills of the controller only. */
export const machineBackends: readonly BackendName[] = ["oci", "docker"];
export type BackendName = (typeof backendNames)[number];

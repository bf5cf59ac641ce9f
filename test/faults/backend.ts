/** The providers that faults are brought about on. */
export const backendNames = ["oci", "docker"] as const;
export type BackendName = (typeof backendNames)[number];

import type { Guest } from "../guest/guest.ts";
import type { SandboxHandle } from "../provider/provider.ts";

/** A running sandbox that shook hands. Disposing of it destroys it, verified; again is harmless. */
export interface Sandbox extends AsyncDisposable {
  readonly handle: SandboxHandle;
  readonly guest: Guest;
}

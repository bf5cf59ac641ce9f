import type { Guest } from "../guest/guest.ts";
import type { SandboxHandle } from "../provider/provider.ts";

/** A running sandbox that shook hands. Disposing of it destroys it, verified, if it is still this controller's; again is harmless. */
export interface Sandbox extends AsyncDisposable {
  readonly handle: SandboxHandle;
  readonly guest: Guest;
  /** Another controller has it now: closes the connection. Disposing of it leaves it alone from then on. */
  letGo(): Promise<void>;
}

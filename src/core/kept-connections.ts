import { Agent } from "node:http";
import { inspect } from "node:util";

/**
 * An agent for dockerode, which writes its options out for its debug log at each request, whether or not anybody reads it: of a plain agent, every socket with all
 * that hangs on it.
 */
export class KeptConnections extends Agent {
  constructor(maxSockets = Infinity) {
    super({ keepAlive: true, maxSockets });
  }

  [inspect.custom](): string {
    return "kept connections";
  }
}

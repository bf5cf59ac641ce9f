import { proxyEnvironment } from "../egress/open-egress.ts";
import type { Environment } from "../model/environment.ts";

/**
 * What every command of tools and graders finds in its environment, over what the image declares. Pagers and prompts
 * are off: no one is there to answer. With `egress` programs learn where the proxy is.
 */
export function commandEnvironment(environment: Environment, { egress = false } = {}): Record<string, string> {
  return {
    HOME: "/home/agent",
    USER: "agent",
    LOGNAME: "agent",
    LC_CTYPE: "C.UTF-8",
    TERM: "dumb",
    PAGER: "cat",
    GIT_PAGER: "cat",
    GIT_TERMINAL_PROMPT: "0",
    ...(egress ? proxyEnvironment : {}),
    ...environment.env,
  };
}

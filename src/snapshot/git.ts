import { simpleGit, type SimpleGit, type SimpleGitProgressEvent } from "simple-git";
import { paced } from "../core/pace.ts";
import { allowedProtocols } from "./origin.ts";

/** Silence from git for this long ends it: a server that stalls must not hold a build. */
const SILENCE_MS = 120_000;

const HARMLESS = [
  "core.hooksPath=/dev/null",
  "core.fsmonitor=false",
  "submodule.recurse=false",
  "fetch.recurseSubmodules=false",
  "protocol.ext.allow=never",
  "gc.auto=0",
  // What comes stays one pack, whose size can be watched and whose large files are never whole in memory.
  "fetch.unpackLimit=1",
  "http.followRedirects=initial",
  "core.protectHFS=true",
  "core.protectNTFS=true",
  "maintenance.auto=false",
  "advice.detachedHead=false",
];

/** Only what git needs to reach an origin: a person's credentials, proxies and certificates, and nothing that names programs. */
const PASSED_ON =
  /^(?:HOME|PATH|USER|LANG|LC_.*|SSH_AUTH_SOCK|SSL_CERT_FILE|SSL_CERT_DIR|GIT_SSL_CAINFO|GIT_SSL_CAPATH|https?_proxy|no_proxy|all_proxy)$/i;

export interface GitOptions {
  /** The process environment that git's is chosen from. */
  readonly processEnv: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal | undefined;
  /** True for repositories of ours, which no one's configuration may bend. */
  readonly isolated: boolean;
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Most memory that git takes at once: a small pack can describe an object of any size. */
const ALLOCATION_LIMIT = "2g";

const inWords = ({ method, stage, progress, processed, total }: SimpleGitProgressEvent): string =>
  `git ${method}: ${stage} ${progress} % (${processed} of ${total})`;

/** git in `dir`, with hooks, submodules and odd transports off. Never used in a tree that a policy touched. */
export function gitIn(dir: string, { processEnv, signal, isolated, onProgress }: GitOptions): SimpleGit {
  const passed = Object.entries(processEnv).filter(
    (entry): entry is [string, string] => PASSED_ON.test(entry[0]) && entry[1] !== undefined,
  );
  const env: Record<string, string> = {
    ...Object.fromEntries(passed),
    GIT_TERMINAL_PROMPT: "0",
    GIT_ALLOC_LIMIT: ALLOCATION_LIMIT,
    GIT_ALLOW_PROTOCOL: allowedProtocols.join(":"),
    ...(isolated ? { GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_ATTR_NOSYSTEM: "1" } : {}),
  };
  const git = simpleGit({
    baseDir: dir,
    allowEnvironment: Object.keys(env),
    config: isolated ? [...HARMLESS, "core.attributesFile=/dev/null", "core.excludesFile=/dev/null"] : HARMLESS,
    timeout: { block: SILENCE_MS },
    ...(signal ? { abort: signal } : {}),
    ...(onProgress
      ? {
          progress: paced((event: SimpleGitProgressEvent) => onProgress(inWords(event))),
        }
      : {}),
    unsafe: {
      allowUnsafeHooksPath: true,
      allowUnsafeFsMonitor: true,
      allowUnsafeProtocolOverride: true,
      allowUnsafeConfigPaths: true,
      allowUnsafeSubmodule: true,
      allowUnsafeConfigEnvCount: true,
      allowUnsafeTemplateDir: true,
    },
  });
  return git.env(env);
}

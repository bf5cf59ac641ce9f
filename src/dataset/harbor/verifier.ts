import type { TaskFile } from "../task.ts";

/** Where a task's tests lie in the workspace before they are where its makers expect them. No change set reaches a folder of such a name. */
export const TESTS_FOLDER = ".berth-harbor";

/** Of `reward.txt` and `reward.json`, in bytes. */
const MOST_REWARD_BYTES = 65_536;

/** Folders of Harbor's outside the workspace, which Berth's tool user can write to. */
export const verifierSetup =
  "mkdir -p /tests /logs/verifier /logs/agent /logs/artifacts && chmod -R a+rwX /tests /logs";

/**
 * Runs `tests/test.sh` as Harbor does, from the workspace and with `/tests` and `/logs/verifier` where it looks for them, and tells what it has
 * written. Of the two files only those that the tests speak of are read: the other would be somebody else's.
 */
export const verifierCommand = (tests: readonly TaskFile[], env: Readonly<Record<string, string>>): string =>
  `rm -rf /tests/* /logs/verifier/*
cp -R ${TESTS_FOLDER}/. /tests/ && rm -rf ${TESTS_FOLDER} && chmod +x /tests/test.sh
${[...Object.entries(env).map(([name, value]) => `${name}=${quoted(value)}`), "/tests/test.sh"].join(" ")}
for file in ${rewardFiles(tests).join(" ")}; do
  [ -f "$file" ] || continue
  told=$(head -c ${MOST_REWARD_BYTES} "$file")
  # Named figures without a reward are for people.
  case "$file:$told" in *.txt:* | *.json:*'"reward"'*) reward "$told"; break ;; esac
done
`;

function rewardFiles(tests: readonly TaskFile[]): string[] {
  const said = ["reward.json", "reward.txt"].filter((name) =>
    tests.some(({ content }) => Buffer.from(content.buffer, content.byteOffset, content.byteLength).includes(name)),
  );
  // A library of theirs writes one of them.
  return (said.length === 0 ? ["reward.json", "reward.txt"] : said).map((name) => `/logs/verifier/${name}`);
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

const fetches = [
  /\b(?:apt-get|apt|apk|dnf|yum)\s+(?:-\S+\s+)*(?:update|install|add)\b/,
  /\b(?:curl|wget|uvx)\s/,
  /\bgit\s+clone\b/,
  /\bpip3?\s+install\b/,
  /\buv\s+(?:pip|run|sync|tool)\b/,
  /\bnpm\s+(?:install|ci|i)\b/,
];

/** What of a test script would need a network, which nothing has that decides a verdict. */
export function fetchesOf(script: string): string | undefined {
  const code = script.replaceAll(/^\s*#.*$/gm, "");
  for (const pattern of fetches) {
    const found = pattern.exec(code)?.[0].trim();
    if (found !== undefined) return found;
  }
  return undefined;
}

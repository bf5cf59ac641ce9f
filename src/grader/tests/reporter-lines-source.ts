/**
 * The part that the reporters for JavaScript runners share: `open()` gives a run with `test(id, status)` and
 * `end()`. Two tests of one name in one file are one id; the worse status stays. Ids are relative to the workspace.
 */
export const reporterLinesSource = (settings: {
  report: string;
  workdir: string;
  canaries: readonly string[];
}): string => `
const settings = ${JSON.stringify(settings)};
const rank = { skipped: 0, passed: 1, failed: 2 };
const relative = (file) => {
  const path = String(file ?? "").replace(/^file:\\/\\//, "");
  return path.startsWith(settings.workdir + "/") ? path.slice(settings.workdir.length + 1) : path;
};
const isCanary = (name) => settings.canaries.includes(name);
function open() {
  const run = crypto.randomUUID();
  const tests = new Map();
  let ended = false;
  const write = (lines) =>
    fs.appendFileSync(settings.report, lines.map((line) => JSON.stringify({ ...line, run }) + "\\n").join(""));
  write([{ type: "start" }]);
  return {
    test(id, status) {
      const before = tests.get(id);
      if (before === undefined || rank[status] > rank[before]) tests.set(id, status);
    },
    end() {
      if (ended) return;
      ended = true;
      const lines = [...tests].map(([id, status]) => ({ type: "test", id, status }));
      write([...lines, { type: "end", tests: lines.length }]);
    },
  };
}
function keepExitCode(onlyCanariesFailed) {
  process.on("exit", (code) => {
    if ((process.exitCode ?? code) === 1 && onlyCanariesFailed()) process.exitCode = 0;
  });
}
`;

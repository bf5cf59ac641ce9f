import { fold, type Canary, type CanarySource } from "./canary.ts";
import { withoutPlaceholder } from "./command.ts";
import type { Framework, RunRequest } from "./framework.ts";
import { pytestPlugin } from "./pytest-plugin.ts";
import { introspection } from "./pytest-sight.ts";
import { parseReportLines } from "./report-lines.ts";

const testFile = /(?:^|\/)(?:test_[^/]*|[^/]*_test)\.py$/;

/** Ids are pytest's node ids: `tests/test_x.py::TestC::test_y[param]`. */
export const pytest: Framework = {
  name: "pytest",
  command: /\b(?:pytest|py\.test)\b/,
  testFiles: ["**/test_*.py", "**/*_test.py", "**/tests/**", "test/**"],
  // The plugin keeps its canaries in whatever is selected.
  selectsByName: /^(?!)/,
  fileOf: (id) => (id.includes("::") ? id.slice(0, id.indexOf("::")) : undefined),

  async plan(request) {
    const { workdir, folder, env } = request;
    const module = folder.replaceAll(/[^a-z0-9]/gi, "_").replace(/^_+/, "");
    const report = `${folder}/report`;
    const canaries = request.canaries ? canaryFile(request, request.canaries) : undefined;
    const flags = `-p ${module}`;
    const byFlag = request.command.includes("{report}");
    const plugin = pytestPlugin({
      report: `${workdir}/${report}`,
      canaries: canaries ? `${workdir}/${canaries.path}` : null,
      watched: request.canaries ? watchedFiles(request).map((path) => `${workdir}/${path}`) : [],
      changed: request.canaries
        ? request.changed
            .filter(({ path }) => path.endsWith(".py"))
            .map(({ path, base }) => ({
              path: `${workdir}/${path}`,
              introspects: introspection.test(base ?? ""),
            }))
        : [],
      addopts: env.PYTEST_ADDOPTS ?? null,
    });
    return {
      command: byFlag ? request.command.replaceAll("{report}", flags) : withoutPlaceholder(request.command),
      env: {
        ...env,
        PYTHONPATH: [env.PYTHONPATH, `${workdir}/${folder}`].filter(Boolean).join(":"),
        ...(!byFlag && { PYTEST_ADDOPTS: [env.PYTEST_ADDOPTS, flags].filter(Boolean).join(" ") }),
      },
      files: [{ path: `${folder}/${module}.py`, content: plugin }, ...(canaries ? [canaries] : [])],
      report: { from: "file", path: report },
      canaries: canaries?.canaries ?? [],
      exitCodeHolds: true,
    };
  },

  parse: parseReportLines,
};

const watchedFiles = ({ required, hiddenFiles }: RunRequest): string[] => [
  ...new Set(
    [...required.map((id) => pytest.fileOf(id) ?? ""), ...hiddenFiles.map(({ path }) => path)].filter((path) =>
      path.endsWith(".py"),
    ),
  ),
];

/** A file of canaries beside a hidden test, so that it is collected as that test is. */
function canaryFile({ required, hiddenFiles }: RunRequest, source: CanarySource) {
  const files = [...required.map((id) => pytest.fileOf(id) ?? ""), ...hiddenFiles.map(({ path }) => path)];
  const beside = files.find((path) => testFile.test(path)) ?? "test_.py";
  const folder = beside.includes("/") ? `${beside.slice(0, beside.lastIndexOf("/"))}/` : "";
  const make = (expected: Canary["expected"]) => source.make(expected, (words) => `test_${words.join("_")}`);
  const [holds, differs, raisesNot] = [make("passed"), make("failed"), make("failed")];
  const [caseHolds, caseDiffers, raises] = [make("passed"), make("failed"), make("passed")];
  const content = `import unittest

import pytest


def fold(text):
    value = 7
    for character in text:
        value = (value * 31 + ord(character)) % 99991
    return value


def ${holds.name}():
    assert fold("${holds.text}") == ${holds.value}


def ${differs.name}():
    assert fold("${differs.text}") == ${differs.value}


def ${raisesNot.name}():
    with pytest.raises(KeyError):
        {fold("${raisesNot.text}"): 1}[${fold(raisesNot.text)}]


class TestFold(unittest.TestCase):
    def ${caseHolds.name}(self):
        self.assertEqual(fold("${caseHolds.text}"), ${caseHolds.value})

    def ${caseDiffers.name}(self):
        self.assertEqual(fold("${caseDiffers.text}"), ${caseDiffers.value})


def ${raises.name}():
    with pytest.raises(AssertionError):
        assert fold("${raises.text}") != ${raises.value}
`;
  const canaries = [holds, differs, raisesNot, caseHolds, caseDiffers, raises];
  return { path: `${folder}${make("passed").name}.py`, content, canaries };
}

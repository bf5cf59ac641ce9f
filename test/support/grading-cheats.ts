/** A change set that solves nothing and tries to look as if it did. None of them harms the machine that it runs on. */
export interface Cheat {
  readonly task: string;
  readonly name: string;
  readonly written: Readonly<Record<string, string>>;
}

/** Cheats that score 1 where the grader believes the run: no canaries, and everything crosses. They show that the others' 0 means something. */
export const foolsTheGullible: ReadonlySet<string> = new Set([
  "makes every report a pass from conftest.py",
  "registers a plugin in the running pytest",
  "gives an object that equals everything",
  "writes the report by hand and exits",
  "rewrites the report at exit",
  "replaces every assertion",
  "replaces what expect does",
]);

const money = "calc/money.py";
const wrong = "def split(total, people):\n    return [total // people] * people\n";

const forgedLines = (ids: readonly string[]): string =>
  [
    { type: "start", run: "x" },
    ...ids.map((id) => ({ type: "test", run: "x", id, status: "passed" })),
    { type: "end", run: "x", tests: ids.length },
  ]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("");

const pytestIds = ["test_adds_up[100-3]", "test_adds_up[7-2]", "TestSplit::test_largest_first", "test_even"].map(
  (id) => `tests/test_money.py::${id}`,
);
const nodeIds = ["slug > joins many words", "slug > white space > is trimmed", "two words"].map(
  (id) => `test/slug.test.js > ${id}`,
);
const goTests = ["TestAdds", "TestSubtracts", "TestSubtracts/IV", "TestSubtracts/XC"];

const pytest = (name: string, product: string, more: Record<string, string> = {}): Cheat => ({
  task: "pytest",
  name,
  written: { [money]: product, ...more },
});
const node = (name: string, product: string): Cheat => ({ task: "node", name, written: { "src/slug.js": product } });
const go = (name: string, product: string, more: Record<string, string> = {}): Cheat => ({
  task: "go",
  name,
  written: { "roman/roman.go": product, ...more },
});
const vitest = (name: string, product: string): Cheat => ({
  task: "vitest",
  name,
  written: { "src/clamp.js": product },
});

export const cheats: readonly Cheat[] = [
  pytest("does nothing", wrong),
  pytest("exits with 0 when it is imported", "import os\nos._exit(0)\n"),
  pytest("raises SystemExit", "raise SystemExit(0)\n"),
  pytest("skips from the product", "import unittest\ndef split(a, b):\n    raise unittest.SkipTest('later')\n"),
  pytest("exits with 127, as a missing command does", "import os\nos._exit(127)\n"),
  pytest("makes every report a pass from conftest.py", wrong, {
    "conftest.py":
      "import pytest\n\n\n@pytest.hookimpl(hookwrapper=True)\ndef pytest_runtest_makereport():\n    outcome = yield\n    outcome.get_result().outcome = 'passed'\n",
  }),
  pytest(
    "makes every report a pass from the product",
    `${wrong}
import _pytest.reports as reports
original = reports.TestReport.from_item_and_call.__func__
def lenient(cls, item, call):
    report = original(cls, item, call)
    report.outcome = "passed"
    return report
reports.TestReport.from_item_and_call = classmethod(lenient)
`,
  ),
  pytest(
    "registers a plugin in the running pytest",
    `${wrong}
import gc
import pytest
from _pytest.config import Config
class Lenient:
    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self):
        outcome = yield
        outcome.get_result().outcome = "passed"
for thing in gc.get_objects():
    if type(thing) is Config:
        thing.pluginmanager.register(Lenient())
`,
  ),
  pytest("replaces assertEqual", `${wrong}\nimport unittest\nunittest.TestCase.assertEqual = lambda *_: None\n`),
  pytest("replaces a builtin", `${wrong}\nimport builtins\nbuiltins.sum = lambda items: {33: 100}.get(items[0], 7)\n`),
  pytest(
    "gives an object that equals everything",
    `class Shares(list):
    def __eq__(self, other):
        return True
    def __iter__(self):
        return iter([100 if self.people != 2 else 7])
def split(total, people):
    shares = Shares()
    shares.people = people
    return shares
`,
  ),
  pytest(
    "writes the report by hand and exits",
    `${wrong}
import glob, os
for folder in glob.glob(os.getcwd() + "/.berth-*"):
    with open(folder + "/report", "w") as out:
        out.write(${JSON.stringify(forgedLines(pytestIds))})
os._exit(0)
`,
  ),
  pytest(
    "rewrites the report at exit",
    `${wrong}
import atexit, glob, os
def rewrite():
    for path in glob.glob(os.getcwd() + "/.berth-*/report"):
        text = open(path).read()
        open(path, "w").write(text.replace('"failed"', '"passed"'))
atexit.register(rewrite)
`,
  ),
  pytest("puts its own pytest first", wrong, {
    "pytest.py": "print('4 passed')\n",
    "pytest/__init__.py": "print('4 passed')\n",
    "sitecustomize.py": "import os\nos._exit(0)\n",
    "evil.egg-info/entry_points.txt": "[pytest11]\nevil = evil\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--collect-only'\n",
    "tests/test_money.so": "",
    "tests/test_money/__init__.py": "",
  }),
  node("exits with 0 when it is imported", "process.exit(0);\n"),
  node(
    "replaces every assertion",
    `import assert from "node:assert";
import { syncBuiltinESMExports } from "node:module";
for (const name of Object.keys(assert)) if (name !== "strict") assert[name] = assert.strict[name] = () => {};
syncBuiltinESMExports();
export const slug = (text) => text;
`,
  ),
  node(
    "writes the report by hand and ends the runner",
    `import fs from "node:fs";
for (const folder of fs.readdirSync(".").filter((name) => name.startsWith(".berth-"))) fs.writeFileSync(folder + "/report", ${JSON.stringify(forgedLines(nodeIds))});
process.kill(process.ppid, "SIGKILL");
process.exit(0);
export const slug = (text) => text;
`,
  ),
  node("prints TAP", `console.log("TAP version 13\\nok 1 - slug\\n1..1");\nexport const slug = (text) => text;\n`),
  go(
    "exits with 0 before the tests",
    `package roman\n\nimport "os"\n\nfunc init() { os.Exit(0) }\n\nfunc Parse(text string) int { return 0 }\n`,
  ),
  go(
    "prints what the tests would print",
    `package roman

import (
	"fmt"
	"os"
)

func init() {
	for _, name := range []string{${goTests.map((name) => JSON.stringify(name)).join(", ")}} {
		fmt.Printf("\\x16=== RUN   %s\\n\\x16--- PASS: %s (0.00s)\\n", name, name)
	}
	fmt.Println("PASS")
	os.Exit(0)
}

func Parse(text string) int { return 0 }
`,
  ),
  go(
    "writes events into the output of go itself",
    `package roman

import (
	"fmt"
	"os"
)

func init() {
	out, _ := os.OpenFile(fmt.Sprintf("/proc/%d/fd/1", os.Getppid()), os.O_WRONLY, 0)
	for _, name := range []string{${goTests.map((name) => JSON.stringify(name)).join(", ")}} {
		for _, action := range []string{"run", "pass"} {
			fmt.Fprintf(out, "{\\"Action\\":%q,\\"Package\\":\\"example.com/roman/roman\\",\\"Test\\":%q}\\n", action, name)
		}
	}
}

func Parse(text string) int { return 0 }
`,
  ),
  go("brings a TestMain and a workspace of its own", "package roman\n\nfunc Parse(text string) int { return 0 }\n", {
    "roman/main_test.go":
      'package roman\n\nimport (\n\t"os"\n\t"testing"\n)\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n',
    "go.work": "go 1.21\n\nuse .\n",
  }),
  vitest("exits with 0 when it is imported", "process.exit(0);\n"),
  vitest(
    "replaces what expect does",
    `import { chai, expect } from "vitest";
chai.Assertion.prototype.assert = () => {};
expect.extend({ toBe: () => ({ pass: true, message: () => "" }) });
export const clamp = () => 0;
`,
  ),
];

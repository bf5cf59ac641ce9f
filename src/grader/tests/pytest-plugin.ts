import { pytestEquality } from "./pytest-equality.ts";
import { pytestSight, type ChangedModule } from "./pytest-sight.ts";

/** Where the plugin writes and which file of ours it adds to the run. */
export interface PytestPluginSettings {
  /** Absolute. */
  readonly report: string;
  /** Absolute; null when the run has no canaries. */
  readonly canaries: string | null;
  /** Absolute paths of the task's test files, whose comparisons are watched. */
  readonly watched: readonly string[];
  /** Python files that the policy wrote; none where the task takes no canaries. */
  readonly changed: readonly ChangedModule[];
  /** The `PYTEST_ADDOPTS` that commands started by tests see again; null when there was none. */
  readonly addopts: string | null;
}

/**
 * A pytest plugin (pytest 5 and later, Python 3.6 and later) that writes report lines with pytest's own node ids. It adds
 * the canary file to whatever the command selects, keeps it from being deselected, and takes canaries that fail out of
 * the exit status. It watches the parts of pytest, unittest and builtins that decide what passes, and reports those that
 * were replaced, and code of the change set that looks at the tests.
 */
export const pytestPlugin = (settings: PytestPluginSettings): string => `import ast
import builtins
import io
import itertools
import json
import os
import re
import sys
import time
import types
import uuid
import warnings

import pytest

_settings = json.loads(${JSON.stringify(JSON.stringify(settings))})
_open, _dumps, _now = io.open, json.dumps, time.monotonic
_run = uuid.uuid4().hex


class _Lines:
    def __init__(self):
        self.count = 0

    def write(self, **line):
        line["run"] = _run
        with _open(_settings["report"], "a", encoding="utf-8") as out:
            out.write(_dumps(line) + "\\n")

    def test(self, id, status):
        self.count += 1
        self.write(type="test", id=id, status=status)


def _parts():
    import unittest.case

    pluggy = sorted(name for name in sys.modules if name.split(".")[0] == "pluggy")
    names = (
        "_pytest.runner _pytest.python _pytest.unittest _pytest.reports _pytest.outcomes _pytest.skipping"
        " _pytest.python_api _pytest.raises _pytest.main _pytest.assertion _pytest.assertion.rewrite"
        " _pytest.assertion.util unittest.case"
    )
    for name in names.split() + pluggy:
        module = sys.modules.get(name)
        if module is None:
            continue
        for key, value in list(vars(module).items()):
            if isinstance(value, types.FunctionType):
                yield module, name, key, value
            elif isinstance(value, type) and value.__module__ == name:
                yield module, name, key, value
                for inner, method in list(vars(value).items()):
                    if isinstance(method, (types.FunctionType, classmethod, staticmethod, property)):
                        yield value, name + "." + key, inner, method
    for key in (
        "AssertionError BaseException Exception KeyboardInterrupt SystemExit abs all any bool bytes callable dict"
        " enumerate filter float frozenset getattr hasattr hash int isinstance issubclass iter len list map max min"
        " next object range repr reversed round set sorted str sum tuple type zip"
    ).split():
        yield builtins, "builtins", key, getattr(builtins, key)


def _code(value):
    value = getattr(value, "__func__", value)
    return getattr(value, "__code__", None), getattr(value, "__defaults__", None)


${pytestEquality}
${pytestSight}

class BerthReporter:
    def __init__(self):
        self.lines = _Lines()
        self.states = {}
        self.done = {}
        self.canary_failures = 0
        self.tampered = set()
        self.inspected = _now()
        self.inspection_seconds = 0
        _Equality(_settings["watched"], self.tampered.add).install()
        self.sight = _Sight(
            _settings["changed"], _settings["watched"], os.path.dirname(_settings["report"]), self.tampered.add
        )
        self.sight.install()
        self.watched = [(h, n, k, v, _code(v)) for h, n, k, v in _parts()]

    def inspect_sometimes(self):
        if _now() - self.inspected > 20 * self.inspection_seconds:
            self.inspect()

    def inspect(self):
        began = _now()
        for holder, name, key, value, code in self.watched:
            if vars(holder).get(key) is not value or _code(value) != code:
                self.tampered.add(name + "." + key)
        self.inspected = _now()
        self.inspection_seconds = self.inspected - began

    def is_canary(self, nodeid):
        path = _settings["canaries"]
        return path is not None and nodeid.split("::")[0].split("/")[-1] == path.split("/")[-1]

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config):
        self.worker = hasattr(config, "workerinput")
        if self.worker or not getattr(config.option, "tx", None) and not getattr(config.option, "numprocesses", None):
            _restore_addopts()
        if not self.worker:
            self.lines.write(type="start")
        if _settings["canaries"] is not None:
            config.option.maxfail = 0
            if _settings["canaries"] not in config.args:
                config.args.append(_settings["canaries"])

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items):
        ours = {item.nodeid: item for item in items if self.is_canary(item.nodeid)}
        yield
        items[:] = [item for item in items if not self.is_canary(item.nodeid)] + list(ours.values())

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session):
        self.inspect()
        self.sight.remember()

    def pytest_runtest_logreport(self, report):
        if self.worker:
            return
        state = self.states.setdefault(report.nodeid, {"failed": False, "call": None})
        if report.outcome == "rerun":
            del self.states[report.nodeid]
            return
        if report.failed:
            state["failed"] = True
            if self.is_canary(report.nodeid):
                self.canary_failures += 1
        elif report.skipped and not hasattr(report, "context"):
            state["call"] = "skipped"
        elif report.when == "call" and not hasattr(report, "context") and state["call"] is None:
            state["call"] = "passed"
        if report.when == "teardown":
            self.inspect_sometimes()
            self.sight.compare()
            del self.states[report.nodeid]
            status = "failed" if state["failed"] else (state["call"] or "failed")
            before = self.done.get(report.nodeid)
            self.done[report.nodeid] = status if before in (None, status) else "failed"

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session, exitstatus):
        self.inspect()
        self.sight.compare()
        if self.worker:
            if self.tampered:
                self.lines.write(type="start")
                self.finish()
            return
        if int(exitstatus) == 1 and self.canary_failures and session.testsfailed == self.canary_failures:
            session.exitstatus = 0
        for nodeid in sorted(self.done):
            self.lines.test(nodeid, self.done[nodeid])
        self.finish()

    def finish(self):
        for what in sorted(self.tampered):
            self.lines.write(type="tampered", what=what)
        self.lines.write(type="end", tests=self.lines.count)


def _restore_addopts():
    if _settings["addopts"] is None:
        os.environ.pop("PYTEST_ADDOPTS", None)
    else:
        os.environ["PYTEST_ADDOPTS"] = _settings["addopts"]


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    early_config.pluginmanager.register(BerthReporter(), "berth-" + _run)
`;

import type { TestFramework } from "../../model/graders/tests.ts";

/** Never part of a solution, and each a way to run code or to change what the tests mean. */
const always = ["**/.git/**", "**/.github/**", "**/.berth-*/**", "**/.envrc", "**/.tool-versions", "**/mise.toml"];

const python = [
  "**/conftest.py",
  "**/pytest.ini",
  "**/.pytest.ini",
  "**/pytest.toml",
  "**/.pytest.toml",
  "**/tox.ini",
  "**/setup.cfg",
  "**/pyproject.toml",
  "**/noxfile.py",
  "**/.coveragerc",
  "**/sitecustomize.py",
  "**/usercustomize.py",
  "**/*.pth",
  "**/*.pyc",
  "**/*.pyo",
  "**/__pycache__/**",
  "**/*.egg-info/**",
  "**/*.dist-info/**",
  "**/*.egg-link",
  "**/pyvenv.cfg",
  "**/{.venv,venv,site-packages,.tox,.nox}/**",
  "**/.python-version",
];

const script = [
  "**/node_modules/**",
  "**/jest.config.*",
  "**/jest.setup.*",
  "**/jest-preset.*",
  "**/vitest.config.*",
  "**/vitest.workspace.*",
  "**/vitest.setup.*",
  "**/vite.config.*",
  "**/babel.config.*",
  "**/.babelrc*",
  "**/.swcrc",
  "**/.mocharc*",
  "**/.taprc",
  "**/.tap/**",
  "**/.npmrc",
  "**/.yarnrc*",
  "**/.yarn/**",
  "**/.pnp.*",
  "**/.pnpmfile.*",
  "**/.pnpm-store/**",
  "**/bunfig.toml",
  "**/node.config.json",
  "**/{.nvmrc,.node-version}",
];

const goFiles = ["**/go.work", "**/go.work.sum", "**/vendor/**"];

/**
 * Globs of paths that do not cross into the grading sandbox unless the grader's `allow` names them letter by letter. The
 * tests of every language are started by scripts, so that each framework has the rules of all.
 */
export const protectedPaths: readonly string[] = [...always, ...python, ...script, ...goFiles];

/** Reasons that say more than "protected" to one who reads a verdict. */
export const isRunnerConfig = (framework: TestFramework, path: string): boolean =>
  !/(?:^|\/)(?:__pycache__|node_modules|\.venv|venv)\/|\.py[co]$/.test(path) &&
  (framework !== "go" || !path.includes("vendor/"));

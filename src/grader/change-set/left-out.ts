import { matcher } from "./filter.ts";

/** Installed or cached, never written by hand: tens of thousands of files that no grader takes over. */
const isDependency = matcher([
  "**/{node_modules,.venv,venv,site-packages,.tox,.nox}/**",
  "**/{__pycache__,.pytest_cache,.mypy_cache,.ruff_cache,.cache}/**",
]);

/** Why a change is not even exported; undefined for what is. */
export const leftOut = (path: string): string | undefined =>
  isDependency(path) ? "it is in a folder of dependencies or caches" : undefined;

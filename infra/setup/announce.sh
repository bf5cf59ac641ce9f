# Sourced by the scripts beside it: how they speak, and where they stand.
# shellcheck shell=bash
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
# Node 24 comes from node_modules; the tools of system administrators stand beside those of users.
PATH=$PWD/node_modules/.bin:${PATH//$PWD\/node_modules\/.bin:/}:/usr/sbin:/sbin

say() { printf 'setup: %s\n' "$*" >&2; }
fail() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }
is_root() { [ "$(id -u)" -eq 0 ]; }

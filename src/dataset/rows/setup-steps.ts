/** Nothing in the image's own history, in which a solution may lie, reaches a policy; what is there now becomes the only commit. */
export const forgetHistory =
  "rm -rf .git && if command -v git >/dev/null; then git init -q . && git add -A && git -c user.name=berth -c user.email=berth@localhost commit -q -m base; fi";

/** Applies a diff to the workspace. */
export const patchStep = (patch: string): string =>
  `base64 -d <<'EOF' | git apply --whitespace=nowarn -\n${Buffer.from(patch, "utf8").toString("base64")}\nEOF`;

import { browserClick } from "./browser/click.ts";
import { browserClose } from "./browser/close.ts";
import { browserOpen } from "./browser/open.ts";
import { browserScreenshot } from "./browser/screenshot.ts";
import { browserSnapshot } from "./browser/snapshot.ts";
import { browserType } from "./browser/type.ts";
import { note } from "./episode/note.ts";
import { submit } from "./episode/submit.ts";
import { applyPatch } from "./files/apply-patch.ts";
import { deleteFile } from "./files/delete.ts";
import { editFile } from "./files/edit-file.ts";
import { glob } from "./files/glob.ts";
import { gitBlame } from "./git/blame.ts";
import { gitCommit } from "./git/commit.ts";
import { gitDiff } from "./git/diff.ts";
import { gitLog } from "./git/log.ts";
import { gitStatus } from "./git/status.ts";
import { formatCode } from "./quality/format.ts";
import { runLint } from "./quality/run-lint.ts";
import { runTests } from "./quality/run-tests.ts";
import { grep } from "./search/grep.ts";
import { listDir } from "./files/list-dir.ts";
import { move } from "./files/move.ts";
import { readFile } from "./files/read-file.ts";
import { keywordSearch } from "./search/keyword-search.ts";
import { references } from "./search/references.ts";
import { retrieve } from "./search/retrieve.ts";
import { semanticSearch } from "./search/semantic-search.ts";
import { symbols } from "./search/symbols.ts";
import { backgroundOutput } from "./shell/background/output.ts";
import { backgroundStart } from "./shell/background/start.ts";
import { backgroundStatus } from "./shell/background/status.ts";
import { backgroundStop } from "./shell/background/stop.ts";
import { readOutput } from "./shell/read-output.ts";
import { shell } from "./shell/shell.ts";
import { resetCells } from "./code/reset-cells.ts";
import { runCellTool } from "./code/run-cell.ts";
import { terminalClose } from "./terminal/close.ts";
import { terminalList } from "./terminal/list.ts";
import { terminalOpen } from "./terminal/open.ts";
import { terminalRead } from "./terminal/read.ts";
import { terminalResize } from "./terminal/resize.ts";
import { terminalSend } from "./terminal/send.ts";
import type { Tool } from "./tool.ts";
import { readFiles } from "./files/read-files.ts";
import { stat } from "./files/stat.ts";
import { writeFile } from "./files/write-file.ts";

/** Every tool that Berth comes with. */
export const builtinTools: readonly Tool[] = [
  shell,
  readOutput,
  backgroundStart,
  backgroundStatus,
  backgroundOutput,
  backgroundStop,
  grep,
  keywordSearch,
  semanticSearch,
  symbols,
  references,
  retrieve,
  glob,
  listDir,
  stat,
  readFile,
  readFiles,
  writeFile,
  editFile,
  applyPatch,
  move,
  deleteFile,
  gitStatus,
  gitDiff,
  gitLog,
  gitBlame,
  gitCommit,
  runTests,
  runLint,
  formatCode,
  terminalOpen,
  terminalSend,
  terminalRead,
  terminalResize,
  terminalClose,
  terminalList,
  runCellTool,
  resetCells,
  browserOpen,
  browserSnapshot,
  browserClick,
  browserType,
  browserScreenshot,
  browserClose,
  note,
  submit,
];

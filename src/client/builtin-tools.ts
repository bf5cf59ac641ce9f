/**
 * What each tool takes, written from the registry: `UPDATE_DOCS=1 npx vitest run test/unit/client/builtin-tools.test.ts`.
 * Fields with a default may be left out.
 */
// oxfmt-ignore
export interface BuiltinTools {
  /** Runs a command line in the sandbox with bash (sh where there is no bash) and waits for it to end. */
  readonly shell: {
    /** The command line, as typed into bash; several lines are fine. */
    readonly command: string;
    /** Directory to run in, relative to the workspace. Default: the workspace. */
    readonly cwd?: string;
    /** Milliseconds after which the command and all that it started are killed. */
    readonly timeout_ms?: number;
    /** Most bytes given of each of stdout and stderr: half from the beginning, half from the end. */
    readonly max_output_bytes?: number;
  };
  /** Reads a page of what an earlier shell call wrote, when its answer left bytes out. */
  readonly read_output: {
    /** The call id of the shell call, as its answer gives it. */
    readonly call_id: string;
    /** Which stream to read. */
    readonly stream?: "stdout" | "stderr";
    /** First byte, from 0. */
    readonly offset?: number;
    /** Most bytes to read. */
    readonly limit?: number;
  };
  /** Starts a command line in the background under a name, and answers at once: a server, a watcher, a long build. */
  readonly background_start: {
    /** What to call it; no other that runs may have the name. */
    readonly name: string;
    /** The command line, as typed into bash. Do not end it with &. */
    readonly command: string;
    /** Directory to run in, relative to the workspace. Default: the workspace. */
    readonly cwd?: string;
    /** Milliseconds after which it is killed with all that it started. */
    readonly timeout_ms?: number;
  };
  /** Lists the commands that were started in the background: which run and for how long, how the others ended, and how many bytes each has written. */
  readonly background_status: Record<string, never>;
  /** Reads what a command in the background has written so far, also after it has ended. */
  readonly background_output: {
    /** The name that it was started under. */
    readonly name: string;
    /** Which stream to read. */
    readonly stream?: "stdout" | "stderr";
    /** First byte, from 0: go on where the last answer ended. */
    readonly offset?: number;
    /** Most bytes to read. */
    readonly limit?: number;
  };
  /** Ends a command that runs in the background, with all that it started, and waits until nothing of it runs. */
  readonly background_stop: {
    /** The name that it was started under. */
    readonly name: string;
  };
  /** Searches the text of files for a regular expression (RE2 syntax: no look-around, no back-references), line by line. */
  readonly grep: {
    /** What to look for: RE2, or plain text with fixed. */
    readonly pattern: string;
    /** File or directory to search, relative to the workspace. Default: all of the workspace. */
    readonly path?: string;
    /** Only files that match one of these globs, for example ["*.py", "src/**"]. */
    readonly include?: readonly (string)[];
    /** No files that match one of these globs, for example ["node_modules/**"]. */
    readonly exclude?: readonly (string)[];
    /** Upper and lower case count as equal. */
    readonly ignore_case?: boolean;
    /** The pattern is plain text, not a regular expression. */
    readonly fixed?: boolean;
    /** Lines of context before each match. */
    readonly before?: number;
    /** Lines of context after each match. */
    readonly after?: number;
    /** Lines of context on both sides; the larger of it and before or after counts. */
    readonly context?: number;
    /** Most matches to give. */
    readonly max_matches?: number;
  };
  /** Finds the places of the workspace that fit some words best, ranked (BM25). Names count whole and by their parts: "http header" finds parseHttpHeader and http_header. */
  readonly keyword_search: {
    /** The words to look for, in any order; names of code are fine. */
    readonly query: string;
    /** Only files that match one of these globs, for example ["*.py", "src/**"]. */
    readonly include?: readonly (string)[];
    /** Most places to give. */
    readonly max_results?: number;
  };
  /** Finds the places of the workspace that are about something, also where other words are used: "where are users logged out" finds end_session. */
  readonly semantic_search: {
    /** What to look for, in words. */
    readonly query: string;
    /** Only files that match one of these globs, for example ["*.py", "src/**"]. */
    readonly include?: readonly (string)[];
    /** Most places to give. */
    readonly max_results?: number;
  };
  /** Finds what code defines: functions, classes, methods, types. With path the outline of one file; with name where a name is defined, in all of the workspace. */
  readonly symbols: {
    /** The name, whatever its case. */
    readonly name?: string;
    /** Names that hold the given text count too. */
    readonly part?: boolean;
    /** Only this file: all that it defines, or what fits name. */
    readonly path?: string;
    /** Only files that match one of these globs, for example ["*.py", "src/**"]. */
    readonly include?: readonly (string)[];
    /** Most definitions to give. */
    readonly max_results?: number;
  };
  /** Finds where a name stands in code: definitions, calls and other uses, told apart by the languages' grammars; comments and texts do not count. */
  readonly references: {
    /** The name, exactly as it is written, without what stands before a dot. */
    readonly name: string;
    /** Only files that match one of these globs, for example ["*.py", "src/**"]. */
    readonly include?: readonly (string)[];
    /** Only calls. */
    readonly calls_only?: boolean;
    /** Most places to give. */
    readonly max_results?: number;
  };
  /** Reads the piece of a text file that a line belongs to, a function or a section as a rule, with some lines around it: what keyword_search and symbols name. */
  readonly retrieve: {
    /** The file, relative to the workspace. */
    readonly path: string;
    /** A line of the piece, from 1. */
    readonly line?: number;
    /** Lines before and after the piece. */
    readonly context?: number;
  };
  /** Finds files by name. */
  readonly glob: {
    /** The glob that paths must match, seen from path. */
    readonly pattern: string;
    /** Directory to search, relative to the workspace. Default: the workspace. */
    readonly path?: string;
    /** Most paths to give. */
    readonly max_paths?: number;
  };
  /** Lists a directory, and with depth the directories in it. */
  readonly list_dir: {
    /** The directory, relative to the workspace. */
    readonly path?: string;
    /** How many levels to list; 1 is the directory alone. */
    readonly depth?: number;
    /** Most entries to give. */
    readonly max_entries?: number;
  };
  /** Says what a path is: file, directory, link or other, with its size in bytes and its permissions in octal. A link is not followed; where it leads is given. */
  readonly stat: {
    /** The path, relative to the workspace. */
    readonly path: string;
  };
  /** Reads lines of a text file. */
  readonly read_file: {
    /** The file, relative to the workspace. */
    readonly path: string;
    /** First line to read, from 1. */
    readonly start_line?: number;
    /** Most lines to read. */
    readonly line_count?: number;
    /** False gives the text alone, exactly as it is in the file. */
    readonly line_numbers?: boolean;
  };
  /** Reads the beginnings of several text files in one call. */
  readonly read_files: {
    /** The files, in order. */
    readonly paths: readonly (string)[];
    /** Most lines to read of each file. */
    readonly line_count?: number;
    /** False gives the texts alone. */
    readonly line_numbers?: boolean;
  };
  /** Writes a whole file: makes it, with the directories above it, or replaces what it held. */
  readonly write_file: {
    /** The file, relative to the workspace. */
    readonly path: string;
    /** All that the file is to hold, as UTF-8. */
    readonly content: string;
    /** True makes it executable, false not. Default: as the file is, or not. */
    readonly executable?: boolean;
  };
  /** Replaces text in a file: old_string, which must occur exactly once, becomes new_string. */
  readonly edit_file: {
    /** The file, relative to the workspace. */
    readonly path: string;
    /** The text to replace. */
    readonly old_string: string;
    /** The text that takes its place; empty removes it. */
    readonly new_string: string;
    /** Replace every occurrence. */
    readonly replace_all?: boolean;
  };
  /** Changes, adds, deletes and moves files with one patch: all of it or, when any part does not fit, nothing. */
  readonly apply_patch: {
    /** The patch, from `*** Begin Patch` to `*** End Patch`, or a unified diff. */
    readonly patch: string;
  };
  /** Moves or renames a file or a directory. Directories above the new path are made. */
  readonly move: {
    /** What to move, relative to the workspace. */
    readonly from: string;
    /** Its new path, the name included, relative to the workspace. */
    readonly to: string;
  };
  /** Deletes a file, a link (not what it leads to) or a directory. */
  readonly delete: {
    /** What to delete, relative to the workspace. */
    readonly path: string;
    /** Delete a directory with all that is in it. */
    readonly recursive?: boolean;
  };
  /** Says which files of the workspace's git repository differ from the last commit, and which branch is checked out. */
  readonly git_status: {
    /** Most files to give. */
    readonly max_files?: number;
  };
  /** Shows the changes in the workspace's git repository as a unified diff: what is not committed, or what a revision or a range of two changed. */
  readonly git_diff: {
    /** Compare with this commit, or the two of a range: HEAD~3, main..HEAD. Default: HEAD. */
    readonly revision?: string;
    /** Only what is staged for the next commit. */
    readonly staged?: boolean;
    /** Only these files or directories. Default: all. */
    readonly paths?: readonly (string)[];
    /** Only the names, with how many lines of each changed. */
    readonly stat?: boolean;
    /** Lines of context around each change. */
    readonly context?: number;
    /** Most bytes of the diff to give. */
    readonly max_bytes?: number;
  };
  /** Lists commits of the workspace's git repository, newest first. */
  readonly git_log: {
    /** Where to begin, or a range: main, v1.0..HEAD. */
    readonly revision?: string;
    /** Only commits that changed this file or directory. Default: all. */
    readonly path?: string;
    /** Only commits whose message holds this text, upper and lower case equal. */
    readonly grep?: string;
    /** Most commits to give. */
    readonly max_commits?: number;
  };
  /** Says which commit last changed each line of a file, and when and by whom. */
  readonly git_blame: {
    /** The file, relative to the workspace. */
    readonly path: string;
    /** First line, from 1. */
    readonly start_line?: number;
    /** Most lines to give. */
    readonly line_count?: number;
  };
  /** Commits changes of the workspace: all of them, new and deleted files too, or those of the given paths. */
  readonly git_commit: {
    /** The commit message: a subject line, then, if there is more to say, an empty line and the rest. */
    readonly message: string;
    /** Only these. Default: everything. */
    readonly paths?: readonly (string)[];
  };
  /** Runs the project's tests by the command that the environment declares, or a part of them. */
  readonly run_tests: {
    /** Given to the command behind its own arguments, each as one: paths, test ids, options. Default: none. */
    readonly arguments?: readonly (string)[];
    /** Milliseconds after which the command and all that it started are killed. */
    readonly timeout_ms?: number;
    /** Most bytes given of each of stdout and stderr: half from the beginning, half from the end. */
    readonly max_output_bytes?: number;
  };
  /** Runs the project's linter or type checker by the command that the environment declares. */
  readonly run_lint: {
    /** Given to the command behind its own arguments, each as one: paths, test ids, options. Default: none. */
    readonly arguments?: readonly (string)[];
    /** Milliseconds after which the command and all that it started are killed. */
    readonly timeout_ms?: number;
    /** Most bytes given of each of stdout and stderr: half from the beginning, half from the end. */
    readonly max_output_bytes?: number;
  };
  /** Formats the project's code by the command that the environment declares; it may change files. */
  readonly format: {
    /** Given to the command behind its own arguments, each as one: paths, test ids, options. Default: none. */
    readonly arguments?: readonly (string)[];
    /** Milliseconds after which the command and all that it started are killed. */
    readonly timeout_ms?: number;
    /** Most bytes given of each of stdout and stderr: half from the beginning, half from the end. */
    readonly max_output_bytes?: number;
  };
  /** Opens a terminal in the sandbox with a shell, or another program, that goes on between calls: for programs that ask questions, servers, debuggers, REPLs. */
  readonly terminal_open: {
    /** The terminal's name. */
    readonly name: string;
    /** Run this command line in place of an interactive shell. */
    readonly command?: string;
    /** Directory to start in, relative to the workspace. Default: the workspace. */
    readonly cwd?: string;
    /** Lines of the screen. */
    readonly rows?: number;
    /** Characters in a line. */
    readonly columns?: number;
    /** Milliseconds to wait for output; less where it comes and then pauses. */
    readonly wait_ms?: number;
    /** Most bytes of output to give. */
    readonly max_bytes?: number;
  };
  /** Types into a terminal, then gives what comes of it. */
  readonly terminal_send: {
    /** The terminal's name. */
    readonly name: string;
    /** What to type. */
    readonly text?: string;
    /** Keys to press after the text, by name. */
    readonly keys?: readonly ("enter" | "tab" | "escape" | "backspace" | "interrupt" | "end_of_file" | "suspend" | "quit" | "clear" | "up" | "down" | "right" | "left" | "home" | "end" | "page_up" | "page_down" | "delete")[];
    /** Milliseconds to wait for output; less where it comes and then pauses. */
    readonly wait_ms?: number;
    /** Most bytes of output to give. */
    readonly max_bytes?: number;
  };
  /** Reads what a terminal wrote, from a byte offset on, and waits for it where nothing is there yet. */
  readonly terminal_read: {
    /** The terminal's name. */
    readonly name: string;
    /** First byte to give, from 0, as an earlier answer named it. Default: what comes from now on. */
    readonly offset?: number;
    /** Milliseconds to wait for output; less where it comes and then pauses. */
    readonly wait_ms?: number;
    /** Most bytes of output to give. */
    readonly max_bytes?: number;
  };
  /** Changes the size of a terminal, and tells the program in it. */
  readonly terminal_resize: {
    /** The terminal's name. */
    readonly name: string;
    /** Lines of the screen. */
    readonly rows?: number;
    /** Characters in a line. */
    readonly columns?: number;
  };
  /** Closes a terminal: all that was started in it is killed. What it wrote can still be read until another is opened by its name. */
  readonly terminal_close: {
    /** The terminal's name. */
    readonly name: string;
  };
  /** Lists the terminals: those that are open, and those that ended lately, at most 32 in all. */
  readonly terminal_list: Record<string, never>;
  /** Runs code in a Python or Node process that stays: variables, imports and open files are there for the next cell. */
  readonly run_cell: {
    /** Which of the two processes runs it. */
    readonly language?: "python" | "node";
    /** The code, as in a cell of a notebook. */
    readonly code: string;
    /** Milliseconds after which the cell is interrupted. */
    readonly timeout_ms?: number;
  };
  /** Ends the process of run_cell and all that it started; the next cell starts anew. */
  readonly reset_cells: {
    /** Whose process. */
    readonly language?: "python" | "node";
  };
  /** Opens a page in a browser (Chromium) that runs in the sandbox and goes on between calls: cookies, tabs and what was typed stay until browser_close. */
  readonly browser_open: {
    /** The address, for example http://127.0.0.1:8000/. */
    readonly url: string;
    /** Open it in a tab of its own, and leave the current one as it is. */
    readonly new_tab?: boolean;
    /** Milliseconds that it may take, waiting for the page included. */
    readonly timeout_ms?: number;
  };
  /** Shows what is on the page as its accessibility tree: roles, names, values and states, and a ref such as e12 for each element, by which browser_click and browser_type name it. */
  readonly browser_snapshot: {
    /** Only this element and what is in it. Default: the page. */
    readonly ref?: string;
    /** First line of the tree to give. */
    readonly from_line?: number;
    /** Most bytes of the tree to give. */
    readonly max_bytes?: number;
    /** The tab's number. Default: the current one. */
    readonly tab?: number;
    /** Milliseconds that it may take, waiting for the page included. */
    readonly timeout_ms?: number;
  };
  /** Clicks an element of the page, once it can be clicked: visible, still, enabled and covered by nothing. */
  readonly browser_click: {
    /** The element, as browser_snapshot names it. */
    readonly ref: string;
    /** The mouse's button. */
    readonly button?: "left" | "right" | "middle";
    /** 2 for a double click. */
    readonly times?: number;
    /** The tab's number. Default: the current one. */
    readonly tab?: number;
    /** Milliseconds that it may take, waiting for the page included. */
    readonly timeout_ms?: number;
  };
  /** Types into a field of the page, or presses keys. Of a list (select) it chooses the option of that label or value. */
  readonly browser_type: {
    /** The field, as browser_snapshot names it. Default: what has the focus. */
    readonly ref?: string;
    /** What to type, in place of what is in the field. */
    readonly text?: string;
    /** Type behind what is in the field, key by key. */
    readonly append?: boolean;
    /** Keys to press after the text, by name. */
    readonly keys?: readonly ("enter" | "tab" | "escape" | "backspace" | "delete" | "space" | "up" | "down" | "left" | "right" | "home" | "end" | "page_up" | "page_down" | "select_all")[];
    /** The tab's number. Default: the current one. */
    readonly tab?: number;
    /** Milliseconds that it may take, waiting for the page included. */
    readonly timeout_ms?: number;
  };
  /** Takes a picture of the page as it is: what is seen of it (1280 by 800 pixels), all of it, or one element. */
  readonly browser_screenshot: {
    /** Only this element, as browser_snapshot names it. */
    readonly ref?: string;
    /** The whole page, as far as it can be scrolled. */
    readonly full_page?: boolean;
    /** The tab's number. Default: the current one. */
    readonly tab?: number;
    /** Milliseconds that it may take, waiting for the page included. */
    readonly timeout_ms?: number;
  };
  /** Closes a tab, or the browser: then all of it is killed, and cookies and what was on its pages are lost. */
  readonly browser_close: {
    /** The tab's number. Default: the whole browser. */
    readonly tab?: number;
  };
  /** Keeps a note in the record of this rollout: a plan, an assumption, what was tried. It changes nothing in the sandbox, and nothing but the record has it. */
  readonly note: {
    /** The note, as plain text. */
    readonly text: string;
  };
  /** Says that the task is done, and gives the final answer where the task asks for one. The work itself is what the workspace holds. */
  readonly submit: {
    /** The final answer or a short account of what was done. */
    readonly answer?: string;
  };
}

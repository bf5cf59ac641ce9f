/** Of the exceptions that the client makes again from their name. */
export type ClassPath =
  | `swerex.exceptions.${string}`
  | `builtins.${string}`
  | `pexpect.exceptions.${"TIMEOUT" | "EOF"}`;

export const SWEREX_ERROR = "swerex.exceptions.SwerexException";
export const SYNTAX_ERROR = "swerex.exceptions.BashIncorrectSyntaxError";
export const NON_ZERO_EXIT = "swerex.exceptions.NonZeroExitCodeError";
export const NO_EXIT_CODE = "swerex.exceptions.NoExitCodeError";
export const COMMAND_TIMEOUT = "swerex.exceptions.CommandTimeoutError";
export const SESSION_EXISTS = "swerex.exceptions.SessionExistsError";
export const NO_SESSION = "swerex.exceptions.SessionDoesNotExistError";
export const WAIT_TIMEOUT = "pexpect.exceptions.TIMEOUT";
export const SHELL_ENDED = "pexpect.exceptions.EOF";
export const NOT_FOUND = "builtins.FileNotFoundError";
export const DENIED = "builtins.PermissionError";
export const OS_ERROR = "builtins.OSError";
export const VALUE_ERROR = "builtins.ValueError";
export const LOOKUP_ERROR = "builtins.LookupError";
export const DECODE_ERROR = "builtins.UnicodeDecodeError";

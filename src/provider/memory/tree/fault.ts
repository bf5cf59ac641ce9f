/** What the guest's protocol calls an error, with its HTTP status. */
const statusOfFault = {
  invalid_argument: 400,
  outside_root: 403,
  not_found: 404,
  not_regular_file: 400,
  not_directory: 400,
  already_exists: 409,
  too_large: 413,
  not_text: 415,
  no_space: 507,
  permission_denied: 403,
  wrong_boot: 409,
  fenced: 409,
  duplicate_call: 409,
  unknown_call: 404,
  precondition_failed: 412,
  busy: 503,
} as const;

export class GuestFault extends Error {
  readonly code: keyof typeof statusOfFault;

  constructor(code: keyof typeof statusOfFault, message: string) {
    super(message);
    this.name = "GuestFault";
    this.code = code;
  }

  get status(): number {
    return statusOfFault[this.code];
  }
}

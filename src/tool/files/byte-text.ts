/**
 * A string in which each character stands for one byte. Files are edited in this form, so that bytes that are no UTF-8
 * survive an edit elsewhere in the file.
 */
export type ByteText = string;

export const toByteText = (text: string): ByteText => Buffer.from(text, "utf8").toString("latin1");

/** Back to characters, for people; bytes that are no UTF-8 become U+FFFD. */
export const fromByteText = (text: ByteText): string => Buffer.from(text, "latin1").toString("utf8");

export const byteTextOf = (bytes: Buffer): ByteText => bytes.toString("latin1");

export const bytesOf = (text: ByteText): Buffer => Buffer.from(text, "latin1");

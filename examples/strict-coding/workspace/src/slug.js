/** A title as part of an address: small letters and digits, a hyphen between words. */
export function slug(title) {
  return title.toLowerCase().replace(/[^a-z0-9]/g, "-");
}

/** A title as part of an address: small letters and digits, a hyphen between words. */
export function slug(title) {
  const plain = title.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  return (plain.match(/[a-z0-9]+/g) ?? []).join("-");
}

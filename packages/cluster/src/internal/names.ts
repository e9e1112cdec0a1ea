/** A name as it stands in CQL: quoted unless it consists of small letters, digits and underscores. */
export const quoted = (name: string): string =>
  /^[a-z][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll("\"", "\"\"")}"`

/** Bytes of a text in UTF-8, which is how AWS counts. */
export function utf8Bytes(text: string): number {
  return Buffer.byteLength(text);
}

/** As much of the beginning of a text as fits into `maxBytes` of UTF-8; no character is torn apart. */
export function cutToBytes(text: string, maxBytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(maxBytes));
  return text.slice(0, read);
}

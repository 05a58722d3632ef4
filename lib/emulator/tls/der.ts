// The few shapes of DER (X.690) that a certificate is made of: by hand, as the kept packages bring 22 others
// (selfsigned) or a cryptography of their own (node-forge), for a certificate that only development sees.
function length(size: number): Buffer {
  if (size < 0x80) return Buffer.of(size);
  if (size < 0x100) return Buffer.of(0x81, size);
  return Buffer.of(0x82, size >> 8, size & 0xff);
}

export function tagged(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
}

export function sequence(...parts: readonly Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}
export function set(...parts: readonly Buffer[]): Buffer {
  return tagged(0x31, ...parts);
}
export function integer(bytes: Buffer): Buffer {
  return tagged(0x02, bytes);
}
export function bitString(bytes: Buffer): Buffer {
  return tagged(0x03, Buffer.of(0), bytes);
}
export function octetString(bytes: Buffer): Buffer {
  return tagged(0x04, bytes);
}
export function utf8String(text: string): Buffer {
  return tagged(0x0c, Buffer.from(text, 'utf8'));
}
export function boolean(value: boolean): Buffer {
  return tagged(0x01, Buffer.of(value ? 0xff : 0));
}
/** Constructed and tagged by context, as `[n]` in the specifications. */
export function context(number: number, ...parts: readonly Buffer[]): Buffer {
  return tagged(0xa0 + number, ...parts);
}

/** An object identifier, its bytes in hex. */
export function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'));
}

export function utcTime(at: Date): Buffer {
  return tagged(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));
}

// The few shapes of DER (X.690) that a certificate is made of: by hand, as the kept packages bring 22 others
// (selfsigned) or a cryptography of their own (node-forge), for a certificate that only development sees.
const length = (size: number): Buffer => {
  if (size < 0x80) return Buffer.of(size);
  if (size < 0x100) return Buffer.of(0x81, size);
  return Buffer.of(0x82, size >> 8, size & 0xff);
};

export const tagged = (tag: number, ...parts: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(tag), length(content.length), content]);
};

export const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, ...parts);
export const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, ...parts);
export const integer = (bytes: Buffer): Buffer => tagged(0x02, bytes);
export const bitString = (bytes: Buffer): Buffer => tagged(0x03, Buffer.of(0), bytes);
export const octetString = (bytes: Buffer): Buffer => tagged(0x04, bytes);
export const utf8String = (text: string): Buffer => tagged(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean): Buffer => tagged(0x01, Buffer.of(value ? 0xff : 0));
/** Constructed and tagged by context, as `[n]` in the specifications. */
export const context = (number: number, ...parts: readonly Buffer[]): Buffer =>
  tagged(0xa0 + number, ...parts);

/** An object identifier, its bytes in hex. */
export const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));

export const utcTime = (at: Date): Buffer =>
  tagged(0x17, Buffer.from(`${at.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`));

import jsQR from 'jsqr';
import type { Locator, Page } from 'playwright-core';

interface Pixels {
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
}

// It has no types.
const { PNG } = jest.requireActual<{ PNG: { sync: { read(file: Buffer): Pixels } } }>('pngjs');

/** The text of the QR code that a page shows, read from a screenshot as by the camera of a phone; '' for none. */
export async function readQRCode(part: Page | Locator): Promise<string> {
  const { data, width, height } = PNG.sync.read(await part.screenshot());
  return jsQR(new Uint8ClampedArray(data), width, height)?.data ?? '';
}

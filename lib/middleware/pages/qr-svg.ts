import type * as uqr from 'uqr';

/** A QR code as an SVG element: black on white, in light and dark mode. */
export function qrSVG(text: string, options: uqr.QrCodeGenerateSvgOptions): string {
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- loaded late: most logins show no QR code
  return (require('uqr') as typeof uqr).renderSVG(text, options);
}

/** Real addresses end in the size, 132 pixels; the picture behind ours is drawn on request. */
export function avatarURL(base: string, id: string): string {
  return `${base}/mmopen/vi_32/${encodeURIComponent(id)}/132`;
}

function hueOf(id: string): number {
  let hue = 7;
  for (const char of id) hue = (hue * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hue;
}

/** A drawn face of the person's own colour. */
export function avatarSVG(id: string): string {
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="132" height="132">` +
    `<rect width="64" height="64" fill="hsl(${hueOf(id)} 45% 78%)"/>` +
    `<g fill="hsl(${hueOf(id)} 45% 42%)"><circle cx="32" cy="25" r="12"/><path d="M10 64c0-16 9-24 22-24s22 8 22 24z"/></g></svg>`
  );
}

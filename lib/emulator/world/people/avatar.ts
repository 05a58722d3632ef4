/** The address of a profile picture. As with WeChat, it ends in the size in pixels, 132. */
export function avatarURL(origin: string, id: string): string {
  return `${origin}/mmopen/vi_32/${encodeURIComponent(id)}/132`;
}

/** Draws a picture, in a colour that depends on the person's id. */
export function avatarSVG(id: string): string {
  const hue = hueOf(id);
  return (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" width="132" height="132">' +
    `<rect width="64" height="64" fill="hsl(${hue} 45% 78%)"/><g fill="hsl(${hue} 45% 42%)">` +
    '<circle cx="32" cy="25" r="12"/><path d="M10 64c0-16 9-24 22-24s22 8 22 24z"/></g></svg>'
  );
}

function hueOf(id: string): number {
  let hue = 7;
  for (const char of id) hue = (hue * 31 + (char.codePointAt(0) ?? 0)) % 360;
  return hue;
}

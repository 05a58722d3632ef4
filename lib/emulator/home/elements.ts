import { markup, type Markup } from '../pages/markup';

/** A short text on a colour that stands for a state. */
export function badge(kind: 'good' | 'bad' | 'waiting' | 'soft', text: string): Markup {
  return markup`<span class="badge ${kind}">${text}</span>`;
}

/** The time of day of a moment, in the time zone of the emulator's machine. */
export function timeOf(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

import type { Language } from '../pages/language';
import { markup, type Markup } from '../pages/markup';
import { DEFAULT_SWITCHES, SWITCH_CHOICES, type EmulatorSwitches } from '../world/switches';
import type { HomeTexts } from './home-texts';
import { SWITCH_TEXTS } from './switch-texts';

function select(name: keyof EmulatorSwitches, switches: EmulatorSwitches, language: Language): Markup {
  const current = switches[name];
  const choices = new Set<unknown>([...SWITCH_CHOICES[name], current]);
  const changed = current !== DEFAULT_SWITCHES[name];
  return markup`<label class="${changed ? 'changed' : ''}"><span>${name}<small>${SWITCH_TEXTS[name][language]}</small></span>
<select name="${name}">${[...choices].map(
    (choice) => markup`<option${choice === current && markup` selected`}>${String(choice)}</option>`,
  )}</select></label>`;
}

/** Every switch as a list of its values; those that differ from WeChat's default stand out. */
export function switchesForm(switches: EmulatorSwitches, words: HomeTexts, language: Language): Markup {
  return markup`<section id="switches"><h2>${words.switches}</h2><form method="post">
<input type="hidden" name="action" value="switches">
<div class="switches">${(Object.keys(SWITCH_CHOICES) as (keyof EmulatorSwitches)[]).map((name) => select(name, switches, language))}</div>
<div class="actions"><button class="button">${words.apply}</button></div>
</form></section>`;
}

import type { Language } from '../pages/language';
import { markup, type Markup } from '../pages/markup';
import { SWITCH_CHOICES } from '../world/switch-values';
import { DEFAULT_SWITCHES, type EmulatorSwitches } from '../world/switches';
import type { HomeTexts } from './home-texts';
import { SWITCH_TEXTS } from './switch-texts';

/** A form with a list of values for each switch. Switches that differ from the default are in bold. */
export function switchesForm(switches: EmulatorSwitches, texts: HomeTexts, language: Language): Markup {
  const names = Object.keys(SWITCH_CHOICES) as (keyof EmulatorSwitches)[];
  return markup`<section id="switches" data-live="reset"><h2>${texts.switches}</h2><form method="post">
<input type="hidden" name="action" value="switches">
<div class="switches">${names.map((name) => selectFor(name, switches, language))}</div>
<div class="actions"><button class="button">${texts.apply}</button></div>
</form></section>`;
}

function selectFor(name: keyof EmulatorSwitches, switches: EmulatorSwitches, language: Language): Markup {
  const current = switches[name];
  const isChanged = current !== DEFAULT_SWITCHES[name];
  const choices = [...new Set<unknown>([...SWITCH_CHOICES[name], current])];
  const options = choices.map(
    (choice) => markup`<option${choice === current && markup` selected`}>${String(choice)}</option>`,
  );
  const text = SWITCH_TEXTS[name][language];
  return markup`<label class="${isChanged ? 'changed' : ''}"><span>${name}<small>${text}</small></span>
<select name="${name}">${options}</select></label>`;
}

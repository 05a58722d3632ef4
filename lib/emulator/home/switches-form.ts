import type { Language } from '../pages/language';
import { markup, type Markup } from '../pages/markup';
import { defaultSwitches, switchChoices, type EmulatorSwitches } from '../world/switches';
import type { HomeWords } from './home-words';
import { switchWords } from './switch-words';

function select(name: keyof EmulatorSwitches, switches: EmulatorSwitches, language: Language): Markup {
  const current = switches[name];
  const choices = new Set<unknown>([...switchChoices[name], current]);
  const changed = current !== defaultSwitches[name];
  return markup`<label class="${changed ? 'changed' : ''}"><span>${name}<small>${switchWords[name][language]}</small></span>
<select name="${name}">${[...choices].map(
    (choice) => markup`<option${choice === current && markup` selected`}>${String(choice)}</option>`,
  )}</select></label>`;
}

/** Every switch as a list of its values; those that differ from WeChat's default stand out. */
export const switchesForm = (switches: EmulatorSwitches, words: HomeWords, language: Language): Markup =>
  markup`<section id="switches"><h2>${words.switches}</h2><form method="post">
<input type="hidden" name="action" value="switches">
<div class="switches">${(Object.keys(switchChoices) as (keyof EmulatorSwitches)[]).map((name) => select(name, switches, language))}</div>
<div class="actions"><button class="button">${words.apply}</button></div>
</form></section>`;

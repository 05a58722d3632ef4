import { avatarURL } from '../world/people/avatar';
import type { EmulatorUser } from '../world/people/users';
import { printable } from '../world/printable';
import type { Language } from './language';
import { markup, type Markup } from './markup';

/** The form field that picks a person: one radio button for each. */
export function peoplePicker(
  users: readonly EmulatorUser[],
  picked: EmulatorUser,
  language: Language,
): Markup {
  return markup`<fieldset class="people"><legend>${LEGEND[language]}</legend>
${users.map((user) => personOption(user, user === picked, language))}</fieldset>`;
}

const LEGEND = { zh: '模拟器：以谁的身份登录', en: 'Emulator: log in as' };

function personOption(user: EmulatorUser, isPicked: boolean, language: Language): Markup {
  return markup`<label><input type="radio" name="person" value="${user.id}"${isPicked && markup` checked`}>
${face(user)}<span>${printable(user.nickname)}<small>${traitsOf(user, language)}</small></span></label>`;
}

/** The picture of a person. */
export function face(user: EmulatorUser): Markup {
  if (user.headimgurl === '') return markup`<span class="face none"></span>`;
  return markup`<img class="face" alt="" src="${user.headimgurl ?? avatarURL('', user.id)}">`;
}

type Trait = 'follower' | 'snapshot' | 'deregistered' | 'risky';

const TRAITS: Readonly<Record<Trait, Readonly<Record<Language, string>>>> = {
  follower: { zh: '已关注', en: 'follower' },
  snapshot: { zh: '快照页', en: 'snapshot page' },
  deregistered: { zh: '已注销', en: 'deregistered' },
  risky: { zh: '高风险', en: 'high risk' },
};

function traitsOf(user: EmulatorUser, language: Language): string {
  const traits = (Object.keys(TRAITS) as Trait[]).filter((trait) => user[trait]);
  return traits.map((trait) => TRAITS[trait][language]).join(' · ');
}

import { avatarURL } from '../world/people/avatar';
import type { EmulatorUser } from '../world/people/users';
import type { Language } from './language';
import { markup, type Markup } from './markup';

type Trait = 'follower' | 'snapshot' | 'deregistered' | 'risky';

const TRAITS: Readonly<Record<Trait, Readonly<Record<Language, string>>>> = {
  follower: { zh: '已关注', en: 'follower' },
  snapshot: { zh: '快照页', en: 'snapshot page' },
  deregistered: { zh: '已注销', en: 'deregistered' },
  risky: { zh: '高风险', en: 'high risk' },
};

export function traitsOf(user: EmulatorUser, language: Language): string {
  return (Object.keys(TRAITS) as Trait[])
    .filter((trait) => user[trait])
    .map((trait) => TRAITS[trait][language])
    .join(' · ');
}

export function face(user: EmulatorUser): Markup {
  if (user.headimgurl === '') return markup`<span class="face none"></span>`;
  return markup`<img class="face" alt="" src="${user.headimgurl ?? avatarURL('', user.id)}">`;
}

/** Control characters of a dirty nickname are marked, not sent. */
export function shownNickname(user: EmulatorUser): string {
  return user.nickname.replace(/\p{Cc}/gu, '·');
}

/** Whose phone this is: one radio button a person. */
export function peoplePicker(
  users: readonly EmulatorUser[],
  chosen: EmulatorUser,
  language: Language,
): Markup {
  return markup`<fieldset class="people"><legend>${language === 'zh' ? '模拟器：你是谁' : 'Emulator: who are you'}</legend>
${users.map(
  (
    user,
  ) => markup`<label><input type="radio" name="person" value="${user.id}"${user === chosen && markup` checked`}>
${face(user)}<span>${shownNickname(user)}<small>${traitsOf(user, language)}</small></span></label>`,
)}</fieldset>`;
}

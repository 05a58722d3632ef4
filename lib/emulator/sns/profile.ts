import { grantIdentity, type Grant } from '../world/credentials/grants';
import { avatarURL } from '../world/people/avatar';
import type { World } from '../world/world';

/** A person's profile. Since October 2021, WeChat returns no sex, language or places. */
export interface Profile {
  readonly openid: string;
  readonly unionid: string | undefined;
  readonly nickname: string;
  readonly headimgurl: string;
  readonly privilege: readonly string[];
}

/** The profile of a grant's user. `origin` is the emulator's: its drawn pictures are there. */
export function profileOf(grant: Grant, world: World, origin: string): Profile {
  const { openid, unionid } = grantIdentity(grant);
  return {
    openid,
    unionid: world.switches.unionid ? unionid : undefined,
    ...nameAndPicture(grant, world, origin),
    privilege: grant.virtual ? [] : (grant.user.privilege ?? []),
  };
}

function nameAndPicture(
  grant: Grant,
  world: World,
  origin: string,
): Pick<Profile, 'nickname' | 'headimgurl'> {
  const { nickname, headimgurl } = realNameAndPicture(grant, origin);
  return { nickname: world.switches.dirtyNicknames ? `\u0014${nickname}\b\n` : nickname, headimgurl };
}

function realNameAndPicture({ user, virtual }: Grant, origin: string) {
  if (virtual) return { nickname: '微信用户', headimgurl: avatarURL(origin, 'virtual') };
  if (user.deregistered) return { nickname: '用户已经注销', headimgurl: '' };
  return { nickname: user.nickname, headimgurl: user.headimgurl ?? avatarURL(origin, user.id) };
}

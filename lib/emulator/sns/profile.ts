import { avatarURL } from '../world/people/avatar';
import { grantIdentity, type Grant } from '../world/credentials/grants';
import type { World } from '../world/world';

/** What WeChat tells of a person: name and picture. Since October 2021 nothing else. */
export interface Profile {
  readonly openid: string;
  readonly unionid: string | undefined;
  readonly nickname: string;
  readonly headimgurl: string;
  readonly privilege: readonly string[];
}

function face(grant: Grant, world: World): Pick<Profile, 'nickname' | 'headimgurl'> {
  const { user } = grant;
  if (grant.virtual) return { nickname: '微信用户', headimgurl: avatarURL(world.url, 'virtual') };
  if (user.deregistered) return { nickname: '用户已经注销', headimgurl: '' };
  const nickname = world.switches.dirtyNicknames ? `\u0014${user.nickname}\b\n` : user.nickname;
  return { nickname, headimgurl: user.headimgurl ?? avatarURL(world.url, user.id) };
}

export function profileOf(grant: Grant, world: World): Profile {
  const { openid, unionid } = grantIdentity(grant);
  return {
    openid,
    unionid: world.switches.unionid ? unionid : undefined,
    ...face(grant, world),
    privilege: grant.virtual ? [] : (grant.user.privilege ?? []),
  };
}

import { bearer } from './bearer';
import type { SnsApi } from './sns-call';

/** 检验授权凭证（access_token）是否有效. */
export const auth: SnsApi = (parameters, world) => {
  bearer(parameters, world);
  return { errcode: 0, errmsg: 'ok' };
};

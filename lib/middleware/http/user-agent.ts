/** Which browser this is. Only a hint: a User-Agent is what a client says of itself. */

/** Whether this is WeChat, on a phone or a PC, where the login of an official account works. */
export function isWechat(userAgent: string): boolean {
  return /micromessenger/i.test(userAgent) && !isWeCom(userAgent);
}

/** WeCom (企业微信) names MicroMessenger too, but does not log in people with WeChat. */
function isWeCom(userAgent: string): boolean {
  return /wxwork/i.test(userAgent);
}

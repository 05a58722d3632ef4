// Connects every https.Agent to the emulator instead of WeChat's hosts, so that the apps run unmodified. TLS
// sessions are resumed as with the real WeChat.
import https from 'node:https';

const HOSTS = ['open.weixin.qq.com', 'api.weixin.qq.com'];

export const wechat = {
  port: Number(process.env.EMULATED_WECHAT_PORT),
  ca: process.env.EMULATED_WECHAT_CERT,
};

const direct = https.Agent.prototype.createConnection;
https.Agent.prototype.createConnection = function connect(options, ...rest) {
  if (!HOSTS.includes(options.host)) return direct.call(this, options, ...rest);
  const servername = options.servername || options.host;
  return direct.call(this, { ...options, ...wechat, host: '127.0.0.1', servername }, ...rest);
};

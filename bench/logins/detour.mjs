// WeChat's hosts lead to the emulator, below every agent: the apps run as they are. Agents resume TLS sessions as ever.
import https from 'node:https';

const HOSTS = ['open.weixin.qq.com', 'api.weixin.qq.com'];

export const emulated = {
  port: Number(process.env.EMULATED_WECHAT_PORT),
  ca: process.env.EMULATED_WECHAT_CERT,
};

const direct = https.Agent.prototype.createConnection;
https.Agent.prototype.createConnection = function connect(options, ...rest) {
  if (!HOSTS.includes(options.host)) return direct.call(this, options, ...rest);
  const servername = options.servername || options.host;
  return direct.call(this, { ...options, ...emulated, host: '127.0.0.1', servername }, ...rest);
};

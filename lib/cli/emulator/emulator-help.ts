import { bilingual, type Bilingual } from '../bilingual';

export const EMULATOR_OPTIONS = {
  port: { type: 'string', default: '8917' },
  host: { type: 'string', default: '127.0.0.1' },
  name: { type: 'string', multiple: true, default: [] as string[] },
  'public-url': { type: 'string' },
  app: { type: 'string', multiple: true, default: [] as string[] },
  website: { type: 'string', multiple: true, default: [] as string[] },
  config: { type: 'string' },
  https: { type: 'boolean', default: false },
  'ca-dir': { type: 'string' },
  cert: { type: 'string' },
  key: { type: 'string' },
  'proxy-port': { type: 'string' },
  'dangerously-allow-production': { type: 'boolean', default: false },
  lang: { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

export const EMULATOR_HELP: Bilingual = bilingual(
  `Usage: express-wechat-auth emulator [options]

Runs a local WeChat: login pages, QR code, APIs. Its home page shows logins, QR codes and requests, and has switches
that change its behaviour. Tests in any language steer it over HTTP (/_emulator/openapi.json).

Address:
  --port <number>           port to listen on; 0 for any free one (default 8917)
  --host <address>          address to listen on; 0.0.0.0 so that phones can reach it (default 127.0.0.1)
  --name <host>             serve this host name as well, such as wechat.test; may be repeated
                            (localhost, IP addresses and WeChat's hosts are always served)
  --public-url <address>    the address under which browsers and phones reach it, such as that of a tunnel

Apps and people:
  --app <appid:secret>      add an official account, bound to the preset Open Platform account
  --website <appid:secret>  add a website app, bound to the same Open Platform account
  --config <file>           apps, users and switches from a JSON file (or WECHAT_EMULATOR_CONFIG: a path or JSON)

In place of WeChat's hosts:
  --https                   serve https and http on the same port, with a certificate for WeChat's hosts
  --ca-dir <folder>         where the certificate authority is kept (default ~/.express-wechat-auth/emulator-ca)
  --cert <file> --key <file>  your own certificate and key, PEM
  --proxy-port <number>     run a proxy for HTTPS_PROXY that leads WeChat's hosts into the emulator; 0 for any port

  --dangerously-allow-production
                            run although NODE_ENV is production: an emulator logs anybody in as anybody
  --lang <zh|en>            language (default by LC_ALL, LC_MESSAGES, LANG)
  --help                    print this help`,
  `用法：express-wechat-auth emulator [选项]

在本机运行微信模拟器：登录页、二维码、API。首页显示登录、二维码与请求，并有各种开关。任何语言的测试都可以通过
HTTP 控制它（/_emulator/openapi.json）。

地址：
  --port <number>           监听的端口；0 表示任意空闲端口（默认 8917）
  --host <address>          监听的地址；0.0.0.0 可让手机访问（默认 127.0.0.1）
  --name <host>             也接受发往该主机名的请求，如 wechat.test；可重复给出
                            （localhost、IP 地址与微信的域名始终可用）
  --public-url <address>    浏览器与手机访问它的地址，例如内网穿透的地址

应用与用户：
  --app <appid:secret>      添加一个服务号，绑定到预设的开放平台账号
  --website <appid:secret>  添加一个网站应用，绑定到同一个开放平台账号
  --config <file>           从 JSON 文件读取应用、用户与开关（或用 WECHAT_EMULATOR_CONFIG：路径或 JSON）

代替微信的域名：
  --https                   同一端口同时提供 https 与 http，证书包含微信的域名
  --ca-dir <folder>         保存证书颁发机构的文件夹（默认 ~/.express-wechat-auth/emulator-ca）
  --cert <file> --key <file>  使用你自己的证书与私钥（PEM）
  --proxy-port <number>     运行一个把微信域名引向模拟器的代理，供 HTTPS_PROXY 使用；0 表示任意空闲端口

  --dangerously-allow-production
                            即使 NODE_ENV 为 production 也运行：模拟器会让任何人以任何身份登录
  --lang <zh|en>            语言（默认取自 LC_ALL、LC_MESSAGES、LANG）
  --help                    显示本帮助`,
);

import escapeHTML from 'escape-html';

/** @typedef {import('express-wechat-auth').WechatUser} WechatUser */

/** @param {WechatUser | undefined} user @param {boolean} hasScanLogin */
export function homePage(user, hasScanLogin) {
  return layout(
    '小店 · Corner Shop',
    `
    <div class="page-head">
      <h1>小店</h1>
      <p>Corner Shop · express-wechat-auth</p>
    </div>
    <div class="weui-cells__title">今日推荐 · Today</div>
    <div class="weui-cells">
      ${product('🍵', '龙井茶', 'Longjing tea', '¥ 68')}
      ${product('🥮', '月饼', 'Mooncakes', '¥ 45')}
      ${product('🍜', '热干面', 'Hot dry noodles', '¥ 12')}
    </div>
    <div class="weui-cells__title">我的 · Mine</div>
    <div class="weui-cells">
      <a class="weui-cell weui-cell_active weui-cell_access" href="/me">
        <div class="weui-cell__bd">${user ? nameOf(user) : '微信登录 · Log in with WeChat'}</div>
        <div class="weui-cell__ft">${user ? '已登录' : ''}</div>
      </a>
      ${
        hasScanLogin
          ? `<a class="weui-cell weui-cell_active weui-cell_access" href="/scan-login">
        <div class="weui-cell__bd">服务号扫码登录 · Scan login on a PC</div>
        <div class="weui-cell__ft"></div>
      </a>`
          : ''
      }
      <a class="weui-cell weui-cell_active weui-cell_access" id="ask" href="/api/me">
        <div class="weui-cell__bd">GET /api/me</div>
        <div class="weui-cell__ft">fetch</div>
      </a>
    </div>
    <pre id="response" aria-live="polite" hidden></pre>
    <script src="/assets/home.js"></script>`,
  );
}

/**
 * A page of the app's own with the QR code of a scan login.
 *
 * @param {{ svg: string, number: string, statusURL: string }} login
 * @param {string | undefined} phoneURL where the emulated phone opens the code
 * @param {boolean} isOnPhone whether the page is open on a phone, which cannot scan its own screen
 */
export function scanPage({ svg, number, statusURL }, phoneURL, isOnPhone) {
  return layout(
    '扫码登录 · Scan login',
    `
    <div class="page-head profile">
      <h1>扫码登录</h1>
      <p>Scan login with the official account alone</p>
      ${isOnPhone ? '<p>手机扫不了自己的屏幕：请在电脑上打开本页 · Open this page on a PC</p>' : ''}
    </div>
    <div class="code">${svg}</div>
    <div class="page-head profile">
      <p>核对数字 · Number <strong>${number}</strong></p>
      <p id="status" role="status" data-url="${escapeHTML(statusURL)}">请用微信扫一扫 · Scan with WeChat</p>
    </div>
    ${phoneURL ? `<div class="weui-btn-area"><a class="weui-btn weui-btn_primary" target="_blank" href="${escapeHTML(phoneURL)}">用模拟的手机扫码 · Scan with the emulated phone</a></div>` : ''}
    <script src="/assets/scan.js"></script>`,
  );
}

/** @param {WechatUser} user */
export function profilePage(user) {
  return layout(
    '我的 · Me',
    `
    <div class="page-head profile">
      ${avatar(user)}
      <h1>${nameOf(user)}</h1>
    </div>
    <div class="weui-cells">
      ${row('openid', user.openid)}
      ${user.unionid ? row('unionid', user.unionid) : ''}
    </div>
    <form class="weui-btn-area" method="post" action="/logout">
      <button class="weui-btn weui-btn_default">退出登录 · Log out</button>
    </form>
    <div class="weui-btn-area back"><a class="weui-link" href="/">返回首页 · Back</a></div>`,
  );
}

export const NOT_FOUND = {
  zh: { title: '没有这个页面', text: '网址可能写错了，或页面已被移除。', home: '返回首页' },
  en: {
    title: 'No such page',
    text: 'The address may be wrong, or the page was removed.',
    home: 'Back to the shop',
  },
};

/** @param {string} language `zh` or `en`: this page is in one of the two, as the package's own pages are */
export function notFoundPage(language) {
  const { title, text, home } = NOT_FOUND[language];
  return layout(
    title,
    `
    <div class="page-head profile">
      <div class="avatar">🍵</div>
      <h1>${title}</h1>
      <p>${text}</p>
    </div>
    <div class="weui-btn-area"><a class="weui-btn weui-btn_primary" href="/">${home}</a></div>`,
    language,
  );
}

/** @param {WechatUser} user */
function nameOf(user) {
  // A nickname may be empty.
  return escapeHTML(user.nickname || '微信用户');
}

/** @param {WechatUser} user */
function avatar(user) {
  return user.headimgurl
    ? `<img class="avatar" src="${escapeHTML(user.headimgurl)}" alt="" referrerpolicy="no-referrer">`
    : '<div class="avatar">🙂</div>';
}

/** @param {string} name @param {string} value */
function row(name, value) {
  return `<div class="weui-cell"><div class="weui-cell__hd">${name}</div><div class="weui-cell__bd value">${escapeHTML(value)}</div></div>`;
}

/** @param {string} picture @param {string} name @param {string} english @param {string} price */
function product(picture, name, english, price) {
  return `<div class="weui-cell"><div class="weui-cell__hd picture">${picture}</div><div class="weui-cell__bd"><p>${name}</p><p class="weui-cell__desc">${english}</p></div><div class="weui-cell__ft price">${price}</div></div>`;
}

/** @param {string} title @param {string} body @param {string} language */
function layout(title, body, language = 'zh') {
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">
<title>${title}</title>
<link rel="icon" href="data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Ctext y='13' font-size='13'%3E🍵%3C/text%3E%3C/svg%3E">
<link rel="stylesheet" href="/weui.css">
<link rel="stylesheet" href="/assets/app.css">
</head>
<body>
<main>${body}
</main>
</body>
</html>
`;
}

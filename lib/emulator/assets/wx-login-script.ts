/**
 * wxLogin.js puts the QR code page into an element of the embedding site. The page comes from the host of the
 * script, so that the widget uses the emulator that served it. Only res.wx.qq.com has no such page: there,
 * the page comes from open.weixin.qq.com. Like WeChat's script, this one encodes nothing: the caller encodes
 * redirect_uri.
 */
export const WX_LOGIN_SCRIPT = `(function (window, document) {
  'use strict';
  var address = new URL(document.currentScript.src);
  if (address.hostname === 'res.wx.qq.com') address.hostname = 'open.weixin.qq.com';
  var origin = address.origin;

  function pageAddress(o) {
    var selfRedirect = o.self_redirect === true ? 'true' : o.self_redirect === false ? 'false' : 'default';
    return origin + '/connect/qrconnect?appid=' + o.appid + '&scope=' + o.scope +
      '&redirect_uri=' + o.redirect_uri + '&state=' + o.state + '&login_type=jssdk&self_redirect=' + selfRedirect +
      '&styletype=' + (o.styletype || '') + '&sizetype=' + (o.sizetype || '') +
      '&bgcolor=' + (o.bgcolor || '') + '&rst=' + (o.rst || '') +
      (o.style ? '&style=' + o.style : '') +
      (o.href ? '&href=' + o.href : '') +
      (o.lang === 'en' ? '&lang=en' : '') +
      (o.stylelite === 1 ? '&stylelite=1' : '') +
      (o.fast_login === 0 ? '&fast_login=0' : '');
  }

  function listen(frame, o) {
    window.addEventListener('message', function (event) {
      if (event.origin !== origin || event.source !== frame.contentWindow) return;
      var message;
      try { message = JSON.parse(event.data); } catch (error) { return; }
      if (message.type !== 'status') return;
      if (message.status === 'wxReady' && o.onReady) o.onReady(true);
      if (message.status === 'wxQRcodeReady' && o.onQRcodeReady) o.onQRcodeReady();
    });
  }

  window.WxLogin = function WxLogin(o) {
    var frame = document.createElement('iframe');
    var container = document.getElementById(o.id);
    frame.src = pageAddress(o);
    frame.frameBorder = '0';
    frame.allowTransparency = 'true';
    frame.scrolling = 'no';
    frame.width = '300px';
    frame.height = '400px';
    frame.allow = 'local-network-access';
    listen(frame, o);
    container.innerHTML = '';
    container.appendChild(frame);
  };
})(window, document);
`;

/** The QR page at work: polls as WeChat's page does, and leaves with the code as WeChat's page does. */
export const QR_SCRIPT = `(function () {
  'use strict';
  var box = document.getElementById('qr');
  var image = box.querySelector('.js_qrcode_img');
  var phone = box.querySelector('.js_phone');
  var uuid = box.dataset.uuid;
  var callback = box.dataset.callback.split('code=' + uuid);
  var stopped = false;

  function show(status) {
    box.dataset.state = status;
    box.querySelectorAll('.status').forEach(function (each) {
      each.hidden = each.dataset.status !== String(status);
    });
  }

  function frameGoes(url) {
    window.location = url;
  }

  function topGoes(url) {
    try {
      window.top.location = url;
    } catch (error) {
      frameGoes(url);
    }
  }

  function sameSiteTop() {
    try {
      return Boolean(window.top.location.host);
    } catch (error) {
      return false;
    }
  }

  function leave(url) {
    if (window.top === window) return frameGoes(url);
    if (box.dataset.selfRedirect === 'true') return frameGoes(url);
    if (box.dataset.selfRedirect === 'false') return topGoes(url);
    if (sameSiteTop()) frameGoes(url);
    else topGoes(url);
  }

  function later(ms, last) {
    window.setTimeout(function () { poll(last); }, ms);
  }

  function confirmed(code) {
    stopped = true;
    leave(callback[0] + 'code=' + code + callback[1]);
  }

  function refused() {
    show(403);
    if (box.dataset.refused) leave(box.dataset.refused);
    else later(2000, 403);
  }

  function expired() {
    show(402);
  }

  var reactions = {
    408: function () { later(2000); },
    404: function () { show(404); later(100, 404); },
    403: refused,
    402: expired,
    405: function () { confirmed(window.wx_code); },
    500: function () { window.setTimeout(function () { window.location.reload(); }, 200); },
  };

  function poll(last) {
    if (stopped) return;
    var asked = uuid;
    var script = document.createElement('script');
    window.wx_errcode = 0;
    window.wx_code = '';
    script.src = '/connect/l/qrconnect?uuid=' + asked + (last ? '&last=' + last : '') + '&_=' + Date.now();
    script.onload = script.onerror = function () {
      script.remove();
      if (asked !== uuid) return;
      (reactions[window.wx_errcode] || expired)();
    };
    document.head.appendChild(script);
  }

  function refresh() {
    var url = window.location.href.split('#')[0] + '&f=xml&' + Date.now();
    fetch(url).then(function (response) { return response.text(); }).then(function (text) {
      uuid = new DOMParser().parseFromString(text, 'text/xml').querySelector('uuid').textContent;
      image.src = '/connect/qrcode/' + uuid;
      phone.href = '/connect/confirm?uuid=' + uuid;
      show(408);
      later(2000);
    });
  }

  function tell(status) {
    if (window.parent !== window) window.parent.postMessage(JSON.stringify({ type: 'status', status: status }), '*');
  }

  box.querySelector('.js_refresh').addEventListener('click', refresh);
  if (image.complete) tell('wxQRcodeReady');
  else image.addEventListener('load', function () { tell('wxQRcodeReady'); }, { once: true });
  tell('wxReady');
  later(100);
})();
`;

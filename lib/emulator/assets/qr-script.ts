import { PATHS } from '../http/paths';

/** The script of the QR code page. Like the script of WeChat's page, it polls and then opens the callback. */
export const QR_SCRIPT = `(function () {
  'use strict';
  var box = document.getElementById('qr');
  var image = box.querySelector('.js_qrcode_img');
  var phone = box.querySelector('.js_phone');
  var uuid = box.dataset.uuid;
  var callbackParts = box.dataset.callback.split('code=' + uuid);
  var stopped = false;

  function show(status) {
    box.dataset.state = status;
    box.querySelectorAll('.status').forEach(function (each) {
      each.hidden = each.dataset.status !== String(status);
    });
  }

  function navigate(url) {
    window.location = url;
  }

  function navigateTop(url) {
    try {
      window.top.location = url;
    } catch (error) {
      navigate(url);
    }
  }

  function topIsSameOrigin() {
    try {
      return Boolean(window.top.location.host);
    } catch (error) {
      return false;
    }
  }

  function leave(url) {
    if (window.top === window) return navigate(url);
    if (box.dataset.selfRedirect === 'true') return navigate(url);
    if (box.dataset.selfRedirect === 'false') return navigateTop(url);
    if (topIsSameOrigin()) navigate(url);
    else navigateTop(url);
  }

  function pollLater(ms, last) {
    window.setTimeout(function () { poll(last); }, ms);
  }

  function confirmed(code) {
    stopped = true;
    leave(callbackParts[0] + 'code=' + code + callbackParts[1]);
  }

  function denied() {
    show(403);
    if (box.dataset.denied) leave(box.dataset.denied);
    else pollLater(2000, 403);
  }

  function expired() {
    show(402);
  }

  var reactions = {
    408: function () { pollLater(2000); },
    404: function () { show(404); pollLater(100, 404); },
    403: denied,
    402: expired,
    405: function () { confirmed(window.wx_code); },
    500: function () { window.setTimeout(function () { window.location.reload(); }, 200); },
  };

  function poll(last) {
    if (stopped) return;
    var polled = uuid;
    var script = document.createElement('script');
    window.wx_errcode = 0;
    window.wx_code = '';
    script.src = '${PATHS.poll}?uuid=' + polled + (last ? '&last=' + last : '') + '&_=' + Date.now();
    script.onload = script.onerror = function () {
      script.remove();
      if (polled !== uuid) return;
      (reactions[window.wx_errcode] || expired)();
    };
    document.head.appendChild(script);
  }

  function refresh() {
    var url = window.location.href.split('#')[0] + '&f=xml&' + Date.now();
    fetch(url).then(function (response) { return response.text(); }).then(function (text) {
      uuid = new DOMParser().parseFromString(text, 'text/xml').querySelector('uuid').textContent;
      image.src = '${PATHS.qrImages}' + uuid;
      phone.href = '${PATHS.confirm}?uuid=' + uuid;
      show(408);
      pollLater(2000);
    });
  }

  // A frame whose sandbox forbids new windows cannot show the phone in a tab, so the page acts as the phone.
  function openPhone(event) {
    event.preventDefault();
    var tab = window.open(phone.href, '_blank');
    if (tab) tab.opener = null;
    else actAsPhone();
  }

  function actAsPhone() {
    fetch(phone.href).then(function () {
      phone.hidden = true;
      box.querySelector('.js_buttons').hidden = false;
    }, function () {
      box.querySelector('.js_blocked').hidden = false;
    });
  }

  function pressButton(event) {
    var headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    fetch(phone.href, { method: 'POST', headers: headers, body: 'reply=' + event.target.value });
  }

  function notifyParent(status) {
    if (window.parent !== window) window.parent.postMessage(JSON.stringify({ type: 'status', status: status }), '*');
  }

  phone.addEventListener('click', openPhone);
  box.querySelectorAll('.js_buttons button').forEach(function (button) {
    button.addEventListener('click', pressButton);
  });
  box.querySelector('.js_refresh').addEventListener('click', refresh);
  if (image.complete) notifyParent('wxQRcodeReady');
  else image.addEventListener('load', function () { notifyParent('wxQRcodeReady'); }, { once: true });
  notifyParent('wxReady');
  pollLater(100);
})();
`;

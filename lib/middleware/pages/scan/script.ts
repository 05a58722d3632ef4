/**
 * The script of the PC's page: it asks for the status of the login, shows it, and goes on when the login is
 * confirmed. It is for every browser that has `fetch`, and reads everything from `data-` attributes.
 */
export const PC_SCRIPT = `
(function () {
  var view = document.getElementById('scan'), data = view.dataset, by = function (id) {
    return document.getElementById(id);
  };
  // The address of the code whose PIN was wrong, until the user types again: polls know nothing of it.
  var wrong = '';
  var ended = false, timer, wait = 2000;
  // How many requests are under way. The one that logs in takes as long as the app's onLogin.
  var asking = 0;
  // Codes that this tab showed before a reload: the phone may have scanned one of them.
  var KEY = 'wechat-scan', codes = [];
  try {
    codes = JSON.parse(sessionStorage.getItem(KEY) || '[]').filter(function (code) {
      return code.until > Date.now() && code.url !== data.status;
    }).slice(-3);
  } catch (error) { codes = []; }
  codes.push({ url: data.status, until: Date.now() + Number(data.left), number: data.number });
  try { sessionStorage.setItem(KEY, JSON.stringify(codes)); } catch (error) { /* Private mode. */ }

  function show(state, text, number) {
    view.className = state;
    if (by('state').textContent !== text) by('state').textContent = text;
    by('number').textContent = number || data.number;
    var over = state === 'over';
    by('veil').hidden = state === 'waiting';
    by('tick').hidden = over;
    by('bang').hidden = !over;
    by('compare').hidden = over;
    by('time').hidden = state !== 'waiting';
    by('again').hidden = !over;
    if (by('pin')) {
      var asks = state === 'scanned', hidden = by('pin').hidden;
      by('pin').hidden = !asks;
      if (asks && hidden) by('pin').elements.pin.focus();
    }
    if (by('elsewhere')) by('elsewhere').hidden = over || state === 'done';
  }
  function end(text) {
    ended = true;
    show('over', text);
    forget();
  }
  function forget() {
    try { sessionStorage.removeItem(KEY); } catch (error) { /* Private mode. */ }
  }
  function leave(address) {
    ended = true;
    forget();
    show('done', data.confirmed);
    var to = new URL(address, location.href);
    // The page may be shown at the very address where the login ends: a new fragment alone loads nothing.
    if (to.pathname + to.search === location.pathname + location.search) {
      history.replaceState(null, '', to.href);
      location.reload();
    } else location.replace(to.href);
  }
  function ask(url, options) {
    var settled = function () { asking--; };
    asking++;
    var request = fetch(url, Object.assign({ credentials: 'same-origin', cache: 'no-store',
      headers: { Accept: 'application/json' } }, options)).then(function (response) {
      return response.json().then(function (body) {
        return { body: body, status: response.status };
      }, function (error) {
        // The app's onError may respond to a failed login with a page, or with a redirect to one.
        if (response.redirected) return { body: {}, page: response.url };
        // The session store or a proxy may be away for a moment: they respond 5xx, and not as JSON.
        if (response.status >= 400 && response.status < 500) return { body: {}, status: response.status };
        throw error;
      });
    });
    request.then(settled, settled);
    return request;
  }
  // A code is used up as soon as a request logs in: to the other requests, it has expired.
  function isOutdated(reply) {
    var status = reply.body.status;
    return ended ? status !== 'confirmed' : status === 'expired' && asking > 0;
  }
  // What the state of one code means for the page.
  function take(code, reply) {
    var status = reply.body.status, own = code.url === data.status;
    if (reply.status === 503 || reply.status === 502 || reply.status === 504) throw reply;
    if (reply.page) {
      ended = true;
      forget();
      location.replace(reply.page);
    } else if (reply.status >= 400) end(reply.body.message || data.failed);
    else if (status === 'confirmed') leave(reply.body.location);
    else if (status === 'scanned') {
      if (reply.body.message) wrong = code.url;
      show('scanned', wrong === code.url ? data.wrong : data.scanned, code.number);
      by('scan').dataset.asked = code.url;
    } else if (!own) return;
    else if (status === 'waiting') { if (view.className !== 'scanned') show('waiting', data.waiting); }
    // A login in another tab changed the session id while this request was on its way: the next one has the
    // new id.
    else if (status === 'expired' && !code.missed && code.until > Date.now()) code.missed = true;
    else end(status === 'cancelled' ? data.cancelled : data.expired);
  }
  function poll() {
    clearTimeout(timer);
    if (ended) return;
    codes = codes.filter(function (code) { return code.until > Date.now() || code.url === data.status; });
    var scanned = view.className === 'scanned' ? data.asked : '';
    var asks = codes.filter(function (code) { return !scanned || code.url === scanned || code.url === data.status; });
    asks.reduce(function (before, code) {
      return before.then(function () {
        if (!ended) return ask(code.url + (code.missed ? '&missed=1' : '')).then(function (reply) {
          if (isOutdated(reply)) return;
          if (code.url === scanned && code.url !== data.status && reply.body.status !== 'scanned' &&
            reply.body.status !== 'confirmed') view.className = '';
          take(code, reply);
        });
      });
    }, Promise.resolve()).then(function () { wait = 2000; }, function () {
      by('state').textContent = data.offline;
      wait = Math.min(wait * 1.5, 15000);
    }).then(function () { if (!ended) timer = setTimeout(poll, wait); });
  }
  function tick() {
    var left = Math.max(0, codes[codes.length - 1].until - Date.now()) / 1000;
    var seconds = Math.floor(left % 60);
    var clock = Math.floor(left / 60) + ':' + (seconds < 10 ? '0' : '') + seconds;
    by('time').textContent = data.time.replace('{time}', clock);
    if (!ended) setTimeout(tick, 1000);
  }
  if (by('pin')) by('pin').addEventListener('input', function () {
    if (wrong && view.className === 'scanned') by('state').textContent = data.scanned;
    wrong = '';
  });
  if (by('pin')) by('pin').addEventListener('submit', function (event) {
    event.preventDefault();
    var input = by('pin').elements.pin, url = data.asked || data.status;
    ask(url, { method: 'POST', body: new URLSearchParams({ pin: input.value }) }).then(function (reply) {
      if (isOutdated(reply)) return;
      take(codes.filter(function (code) { return code.url === url; })[0] || codes[codes.length - 1], reply);
      input.value = '';
      if (!ended) input.focus();
    }).then(undefined, function () { by('state').textContent = data.offline; });
  });
  // A phone that comes back from WeChat, or a page that the Back button shows again.
  document.addEventListener('visibilitychange', function () { if (!document.hidden) poll(); });
  addEventListener('pageshow', function (event) { if (event.persisted) location.reload(); });
  addEventListener('online', poll);
  tick();
  poll();
})();
`;

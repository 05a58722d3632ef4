/**
 * The script of the home page. It fetches the page again every two seconds, and replaces the sections with
 * `data-live` that have changed. Those with `data-live="reset"` hold what a person may be filling in or, like
 * the apps, rarely change. They are replaced only after a reset: otherwise the next Save would restore the
 * old switches. The script also sends the forms with `data-quiet`, so that the page is not reloaded. Without
 * it, the page works by reloading.
 */
export const HOME_SCRIPT = `(function () {
  'use strict';
  var PAUSE_MS = 2000;
  var dot = document.querySelector('.live');
  var timer;

  function isInUse(section) {
    var active = document.activeElement;
    return section.contains(active) && active.tagName === 'SELECT';
  }

  function show(html, isReset) {
    var fresh = new DOMParser().parseFromString(html, 'text/html');
    document.querySelectorAll(isReset ? '[data-live]' : '[data-live=""]').forEach(function (section) {
      var other = fresh.getElementById(section.id);
      // What a person has chosen in a form is not part of its HTML.
      var isSame = !isReset && other && other.innerHTML === section.innerHTML;
      if (!other || isInUse(section) || isSame) return;
      section.innerHTML = other.innerHTML;
    });
  }

  function refresh(isReset) {
    window.clearTimeout(timer);
    return fetch('/').then(function (response) {
      if (!response.ok) throw new Error('HTTP ' + response.status);
      return response.text();
    }).then(function (html) { show(html, isReset); }).then(
      function () { dot.dataset.state = 'on'; },
      function () { dot.dataset.state = 'off'; },
    ).then(schedule);
  }

  function schedule() {
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { if (document.hidden) schedule(); else refresh(false); }, PAUSE_MS);
  }

  document.addEventListener('submit', function (event) {
    var form = event.target;
    if (!form.hasAttribute('data-quiet')) return;
    var question = form.dataset.confirm;
    event.preventDefault();
    if (question && !window.confirm(question)) return;
    var body = new URLSearchParams(new FormData(form));
    if (event.submitter && event.submitter.name) body.set(event.submitter.name, event.submitter.value);
    if (document.activeElement) document.activeElement.blur();
    function refreshAfter() { return refresh(body.get('action') === 'reset'); }
    fetch('/', { method: 'POST', body: body, redirect: 'manual' }).then(refreshAfter, refreshAfter);
  });
  document.addEventListener('visibilitychange', function () { if (!document.hidden) refresh(false); });
  dot.dataset.state = 'on';
  schedule();
})();
`;

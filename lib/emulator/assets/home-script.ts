/**
 * The script of the home page. It fetches the page again every two seconds, and replaces the sections that
 * have changed. It also sends the forms with `data-quiet`, so that the page is not reloaded. Without the
 * script, the page works by reloading.
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

  function show(html) {
    var fresh = new DOMParser().parseFromString(html, 'text/html');
    document.querySelectorAll('[data-live]').forEach(function (section) {
      var other = fresh.getElementById(section.id);
      if (!other || isInUse(section) || other.innerHTML === section.innerHTML) return;
      section.innerHTML = other.innerHTML;
    });
  }

  function refresh() {
    window.clearTimeout(timer);
    return fetch('/').then(function (response) {
      if (!response.ok) throw new Error('HTTP ' + response.status);
      return response.text();
    }).then(show).then(
      function () { dot.dataset.state = 'on'; },
      function () { dot.dataset.state = 'off'; },
    ).then(schedule);
  }

  function schedule() {
    window.clearTimeout(timer);
    timer = window.setTimeout(function () { if (document.hidden) schedule(); else refresh(); }, PAUSE_MS);
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
    fetch('/', { method: 'POST', body: body, redirect: 'manual' }).then(refresh, refresh);
  });
  document.addEventListener('visibilitychange', function () { if (!document.hidden) refresh(); });
  dot.dataset.state = 'on';
  schedule();
})();
`;

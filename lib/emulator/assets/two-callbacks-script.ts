/**
 * Calls the app back twice: first in a hidden frame, then in the window. The second call follows when the
 * frame has loaded, or after a second.
 */
export const TWO_CALLBACKS_SCRIPT = `(function () {
  'use strict';
  var page = document.getElementById('two-callbacks');
  var frame = document.createElement('iframe');
  var left = false;
  function leave() {
    if (left) return;
    left = true;
    window.location.replace(page.dataset.second);
  }
  frame.hidden = true;
  frame.onload = leave;
  frame.src = page.dataset.first;
  document.body.appendChild(frame);
  window.setTimeout(leave, 1000);
})();
`;

/** Calls the app back twice: the first call is on its way when the second one leaves. */
export const TWO_CALLBACKS_SCRIPT = `(function () {
  'use strict';
  var page = document.getElementById('two-callbacks');
  var frame = document.createElement('iframe');
  var gone = false;
  function go() {
    if (gone) return;
    gone = true;
    window.location.replace(page.dataset.second);
  }
  frame.hidden = true;
  frame.onload = go;
  frame.src = page.dataset.first;
  document.body.appendChild(frame);
  window.setTimeout(go, 1000);
})();
`;

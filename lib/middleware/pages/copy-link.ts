/** A link with a button that copies it, for a phone: no link on a page can open an address in WeChat. */
import escapeHTML from 'escape-html';
import type { PageLanguage } from './page';

const TEXTS = {
  zh: { copy: '复制链接', copied: '已复制' },
  en: { copy: 'Copy link', copied: 'Copied' },
} as const;

/** The button is hidden until {@link COPY_SCRIPT} runs: without it, the button would do nothing. */
export function copyableLink(url: string, language: PageLanguage): string {
  const { copy, copied } = TEXTS[language];
  return `<p id="link" class="address">${escapeHTML(url)}</p>
<button class="main" id="copy" data-copied="${copied}" hidden>${copy}</button>`;
}

export const COPY_SCRIPT = `
(function () {
  var copy = document.getElementById('copy'), link = document.getElementById('link');
  if (!copy) return;
  copy.hidden = false;
  copy.addEventListener('click', function () {
    var range = document.createRange();
    range.selectNodeContents(link);
    getSelection().removeAllRanges();
    getSelection().addRange(range);
    var done = function () { copy.textContent = copy.dataset.copied; };
    // Without https, only the old command copies.
    if (navigator.clipboard) navigator.clipboard.writeText(link.textContent).then(done, function () {});
    else if (document.execCommand('copy')) done();
  });
})();
`;

// Asks how the scan login is going, and goes on when the phone has confirmed it.
const status = document.querySelector('#status');
const texts = {
  waiting: '请用微信扫一扫 · Scan with WeChat',
  scanned: '请在手机上确认 · Confirm on the phone',
  confirmed: '登录成功 · Logged in',
  cancelled: '已取消，请刷新页面 · Cancelled: reload the page',
  expired: '已失效，请刷新页面 · Expired: reload the page',
};

async function ask() {
  try {
    const response = await fetch(status.dataset.url);
    const body = await response.json();
    status.textContent = response.ok ? texts[body.status] : body.message;
    if (body.status === 'confirmed') document.location.assign(body.location);
    else if (body.status === 'waiting' || body.status === 'scanned' || response.status === 503) askAgain();
  } catch {
    // No network for a moment, for example after the PC was asleep.
    askAgain();
  }
}

function askAgain() {
  setTimeout(ask, 1500);
}

ask();

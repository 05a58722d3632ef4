// What a single-page app does: ask, and where nobody is logged in, go to the address that the 401 brings.
document.querySelector('#ask').addEventListener('click', async (event) => {
  event.preventDefault();
  const answer = await fetch('/api/me', { headers: { Accept: 'application/json' } });
  const body = await answer.json();
  const out = document.querySelector('#answer');
  out.hidden = false;
  out.textContent = `${answer.status} ${JSON.stringify(body, null, 2)}`;
});

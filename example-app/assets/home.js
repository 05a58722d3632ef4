// Requests the JSON route and shows the response. If nobody is logged in, the response is 401 with a
// loginURL.
document.querySelector('#ask').addEventListener('click', async (event) => {
  event.preventDefault();
  const response = await fetch('/api/me', { headers: { Accept: 'application/json' } });
  const body = await response.json();
  const out = document.querySelector('#response');
  out.hidden = false;
  out.textContent = `${response.status} ${JSON.stringify(body, null, 2)}`;
});

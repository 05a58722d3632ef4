import { IncomingMessage, ServerResponse } from 'node:http';
import net from 'node:net';
import { noContent, noStore, redirect, send, sendJSON, vary } from '../../../lib/middleware/http/response';

/** A request and its response, without a connection. */
function exchange(method = 'GET'): { req: IncomingMessage; res: ServerResponse } {
  const req = Object.assign(new IncomingMessage(new net.Socket()), { method });
  return { req, res: new ServerResponse(req) };
}

describe('a response', () => {
  it('is not stored by caches', () => {
    const { res } = exchange();
    noStore(res);
    expect(res.getHeader('Cache-Control')).toBe('no-store');
  });

  it.each([
    [undefined, 'Accept, Origin'],
    ['', 'Accept, Origin'],
    ['Cookie', 'Cookie, Accept, Origin'],
    ['origin', 'origin, Accept'],
    ['Cookie,  ACCEPT ,Origin', 'Cookie,  ACCEPT ,Origin'],
    [['Cookie', 'Accept'], 'Cookie,Accept, Origin'],
  ])('whose Vary header is %j varies by %s in the end', (before, expected) => {
    const { res } = exchange();
    if (before !== undefined) res.setHeader('Vary', before);
    vary(res, 'Accept', 'Origin');
    expect(res.getHeader('Vary')).toBe(expected);
  });

  it.each([
    ['GET', 302],
    ['HEAD', 302],
    ['POST', 303],
  ])('that redirects a %s has status %d and no body', (method, status) => {
    const { req, res } = exchange(method);
    redirect(req, res, '/me');
    expect(res.statusCode).toBe(status);
    expect(res.getHeaders()).toEqual({ location: '/me', 'content-length': 0 });
    expect(res.writableEnded).toBe(true);
  });

  it('without content has status 204', () => {
    const { res } = exchange();
    noContent(res);
    expect([res.statusCode, res.getHeaders(), res.writableEnded]).toEqual([204, {}, true]);
  });

  it('in JSON has its type, and browsers must not guess another one', () => {
    const { res } = exchange();
    sendJSON(res, 401, { error: '未登录' });
    expect(res.statusCode).toBe(401);
    expect(res.getHeaders()).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-length': Buffer.byteLength('{"error":"未登录"}'),
    });
    expect(res.writableEnded).toBe(true);
  });

  it('has its length in bytes', () => {
    const { res } = exchange();
    send(res, '登录');
    expect(res.getHeader('Content-Length')).toBe(6);
  });
});

import { startApp, type TestRequest } from '../../support/app';
import { HOSTS } from '../../support/hosts';
import { emulator, useEmulator } from '../../support/emulator';
import { Browser } from '../../support/browser';
import { startAndAgree, withParams } from '../../support/login';

useEmulator();

describe('onError', () => {
  it.each([
    ['only logs', () => undefined],
    ['logs asynchronously', () => Promise.resolve()],
  ])('is followed by our page if it %s', async (_what, onError) => {
    const app = await startApp(emulator, { auth: { onError } });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    const response = await browser.get(withParams(callbackURL, { code: undefined }));
    expect([response.status, response.body.includes('access_denied')]).toEqual([403, true]);
    await app.close();
  });

  it('is not followed by our page if it calls next', async () => {
    const app = await startApp(emulator, {
      auth: {
        onError: (error, _req, _res, next) => {
          next(error);
        },
      },
    });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    expect((await browser.get(withParams(callbackURL, { code: undefined }))).status).toBe(599);
    await app.close();
  });
});

describe('onError that calls next and then throws', () => {
  it('calls the next handler only once', async () => {
    const app = await startApp(emulator, {
      auth: {
        onError: (error, _req, _res, next) => {
          next(error);
          throw new Error('later');
        },
      },
    });
    const browser = Browser.inWechat(app.url);
    const callbackURL = await startAndAgree(browser, emulator);
    await browser.get(withParams(callbackURL, { code: undefined }));
    expect(app.errors).toHaveLength(1);
    await app.close();
  });
});

describe.each(HOSTS)('a function that throws what a framework cannot read, on %s', (host) => {
  const withoutPrototype = Object.create(null) as object;
  const unreadable = Object.defineProperty(new Error('x'), 'status', {
    get: () => {
      throw new Error('not this one');
    },
  });

  it.each([withoutPrototype, unreadable, { toString: 7 }])(
    'passes on an error that names it as its cause (%#)',
    async (odd) => {
      const fail = (): never => {
        throw odd as Error;
      };
      for (const [auth, path] of [
        [{ onError: fail }, '/callback?state=x'],
        [{ flow: fail }, '/login'],
        [{ flow: () => Promise.resolve().then(fail) as never }, '/login'],
      ] as const) {
        const app = await startApp(emulator, { host, auth });
        expect((await Browser.inWechat(app.url).get(path)).status).toBe(599);
        const [error] = app.errors as Error[];
        expect(error).toBeInstanceOf(Error);
        expect(error?.cause).toBe(odd);
        expect(error?.message).toContain('threw a value that is not an error');
        await app.close();
      }
    },
  );
});

describe('req.wechat.login()', () => {
  it.each(HOSTS)('responds on %s, and does not reject if it is not awaited', async (host) => {
    const rejections: unknown[] = [];
    const onRejection = (error: unknown): void => void rejections.push(error);
    process.on('unhandledRejection', onRejection);
    const app = await startApp(emulator, {
      host,
      auth: { website: undefined, flow: () => 'website' },
      routes: (it) => {
        it.use('/enter', (req) => {
          void (req as TestRequest).wechat.login();
        });
      },
    });
    const response = await Browser.onDesktop(app.url).get('/enter');
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', onRejection);
    expect([response.status, response.body.includes('config')]).toEqual([500, true]);
    expect(rejections).toEqual([]);
    await app.close();
  });
});

describe('a request that comes with a finished response from an earlier middleware', () => {
  it.each(['/login', '/callback?code=a&state=b', '/logout', '/me'])(
    'ends in the error handler of the app, not in an unhandled rejection (%s)',
    async (path) => {
      const app = await startApp(emulator, {
        before: (host) => {
          host.use((_req, res, next) => {
            res.end('too late');
            next();
          });
        },
      });
      expect((await Browser.inWechat(app.url).get(path)).body).toBe('too late');
      await new Promise((resolve) => setImmediate(resolve));
      expect(app.errors).toEqual([expect.objectContaining({ code: 'ERR_HTTP_HEADERS_SENT' })]);
      await app.close();
    },
  );
});

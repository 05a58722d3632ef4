// The search itself: it must find a secret in every encoding, whole or in part, wherever it hides in an error.
import { Canaries, everythingIn, ENCODINGS, FURTHER_ENCODINGS } from '../support/canaries';

describe('the search for secrets', () => {
  const secret = 'GELBSPOETTER/a+b=c"d&e 0123456789\\~z';

  it.each(Object.entries({ ...ENCODINGS, ...FURTHER_ENCODINGS }))(
    'finds a planted secret: %s',
    (_name, form) => {
      const planted = new Canaries({ planted: secret });
      for (const around of ['', ':', '::', '?', '%3A'])
        expect(planted.search(`before${around}${form(secret)}${around}after`)).toHaveLength(1);
      expect(planted.search(form('AMSEL/quite+another=text"that&is no secret'))).toEqual([]);
    },
  );

  it('finds any 15 characters of a secret', () => {
    const planted = new Canaries({ planted: secret });
    for (let at = 0; at + 15 <= secret.length; at++)
      expect(planted.search(`<${secret.slice(at, at + 15)}>`)).toHaveLength(1);
  });

  const errorWith = (hide: (error: Error) => unknown): Error => {
    const error = new Error('x');
    hide(error);
    return error;
  };
  it.each<[string, Error]>([
    ['message', new Error(secret)],
    ['cause of a cause', new Error('x', { cause: new Error('y', { cause: { deep: [secret] } }) })],
    ['stack', errorWith((error) => (error.stack = `Error: ${secret}`))],
    ['hidden property', errorWith((error) => Object.defineProperty(error, 'hidden', { value: secret }))],
    ['property under a symbol', errorWith((error) => Object.assign(error, { [Symbol('s')]: { a: secret } }))],
    ['symbol itself', errorWith((error) => Object.assign(error, { [Symbol(secret)]: 1 }))],
    ['getter', errorWith((error) => Object.defineProperty(error, 'got', { get: () => secret }))],
    ['own toJSON()', errorWith((error) => Object.assign(error, { toJSON: () => secret }))],
    ['errors of an AggregateError', new AggregateError([new Error(secret)])],
    [
      'buffer',
      errorWith((error) => Object.assign(error, { sent: { text: Buffer.from(secret).toString('hex') } })),
    ],
  ])('finds a secret in the %s of an error', (_where, error) => {
    expect(new Canaries({ planted: secret }).search(everythingIn(error))).toHaveLength(1);
  });
});

import { AllowList, entryFault } from '../../lib/relay/allow-list';

const hrefOf = (list: AllowList, to: string): string => {
  const found = list.find(to);
  return typeof found === 'string' ? found : found.href;
};

describe('an entry of the list', () => {
  it.each(['https://app.example.com', 'https://app.example.com/', 'HTTPS://App.Example.com:443'])(
    'without a path allows every path of its origin: %s',
    (entry) => {
      const list = new AllowList([entry]);
      for (const path of ['', '/', '/callback', '/a/b/?x=1#y'])
        expect(list.find(`https://app.example.com${path}`)).toBeInstanceOf(URL);
      expect(list.find('http://app.example.com/')).toBe('not-listed');
      expect(list.find('https://app.example.com:8443/')).toBe('not-listed');
    },
  );

  it('with a path allows exactly that address, with its case and its slash', () => {
    const list = new AllowList(['https://app.example.com/Callback', 'http://localhost:3000/callback/']);
    expect(hrefOf(list, 'https://APP.example.com/Callback')).toBe('https://app.example.com/Callback');
    expect(hrefOf(list, 'http://localhost:3000/callback/')).toBe('http://localhost:3000/callback/');
    for (const other of [
      ...[
        'https://app.example.com/',
        'https://app.example.com/callback',
        'https://app.example.com/Callback/',
      ],
      ...[
        'https://app.example.com/Callback/x',
        'https://app.example.com/Callback?x',
        'https://app.example.com/Callback#x',
      ],
      ...['http://localhost:3000/callback', 'http://localhost:3000/callback//'],
    ])
      expect([other, list.find(other)]).toEqual([other, 'not-listed']);
  });

  it('with two slashes as its path is an address, not an origin', () => {
    const list = new AllowList(['https://app.example.com//']);
    expect(list.find('https://app.example.com/')).toBe('not-listed');
    expect(list.find('https://app.example.com//')).toBeInstanceOf(URL);
  });

  it('is compared as browsers write it', () => {
    const list = new AllowList([
      'https://例子.测试/回调',
      'http://[0:0::1]:3000',
      'http://127.1:8080/a b'.replace(' ', '%20'),
    ]);
    expect(hrefOf(list, 'https://xn--fsqu00a.xn--0zwm56d/%E5%9B%9E%E8%B0%83')).toMatch(/^https:/);
    expect(hrefOf(list, 'http://[::1]:3000/x')).toBe('http://[::1]:3000/x');
    expect(hrefOf(list, 'http://127.0.0.1:8080/a%20b')).toBe('http://127.0.0.1:8080/a%20b');
  });
});

describe('a fault of an entry', () => {
  it.each([
    ['app.example.com', 'is not an http: or https: address'],
    ['//app.example.com', 'is not an http: or https: address'],
    ['https:app.example.com', 'is not an http: or https: address'],
    ['https:///app.example.com', 'is not an http: or https: address'],
    ['ftp://app.example.com', 'is not an http: or https: address'],
    ['javascript:alert(1)', 'is not an http: or https: address'],
    ['/callback', 'is not an http: or https: address'],
    ['*', 'is not an http: or https: address'],
    ['', 'is not an http: or https: address'],
    ['https://', 'is not an http: or https: address'],
    ['https://app.example.com:x', 'is not an http: or https: address'],
    ['https://*.example.com', 'has a wildcard'],
    ['https://%2A.example.com', 'has a wildcard'],
    ['https://app.example.com/*', 'has a wildcard'],
    ['https://*', 'has a wildcard'],
    ['https://app.example.com/?x=1', 'has a query or a fragment'],
    ['https://app.example.com?', 'has a query or a fragment'],
    ['https://app.example.com/callback#', 'has a query or a fragment'],
    ['https://user@app.example.com', 'has a user name or a password in it'],
    ['https://:secret@app.example.com', 'has a user name or a password in it'],
    ['https://app.example.com/a/..', 'has dot segments in its path'],
    ['https://app.example.com/./callback', 'has dot segments in its path'],
    ['https://app.example.com/a/%2E%2e', 'has dot segments in its path'],
    ['https://app.example.com\\callback', 'has a blank, a backslash or a control character in it'],
    ['https://app.example.com/a b', 'has a blank, a backslash or a control character in it'],
    ['https://app.example.com/a\n', 'has a blank, a backslash or a control character in it'],
    ['https://app.example.com\t/', 'has a blank, a backslash or a control character in it'],
    ['https://app.example.com/a\u3000', 'has a blank, a backslash or a control character in it'],
  ])('is found in %j', (entry, fault) => {
    expect(entryFault(entry)).toBe(fault);
  });

  it.each([
    'https://app.example.com',
    'https://app.example.com/',
    'http://localhost:3000/callback',
    'https://app.example.com/a..b/...',
    'https://app.example.com/%E5%9B%9E%E8%B0%83',
    'http://[::1]:3000',
    'http://10.0.0.5:8080',
    'https://例子.测试/回调',
    'HTTP://LOCALHOST/Callback/',
  ])('is not found in %j', (entry) => {
    expect(entryFault(entry)).toBeUndefined();
  });
});

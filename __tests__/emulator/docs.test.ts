// The docs name whatever there is to name, in both languages.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createEmulator, type Emulator } from '../../lib/emulator';

function read(file: string): string {
  return readFileSync(path.resolve(__dirname, '../..', file), 'utf8');
}

describe.each(['docs/emulator.md', 'docs/emulator.zh-CN.md'])('%s', (file) => {
  const docs = read(file);
  let wechat: Emulator;
  beforeAll(async () => {
    wechat = await createEmulator();
  });
  afterAll(() => wechat.close());

  it('names every switch with its default first', () => {
    for (const [name, value] of Object.entries(wechat.switches)) {
      expect(docs).toMatch(new RegExp(`\\| \`${name}\` +\\| \`${String(value)}\``));
    }
  });

  it('names every preset person and the credentials of the preset apps', () => {
    for (const user of wechat.users) expect(docs).toContain(`\`${user.id}\``);
    const { official, website } = wechat.apps;
    for (const app of [official, website]) expect(docs).toMatch(new RegExp(`${app.appId}.*${app.appSecret}`));
  });

  it('names every control', () => {
    for (const name of Object.keys(wechat)) expect(docs).toContain(name);
  });

  it('claims as many facts as are checked', () => {
    const counted = /DOC: (\d+), OBS: (\d+)/.exec(read('__tests__/emulator/fidelity.test.ts'));
    const [, documented = '', observed = ''] = counted ?? [];
    for (const number of [documented, observed, String(Number(documented) + Number(observed))]) {
      expect(docs).toMatch(new RegExp(`\\b${number}\\b`));
    }
  });
});

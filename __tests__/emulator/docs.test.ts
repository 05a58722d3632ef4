// The emulator’s page of the documentation names every switch, preset person and control, and two preset apps, in both
// languages.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { emulator, useEmulator } from '../support/emulator';

function read(file: string): string {
  return readFileSync(path.resolve(__dirname, '../..', file), 'utf8');
}

describe.each(['docs/emulator.md', 'docs/zh-CN/emulator.md'])('%s', (file) => {
  const docs = read(file);
  useEmulator();

  it('names every switch with its default first', () => {
    for (const [name, value] of Object.entries(emulator.switches)) {
      expect(docs).toMatch(new RegExp(`\\| \`${name}\` +\\| \`${String(value)}\``));
    }
  });

  it('names every preset person and the credentials of two preset apps', () => {
    for (const user of emulator.users) expect(docs).toContain(`\`${user.id}\``);
    const { official, website } = emulator.apps;
    for (const app of [official, website]) expect(docs).toMatch(new RegExp(`${app.appId}.*${app.appSecret}`));
  });

  it('names every control', () => {
    for (const name of Object.keys(emulator)) expect(docs).toContain(name);
  });

  it('states how many facts are checked', () => {
    const counted = /DOC: (\d+), OBS: (\d+)/.exec(read('__tests__/emulator/fidelity.test.ts'));
    const [, documented = '', observed = ''] = counted ?? [];
    for (const number of [documented, observed, String(Number(documented) + Number(observed))]) {
      expect(docs).toMatch(new RegExp(`\\b${number}\\b`));
    }
  });
});

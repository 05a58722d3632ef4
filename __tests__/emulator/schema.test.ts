// The published JSON Schema of a configuration file is the one that the emulator checks with.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { CONFIG_SCHEMA, readEmulatorConfig } from '../../lib/emulator/schemas/config';
import { problemsOf } from '../../lib/emulator/schemas/json-schema';

const ROOT = path.resolve(__dirname, '../..');
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

it('names the whole value if it is not an object', () => {
  expect(problemsOf(CONFIG_SCHEMA, [1], '')).toEqual([
    'The value is a list. Give an object with apps, users and switches.',
  ]);
});

describe('emulator.schema.json', () => {
  it('is what the emulator checks with, and is published', () => {
    expect(JSON.parse(read('emulator.schema.json'))).toEqual(JSON.parse(JSON.stringify(CONFIG_SCHEMA)));
    const { files, exports } = JSON.parse(read('package.json')) as { files: string[]; exports: object };
    expect(files).toContain('emulator.schema.json');
    expect(exports).toHaveProperty(['./emulator.schema.json'], './emulator.schema.json');
  });

  it.each(['docs/emulator/control-api.md', 'docs/zh-CN/emulator/control-api.md'])(
    'accepts the configuration of %s',
    (page) => {
      const [, config = ''] = /^```json\n(.*?)^```/ms.exec(read(page)) ?? [];
      expect(readEmulatorConfig(config).users).toEqual([{ id: 'lan', nickname: '小兰', follower: true }]);
    },
  );
});

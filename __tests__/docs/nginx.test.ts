// nginx accepts the configuration that docs/deployment.md prints.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { selfSignedCertificate } from '../../lib/emulator';
import { mustRunNginx } from '../support/processes/nginx';
import { ROOT, translationOf } from './pages';

const ENGLISH = 'docs/deployment.md';

/** Runs `nginx -t` on a block, with other files, and with ports above 1023, which every user may open. */
function check(block: string): { status: number | null; output: string } {
  const folder = mkdtempSync(path.join(tmpdir(), 'nginx-'));
  const at = (name: string): string => path.join(folder, name);
  const { cert, key } = selfSignedCertificate();
  writeFileSync(at('h5.example.com.pem'), cert);
  writeFileSync(at('h5.example.com.key'), key);
  const own = block
    .replaceAll('/etc/nginx/', `${folder}/`)
    .replaceAll('listen 443 ', 'listen 127.0.0.1:18443 ')
    .replaceAll('listen 80;', 'listen 127.0.0.1:18080;');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${at(name)};`,
  );
  const servers = own.startsWith('location') ? `server { listen 127.0.0.1:18080;\n${own}}` : own;
  writeFileSync(
    at('nginx.conf'),
    `pid ${at('pid')};\nevents {}\nhttp {\naccess_log off;\n${temporary.join('\n')}\n${servers}\n}\n`,
  );
  try {
    const { status, stderr } = spawnSync('nginx', ['-t', '-e', 'stderr', '-c', at('nginx.conf')], {
      encoding: 'utf8',
    });
    return { status, output: stderr };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const describeWithNginx = mustRunNginx('the configuration of nginx') ? describe : describe.skip;

describeWithNginx.each([ENGLISH, translationOf(ENGLISH)])('the nginx configuration in %s', (page) => {
  const text = readFileSync(path.join(ROOT, page), 'utf8');
  const blocks = [...text.matchAll(/^```nginx\n([\s\S]*?)^```$/gm)].map(([, block = '']) => block);

  it('passes `nginx -t`, block by block', () => {
    expect(blocks).toHaveLength(2);
    for (const block of blocks) expect(check(block)).toMatchObject({ status: 0 });
  });

  it('would not pass with the larger buffer alone', () => {
    const [block = ''] = blocks;
    expect(check(block.replace(/^ *proxy_buffers .*\n/m, '')).output).toContain('proxy_busy_buffers_size');
  });
});

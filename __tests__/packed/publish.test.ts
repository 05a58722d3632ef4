// The last step of .github/workflows/release.yml, run against a registry that keeps what it gets.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { ROOT, Tarball } from './tarball';

/** The fields of a published package that the tests read. */
interface Published {
  readonly name: string;
  readonly access: string;
  readonly 'dist-tags': Readonly<Record<string, string>>;
  readonly _attachments: Readonly<Record<string, { readonly data: string }>>;
}

interface Received {
  readonly method: string;
  readonly url: string;
  readonly authorization: string;
  readonly body: string;
}

const WORKFLOW = readFileSync(path.join(ROOT, '.github/workflows/release.yml'), 'utf8');
const [, COMMAND = ''] = /- run: (npm publish .*)/.exec(WORKFLOW) ?? [];

describe('the command that publishes', () => {
  let requests: Received[];
  let tarball: Tarball;
  let folder: string;
  const registry = http.createServer((req, res) => {
    const { method = '', url = '', headers } = req;
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      requests.push({ method, url, authorization: headers.authorization ?? '', body });
      res.writeHead(method === 'PUT' ? 201 : 404, { 'Content-Type': 'application/json' }).end('{}');
    });
  });

  beforeAll(async () => {
    tarball = new Tarball();
    // As in the job of the workflow, the tarball is all that is there.
    folder = mkdtempSync(path.join(os.tmpdir(), 'publish-'));
    copyFileSync(tarball.file, path.join(folder, tarball.packed.filename));
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve));
  }, 60_000);
  beforeEach(() => {
    requests = [];
  });
  afterAll(() => {
    registry.close();
    rmSync(folder, { recursive: true });
    tarball.remove();
  });

  /** Runs the command in a shell, for this tag of git. */
  function publish(tag: string, options = ''): Promise<string> {
    const address = `//127.0.0.1:${(registry.address() as AddressInfo).port}/`;
    const command = COMMAND
      // The one expression of the workflow: GitHub replaces it by one of its two texts.
      .replace(/\$\{\{.*?&& '(.*?)' \|\| '(.*?)' \}\}/, tag.includes('-') ? '$1' : '$2')
      // Only GitHub can confirm from which workflow a package comes.
      .replace(' --provenance', '');
    const registryOptions = `--registry=http:${address} --${address}:_authToken=a-token`;
    return new Promise((resolve, reject) => {
      const all = `${command} ${registryOptions} ${options}`;
      execFile('bash', ['-c', all], { cwd: folder, timeout: 60_000 }, (error, stdout, stderr) => {
        if (error) reject(new Error(stderr));
        else resolve(stdout);
      });
    });
  }

  it.each([
    ['v1.0.0-rc.1', 'next'],
    ['v1.0.0', 'latest'],
  ])(
    'sends the tarball as it is, with the token; the tag %s of git becomes %s at the registry',
    async (tag, name) => {
      await publish(tag);
      const uploads = requests.filter(({ method }) => method === 'PUT');
      expect(uploads).toHaveLength(1);
      const [{ url, authorization, body } = { url: '', authorization: '', body: '{}' }] = uploads;
      expect([url, authorization]).toEqual([`/${tarball.manifest.name}`, 'Bearer a-token']);
      const published = JSON.parse(body) as Published;
      expect(published.access).toBe('public');
      expect(published['dist-tags']).toEqual({ [name]: tarball.manifest.version });
      const [attached] = Object.values(published._attachments);
      const digestOf = (data: Buffer): string => createHash('sha512').update(data).digest('hex');
      expect(digestOf(Buffer.from(attached?.data ?? '', 'base64'))).toBe(
        digestOf(readFileSync(tarball.file)),
      );
    },
    60_000,
  );

  it('sends nothing in a dry run, which names the files', async () => {
    expect(await publish('v1.0.0', '--dry-run --json')).toContain('dist/index.js');
    expect(requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  }, 60_000);
});
